"""Alerts become pending, fire, keep firing, resolve and are sent as Prometheus does it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from drills.prometheus import rule_files
from drills.prometheus.rules import RuleGroups
from drills.prometheus.store import Store

STEP = timedelta(seconds=15)

Filled = Callable[..., Store]
Ask = Callable[..., dict[str, float]]
Load = Callable[..., RuleGroups]

RULES = """
groups:
  - name: pods
    interval: 15s
    rules:
      - record: pod:busy
        expr: max by (pod) (busy)
      - alert: Busy
        expr: pod:busy > 0.9
        for: 30s
        keep_firing_for: {keep}
        labels: {{severity: warning}}
        annotations: {{summary: "{{{{ $labels.pod }}}} at {{{{ $value | humanizePercentage }}}}"}}
"""


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a function that makes rule groups over a store."""

    def groups(
        store: Store, text: str = "", *, keep: str = "0s", open_ends: bool = False
    ) -> RuleGroups:
        file = tmp_path / "rules.yaml"
        file.write_text(text or RULES.format(keep=keep), encoding="utf-8")
        loaded = rule_files.load(file)
        return RuleGroups(store, loaded, external_url="http://prom/", open_ends=open_ends)

    return groups


def test_an_alert_waits_for_its_time_and_fires(filled: Filled, load: Load, start: datetime) -> None:
    """A single bad scrape must not ring."""
    groups = load(filled({'busy{pod="a"}': [0.5, 0.95, 0.97, 0.99]}))

    sent = [groups.evaluate(start + index * STEP) for index in range(4)]

    assert sent == [
        [],
        [],
        [],
        [
            {
                "labels": {"alertname": "Busy", "pod": "a", "severity": "warning"},
                "annotations": {"summary": "a at 99%"},
                "startsAt": "2026-01-05T08:00:45Z",
                "endsAt": "2026-01-05T08:04:45Z",
                "generatorURL": "http://prom/graph?g0.expr=pod%3Abusy+%3E+0.9&g0.tab=1",
            }
        ],
    ]


def test_a_dip_starts_the_wait_again(filled: Filled, load: Load, start: datetime) -> None:
    """`for` asks for an unbroken time."""
    groups = load(filled({'busy{pod="a"}': [1, 1, 0, 1, 1, 1]}))

    sent = [len(groups.evaluate(start + index * STEP)) for index in range(6)]

    assert sent == [0, 0, 0, 0, 0, 1]


def test_a_firing_alert_is_sent_again_each_minute(
    filled: Filled, load: Load, start: datetime
) -> None:
    """An Alertmanager that hears nothing takes the alert for resolved."""
    groups = load(filled({'busy{pod="a"}': [1] * 20}))

    sent = [index for index in range(20) if groups.evaluate(start + index * STEP)]

    assert sent == [2, 7, 12, 17]


def test_a_resolved_alert_is_sent_for_a_quarter_of_an_hour(
    filled: Filled, load: Load, start: datetime
) -> None:
    """An Alertmanager that was away must still hear that it is over."""
    groups = load(filled({'busy{pod="a"}': [1] * 4 + [0] * 96}))

    sent = {
        index: alert.get("endsAt")
        for index in range(100)
        for alert in groups.evaluate(start + index * STEP)
    }

    resolved = [index for index, end in sent.items() if end == "2026-01-05T08:01:00Z"]
    assert resolved[0] == 4
    assert resolved[-1] == 64
    assert {b - a for a, b in pairwise(resolved)} == {5}


def test_an_alert_keeps_firing_as_long_as_it_says(
    filled: Filled, load: Load, start: datetime
) -> None:
    """A flapping condition should ring once."""
    groups = load(filled({'busy{pod="a"}': [1] * 4 + [0, 1, 0, 0, 0, 0]}), keep="30s")

    ends = [alert for i in range(10) for alert in groups.evaluate(start + i * STEP)]

    assert [alert["startsAt"] for alert in ends] == ["2026-01-05T08:00:30Z"] * len(ends)
    assert ends[-1]["endsAt"] == "2026-01-05T08:02:00Z"


def test_the_state_is_a_series(filled: Filled, load: Load, ask: Ask, start: datetime) -> None:
    """Dashboards draw ALERTS; a restart reads ALERTS_FOR_STATE."""
    store = filled({'busy{pod="a"}': [1, 1, 1, 0]})
    groups = load(store)
    labels = "alertname=Busy,{}pod=a,severity=warning"

    seen = []
    for index in range(4):
        groups.evaluate(start + index * STEP)
        seen.append(ask(store, "ALERTS", index * STEP))

    pending, firing = (labels.format(f"alertstate={state},") for state in ("pending", "firing"))
    assert seen == [{f"ALERTS{{{pending}}}": 1}] * 2 + [{f"ALERTS{{{firing}}}": 1}, {}]
    since = ask(store, "ALERTS_FOR_STATE", 2 * STEP)
    assert since == {f"ALERTS_FOR_STATE{{{labels.format('')}}}": start.timestamp()}


