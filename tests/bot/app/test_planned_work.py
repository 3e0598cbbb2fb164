"""Planned work is written once: it excuses the budget, and keeps the alerts back."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import budgets
from bot.app.backtest.outcome import outcome
from bot.app.backtest.replay import Replay
from bot.app.classifying import policy_in
from bot.app.configuration import Configuration, load
from cluster.rules import budget
from cluster.rules.rule import Recording
from incidents.alert import Alert
from tests.bot.app.recorded import Recorded
from tests.builders import desk

START = datetime(2026, 3, 1, 22, tzinfo=UTC)
OBJECTIVES = """\
objectives:
  - {name: chat-errors, kind: errors, target: 99%, namespace: llm}
maintenance:
  - name: firmware
    from: "2026-03-01T22:00:00Z"
    until: "2026-03-01T23:00:00Z"
    reason: New firmware of the switches
"""
HERE = "    namespace: llm\n"
POLICY = """\
correlation:
  maintenance:
    - {name: nodes, reason: new nodes, labels: {namespace: shop},
       start: "2026-03-01T22:00:00Z", end: "2026-03-01T23:00:00Z"}
"""


def configured(folder: Path, place: str = HERE) -> Configuration:
    """Return the configuration with the window at this place."""
    (folder / "objectives.yaml").write_text(OBJECTIVES + place)
    (folder / "policy.yaml").write_text(POLICY)
    return load(folder)


def opened(found: Configuration, namespace: str, *, minute: int) -> int:
    """Return how many incidents there are of one alert, so many minutes into the work."""
    at = START + timedelta(minutes=minute)
    replay = Replay(policy=found.policy, choose=chosen, start=START)
    labels = {"alertname": "LLMDHighErrorRate", "namespace": namespace, "severity": "critical"}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {},
        "startsAt": at.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "0123456789abcdef",
    }
    body = {"version": "4", "groupKey": "g", "status": "firing", "receiver": "r"}
    empty: dict[str, str] = {}
    rest = {"groupLabels": empty, "commonLabels": empty, "commonAnnotations": empty}
    whole = {**body, **rest, "externalURL": "", "truncatedAlerts": 0, "alerts": [alert]}
    replay.post(json.dumps(whole).encode(), at=at)
    replay.finish(at=at + timedelta(minutes=1))
    return len(outcome(replay.desk, ()).incidents)


def chosen(_: Alert) -> tuple[str, str]:
    """Return a runbook: which one is not what this is about."""
    return "triage", "nothing else matches"


def excused(found: Configuration) -> bool:
    """Tell whether the work is taken out of what counts for the objective."""
    rules = [rule for rule in budget.file(found.objectives).rules if isinstance(rule, Recording)]
    (events,) = (rule for rule in rules if rule.name == budget.EVENTS)
    return "unless" in events.expr and any(rule.name == budget.PLANNED for rule in rules)


def test_a_window_that_is_written_once_counts_for_the_budget_and_for_alerts(
    tmp_path: Path,
) -> None:
    """Whoever plans work must not write it down twice, and forget one of the two."""
    found = configured(tmp_path)

    assert excused(found)
    assert [opened(found, "llm", minute=minute) for minute in (0, 30, 60)] == [0, 0, 1]
    assert opened(found, "other", minute=30) == 1


@pytest.mark.parametrize(
    ("place", "incidents"),
    [
        pytest.param("", 1, id="everywhere-rings"),
        pytest.param("    alerts: held\n", 0, id="everywhere-and-held"),
        pytest.param(f"{HERE}    alerts: ring\n", 1, id="here-and-rings"),
        pytest.param("    namespace: l*\n", 1, id="a-name-is-no-pattern"),
    ],
)
def test_a_window_says_whether_alerts_are_held(tmp_path: Path, place: str, incidents: int) -> None:
    """Work on everything keeps no alert back unless somebody says so: it would be every alert."""
    assert opened(configured(tmp_path, place), "llm", minute=30) == incidents


def test_the_windows_of_the_policy_keep_alerts_back_and_excuse_budgets(tmp_path: Path) -> None:
    """What nobody was woken by was planned: it must not be paid for by those who planned it."""
    found = configured(tmp_path)
    here = desk(rules=found.policy)
    promises = Recorded(places=({"namespace": "shop"}, {"namespace": "web"}))
    shop, web = budgets.read(promises, here, at=START + timedelta(hours=2))

    assert [one.name for one in found.policy.gathering.maintenance] == ["nodes", "firmware"]
    assert [one.name for one in found.objectives.planned] == ["firmware"]
    assert opened(found, "shop", minute=30) == 0
    assert (shop.planned, web.planned) == (timedelta(hours=1), timedelta())


def test_another_policy_is_tried_with_the_same_planned_work(tmp_path: Path) -> None:
    """A backtest of a new policy must not differ by what the objectives say."""
    found, other = configured(tmp_path), tmp_path / "other.yaml"
    other.write_text("hold: 4m\n")

    assert [one.name for one in policy_in(found, other).gathering.maintenance] == ["firmware"]
