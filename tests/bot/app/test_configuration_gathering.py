"""`policy.yaml` says which alerts become which incident, and every mistake in it has a line."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.app.configuration import load
from incidents.correlation import Origin, Part
from incidents.default_policy import default_policy
from incidents.errors import Rejected
from incidents.gathering import Flapping, Gathering, Snoozing, Threshold
from incidents.maintenance import Interval, Once, Weekday, Weekly
from incidents.patterns import Which

ALL_OF_IT = """\
correlation:
  key: [namespace, model, role]
  origins:
    - {source: "alertmanager:eu*", labels: {cluster: eu-1}}
  thresholds:
    - {name: restarts, alerts: [KubePodCrashLooping], count: 3, within: 10m}
  inhibitions:
    - name: nodes
      parent: {alerts: [KubeNodeNotReady]}
      child: {labels: {namespace: llm-*}}
      equal: [cluster, node]
  inhibitions_off: [service-down]
  maintenance:
    - name: upgrade
      labels: {namespace: llm-d}
      reason: new nodes
      start: "2026-03-01T22:00:00Z"
      end: "2026-03-02T03:00:00+01:00"
    - name: sundays
      reason: backups
      weekdays: [sunday]
      at: "02:00"
      duration: 2h
      timezone: Europe/Berlin
  flapping: {times: 3}
  snooze: {broken_by: [P0, P1]}
  reopen: 0s
  follow: 1d
"""


def gathering(folder: Path, text: str) -> Gathering:
    (folder / "policy.yaml").write_text(text)
    return load(folder).policy.gathering


def test_without_a_word_the_defaults_hold(tmp_path: Path) -> None:
    """An empty folder works."""
    assert gathering(tmp_path, "hold: 10m\n") == default_policy().gathering


def test_every_rule_is_configuration(tmp_path: Path) -> None:
    """A team changes them without building an image."""
    found = gathering(tmp_path, ALL_OF_IT)

    assert found.placing.parts == {Part.NAMESPACE, Part.MODEL, Part.ROLE}
    assert found.placing.origins == (Origin(source="alertmanager:eu*", labels={"cluster": "eu-1"}),)
    assert found.thresholds == (
        Threshold(
            name="restarts",
            which=Which(alerts=("KubePodCrashLooping",)),
            count=3,
            within=timedelta(minutes=10),
        ),
    )
    assert [(one.name, one.equal) for one in found.inhibitions] == [("nodes", ("cluster", "node"))]
    assert (found.flapping, found.snoozing) == (
        Flapping(times=3),
        Snoozing(broken_by=frozenset({"P0", "P1"})),
    )
    assert (found.reopen, found.follow) == (timedelta(0), timedelta(days=1))
    assert [one.when for one in found.maintenance] == [
        Once(
            interval=Interval(
                start=datetime(2026, 3, 1, 22, tzinfo=UTC), end=datetime(2026, 3, 2, 2, tzinfo=UTC)
            )
        ),
        Weekly(
            weekdays=frozenset({Weekday.SUNDAY}),
            at=time(2),
            duration=timedelta(hours=2),
            timezone=ZoneInfo("Europe/Berlin"),
        ),
    ]


NAMED = "  maintenance:\n    - {name: w, reason: r"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            f'{NAMED}, start: "2026-03-02T00:00:00Z", end: "2026-03-01T00:00:00Z"}}',
            "policy.yaml:3: it ends before it begins",
            id="backwards",
        ),
        pytest.param(
            f'{NAMED}, start: "2026-02-30T00:00:00Z", end: "2026-03-01T00:00:00Z"}}',
            "policy.yaml:3: '2026-02-30T00:00:00Z' is no moment",
            id="no-such-day",
        ),
        pytest.param(
            f'{NAMED}, start: "2026-03-02T00:00:00Z", at: "02:00"}}',
            "policy.yaml:3: say start and end, or weekdays, at, duration",
            id="half-of-both",
        ),
        pytest.param(
            f'{NAMED}, weekdays: [monday], at: "02:00", duration: 2h, timezone: Mars/Base}}',
            "policy.yaml:3: no time zone 'Mars/Base' is known here",
            id="zone",
        ),
        pytest.param(
            "  inhibitions:\n    - {name: all, parent: {alerts: [Down]}, child: {}}",
            "policy.yaml:3: child says nothing: it would be every alert",
            id="everything-is-a-child",
        ),
        pytest.param(
            "  inhibitions_off: [service-up]",
            "policy.yaml:2: no built-in inhibition is called 'service-up'",
            id="no-such-inhibition",
        ),
        pytest.param(
            "  thresholds:\n    - {name: a, count: 2, within: 1m}\n"
            "    - {name: a, count: 3, within: 1m}",
            "policy.yaml:4: 'a' stands here twice",
            id="twice",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """A rule that silently does nothing, or everything, is found at three in the morning."""
    with pytest.raises(Rejected) as refused:
        gathering(tmp_path, f"correlation:\n{text}\n")

    assert str(refused.value).replace(f"{tmp_path}/", "") == said


def test_utc_needs_no_table_of_time_zones(tmp_path: Path) -> None:
    """A small image may have none."""
    [window] = gathering(
        tmp_path, f'correlation:\n{NAMED}, weekdays: [monday], at: "02:00", duration: 2h}}\n'
    ).maintenance

    assert isinstance(window.when, Weekly)
    assert window.when.timezone is UTC


def test_the_example_of_the_documentation_is_read(tmp_path: Path) -> None:
    """What people copy must be what the loader takes."""
    page = (Path(__file__).parents[3] / "docs" / "correlation.md").read_text("utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]

    found = gathering(tmp_path, example)

    assert [one.name for one in found.inhibitions] == ["service-down", "nodes"]
    assert [one.name for one in found.maintenance] == ["upgrade", "sundays"]