def test_a_pause_is_caught_up_round_by_round(filled: Filled, load: Load, start: datetime) -> None:
    """A world at sixty times the speed of life must not ring later than a slow one."""
    quick, slow = (load(filled({'busy{pod="a"}': [1] * 9})) for _ in range(2))

    at_once = [*quick.evaluate(start), *quick.evaluate(start + 8 * STEP)]
    one_by_one = [alert for i in range(9) for alert in slow.evaluate(start + i * STEP)]

    assert at_once == one_by_one


def test_a_round_is_not_evaluated_twice(filled: Filled, load: Load, start: datetime) -> None:
    """The world calls at every tick, whatever the interval."""
    groups = load(filled({'busy{pod="a"}': [1] * 4}))
    for index in range(3):
        groups.evaluate(start + index * STEP)

    assert groups.evaluate(start + 2 * STEP + timedelta(seconds=14)) == []


def test_an_open_end_is_left_out_while_it_fires(
    filled: Filled, load: Load, start: datetime
) -> None:
    """To an Alertmanager on real time the world's end lies in the past: it would resolve."""
    groups = load(filled({'busy{pod="a"}': [1] * 3 + [0]}), open_ends=True)

    sent = [alert for i in range(4) for alert in groups.evaluate(start + i * STEP)]

    assert [alert.get("endsAt") for alert in sent] == [None, "2026-01-05T08:00:45Z"]


def test_a_rule_that_fails_says_so_and_keeps_its_alerts(
    filled: Filled, load: Load, start: datetime
) -> None:
    """A broken rule must not resolve what it raised, nor stop the other rules."""
    text = """
groups:
  - name: g
    interval: 15s
    rules:
      - {alert: Two, expr: "a + on () b"}
      - {alert: Always, expr: vector(1)}
"""
    store = filled({'a{x="1"}': [1, 1], 'b{x="1"}': [1, 1], 'b{x="2"}': [None, 1]})
    groups = load(store, text)

    sent = [[each["labels"]["alertname"] for each in groups.evaluate(start)]]
    sent.append([each["labels"]["alertname"] for each in groups.evaluate(start + STEP)])

    assert sent == [["Two", "Always"], []]
    broken, fine = groups.states()[0].rules
    assert "many-to-many matching not allowed" in broken.error
    assert broken.alerts is not None
    assert len(broken.alerts.active()) == 1
    assert fine.error == ""


def test_what_is_recorded_ends_with_its_source(
    filled: Filled, load: Load, ask: Ask, start: datetime
) -> None:
    """A recorded series of a pod that is gone must not live on for five minutes."""
    store = filled({'busy{pod="a"}': [0.5, "stale"]})
    groups = load(store)

    groups.evaluate(start)
    assert ask(store, "pod:busy", timedelta()) == {"pod:busy{pod=a}": 0.5}

    groups.evaluate(start + STEP)
    assert ask(store, "pod:busy", STEP) == {}


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ('{record: one, expr: "busy", labels: {pod: ""}}', "after applying rule labels"),
        ('{alert: One, expr: "busy", labels: {pod: same}}', "two elements with the same labels"),
        ("{record: text, expr: '\"text\"'}", "not a vector or scalar"),
    ],
)
def test_what_cannot_be_stored_is_shown_as_the_rule_s_error(
    filled: Filled, load: Load, start: datetime, rule: str, complaint: str
) -> None:
    """One of two alerts would vanish if they were taken for one."""
    store = filled({'busy{pod="a"}': [1], 'busy{pod="b"}': [1]})
    groups = load(store, f"groups: [{{name: g, rules: [{rule}]}}]")

    assert groups.evaluate(start) == []
    assert complaint in groups.states()[0].rules[0].error


def test_a_number_is_recorded_without_labels(
    filled: Filled, load: Load, ask: Ask, start: datetime
) -> None:
    """A constant threshold is kept as a series."""
    store = filled({})
    load(store, "groups: [{name: g, rules: [{record: most, expr: 3}]}]").evaluate(start)

    assert ask(store, "most", timedelta()) == {"most{}": 3.0}


def test_a_series_that_somebody_else_writes_is_an_error(
    filled: Filled, load: Load, start: datetime
) -> None:
    """Two writers of one series would show whichever came last."""
    store = filled({"most": [1, 1]})
    groups = load(store, "groups: [{name: g, rules: [{record: most, expr: 3}]}]")

    groups.evaluate(start)

    assert "is not after" in groups.states()[0].rules[0].error
