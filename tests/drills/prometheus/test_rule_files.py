"""Rule files are checked when they are loaded."""

from datetime import timedelta
from pathlib import Path

import pytest

from drills.prometheus import rule_files
from drills.prometheus.errors import BadRule
from drills.prometheus.rule_files import AlertingRule, RecordingRule

SHIPPED = Path(__file__).parents[3] / "deploy" / "prometheus" / "kv-cache.yaml"

GOOD = """
groups:
  - name: pods
    interval: 15s
    rules:
      - record: pod:busy
        expr: max by (pod) (busy)
        labels: {team: a}
      - alert: Busy
        expr: pod:busy > 0.9
        for: 1m
        keep_firing_for: 30s
        labels: {severity: warning, where: "{{ $labels.pod }}"}
        annotations: {summary: "{{ $value | humanizePercentage }}"}
"""


def test_a_file_becomes_groups(tmp_path: Path) -> None:
    """What is not read cannot be evaluated."""
    file = tmp_path / "rules.yaml"
    file.write_text(GOOD, encoding="utf-8")

    (group,) = rule_files.load(file)

    assert (group.name, group.file, group.interval) == ("pods", str(file), timedelta(seconds=15))
    recording, alerting = group.rules
    assert recording == RecordingRule(
        name="pod:busy", expr="max by (pod) (busy)", labels={"team": "a"}
    )
    assert isinstance(alerting, AlertingRule)
    assert (alerting.name, alerting.expr) == ("Busy", "pod:busy > 0.9")
    assert (alerting.hold, alerting.keep_firing) == (timedelta(minutes=1), timedelta(seconds=30))


def test_the_rules_that_we_ship_are_within_the_subset() -> None:
    """The drill evaluates the file that people install, not one written for the drill."""
    names = [rule.name for group in rule_files.load(SHIPPED) for rule in group.rules]

    assert "Watchdog" in names


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param("groups:", "group:", "groups is missing", id="no-groups"),
        pytest.param("interval: 15s", "limit: 5", "limit is outside", id="unknown-group-field"),
        pytest.param("for: 1m", "hold: 1m", "hold is outside", id="unknown-rule-field"),
        pytest.param("for: 1m", "for: soon", "alert Busy: for: ", id="no-duration"),
        pytest.param("for: 1m", "expr: x", "expr", id="duplicate-key"),
        pytest.param("pod:busy > 0.9", "pod:busy >", "alert Busy: ", id="no-promql"),
        pytest.param("pod:busy > 0.9", "sort(x)", r"function sort\(\)", id="outside-the-subset"),
        pytest.param("humanizePercentage", "title", "'title' is outside", id="template"),
        pytest.param("severity:", "not-a-label:", "not a label name", id="label-name"),
        pytest.param("severity: warning", "severity: 1", "must map names to strings", id="number"),
        pytest.param("record: pod:busy", "record: a b", "not a metric name", id="metric-name"),
        pytest.param("rules:", "rules: x #", "a list is needed", id="no-list"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    """Prometheus refuses to start; a rule that is silently left out never rings."""
    file = tmp_path / "rules.yaml"
    text = GOOD.replace(old, new, 1)
    file.write_text(text.partition("#")[0] if "#" in new else text, encoding="utf-8")

    with pytest.raises(BadRule, match=complaint) as refused:
        rule_files.load(file)
    assert "rules.yaml" in str(refused.value)


def test_two_groups_of_one_name_are_refused(tmp_path: Path) -> None:
    """Prometheus does it too: their alerts could not be told apart."""
    file = tmp_path / "rules.yaml"
    file.write_text(GOOD + GOOD.replace("groups:", "").lstrip("\n"), encoding="utf-8")

    with pytest.raises(BadRule, match="used twice"):
        rule_files.load(file)
