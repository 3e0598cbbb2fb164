"""Rules fire, and say, what `promtool test rules` says they do."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drills.prometheus import language, rule_files
from drills.prometheus.alerts import State
from drills.prometheus.rules import RuleGroups
from drills.prometheus.store import EPOCH, Store
from drills.prometheus.tree import Selector
from drills.prometheus.windows import Release

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed"),
]

Json = dict[str, Any]  # Any: a document for another program

SHIPPED = Path(__file__).parents[3] / "deploy" / "prometheus" / "kv-cache.yaml"
STEP = timedelta(seconds=15)
ROUNDS = 160
LOOK_EVERY = 4

# Numbers, or `stale` where the series ends; one each 15 s.
Series = Mapping[str, Sequence[float | str]]

OURS = """
groups:
  - name: ours
    interval: 15s
    rules:
      - record: pod:busy:max
        expr: max by (pod) (busy)
        labels: {from: a rule}
      - alert: Busy
        expr: pod:busy:max > 0.9
        for: 1m
        keep_firing_for: 45s
        labels: {severity: warning, at: "{{ $labels.pod }}-{{ $labels.nope }}"}
        annotations:
          a: "{{ $value | humanizePercentage }} and {{ $value }}"
          b: '{{ printf "%.2f" $value }} {{ printf "%g%%" $value }} {{ printf "%s" $labels.pod }}'
      - alert: Many
        expr: work > 0
        annotations: {a: "{{ humanize $value }}", b: "{{ $value }}"}
      - alert: Gone
        expr: absent(busy{pod="c"})
        for: 30s
        annotations: {a: "{{ $labels.pod }}"}
"""


def ours() -> Series:
    """Return values that go up and down, series that end, and numbers of all sizes."""
    wave = [0.5 + 0.5 * ((index // 7) % 3 != 0) - index / 1_000 for index in range(ROUNDS)]
    return {
        'busy{pod="a"}': wave,
        'busy{pod="b"}': [0.95] * 30 + ["stale"] * (ROUNDS - 30),
        'busy{pod="c"}': ["_"] * 20 + [1.0] * 60 + ["stale"] * (ROUNDS - 80),
        "work": [10.0 ** (index // 8 - 9) * (index % 13) for index in range(ROUNDS)],
    }


def story() -> Series:
    """Return two decode pods whose cache fills up and whose requests are preempted."""
    labels = '{{namespace="llm",model_name="llama-3-70b",job="llm/decode",pod="d-{}"}}'
    found: dict[str, Sequence[float | str]] = {}
    for pod in range(2):
        pressed = [max(0.0, index - 40) for index in range(ROUNDS)]
        at = labels.format(pod)
        found[f"vllm:num_preemptions_total{at}"] = [each * (4 + pod) for each in pressed]
        found[f"vllm:kv_cache_usage_perc{at}"] = [min(0.99, 0.5 + each / 80) for each in pressed]
        found[f"vllm:num_requests_waiting{at}"] = [each * 3 for each in pressed]
    return found


@pytest.mark.parametrize("case", ["ours", "shipped"])
def test_the_same_alerts_fire_with_the_same_words(tmp_path: Path, case: str) -> None:
    """What the desk receives in a drill must be what it receives in production."""
    file, series = (SHIPPED, story()) if case == "shipped" else (tmp_path / "ours.yaml", ours())
    if case == "ours":
        file.write_text(OURS, encoding="utf-8")
    fired = list(firing(file, series))

    judged = promtool(tmp_path, file, series, fired)

    assert judged.returncode == 0, judged.stdout + judged.stderr
    names = {each["alertname"] for each in fired if each["exp_alerts"]}
    assert len(names) >= 3
    assert any(not each["exp_alerts"] for each in fired)


def test_promtool_would_notice_another_word(tmp_path: Path) -> None:
    """A judge that says yes to everything proves nothing."""
    file = tmp_path / "ours.yaml"
    file.write_text(OURS, encoding="utf-8")
    fired = list(firing(file, ours()))
    alert = next(each for each in fired if each["exp_alerts"])["exp_alerts"][0]
    alert["exp_annotations"]["a"] += "!"

    assert promtool(tmp_path, file, ours(), fired).returncode != 0


def firing(file: Path, series: Series) -> Iterator[Json]:
    """Yield what fires here, at several moments, in the words of promtool's tests."""
    store = Store()
    groups = RuleGroups(store, rule_files.load(file), release=Release.V2)
    alerting = [rule for group in rule_files.load(file) for rule in group.rules]
    names = [rule.name for rule in alerting if isinstance(rule, rule_files.AlertingRule)]
    for index in range(ROUNDS):
        append(store, series, index)
        groups.evaluate(EPOCH + index * STEP)
        if index % LOOK_EVERY == 0:
            yield from (shown(groups, name, index) for name in names)


def append(store: Store, series: Series, index: int) -> None:
    for text, values in series.items():
        node = language.read(text)
        assert isinstance(node, Selector)
        labels = {each.name: each.value for each in node.matchers}
        value, at = values[index], EPOCH + index * STEP
        if value == "stale":
            store.end(labels, at)
        elif value != "_":
            store.append(labels, float(value), at)


def shown(groups: RuleGroups, name: str, index: int) -> Json:
    rules = [rule.alerts for group in groups.states() for rule in group.rules if rule.alerts]
    alerts = [alert for rule in rules if rule.rule.name == name for alert in rule.active()]
    return {
        "eval_time": f"{index * 15}s",
        "alertname": name,
        "exp_alerts": [
            {"exp_labels": dict(each.labels), "exp_annotations": dict(each.annotations)}
            for each in alerts
            if each.state is State.FIRING
        ],
    }


def promtool(
    folder: Path, file: Path, series: Series, fired: Sequence[Json]
) -> subprocess.CompletedProcess[str]:
    """Let promtool evaluate the same rules over the same series and compare."""
    shown_series = [
        {"series": text, "values": " ".join(map(str, values))} for text, values in series.items()
    ]
    case = {"interval": "15s", "input_series": shown_series, "alert_rule_test": list(fired)}
    document = {"rule_files": [str(file)], "evaluation_interval": "15s", "tests": [case]}
    test = folder / "test.yaml"
    test.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML
    command = ["promtool", "test", "rules", str(test)]
    return subprocess.run(command, check=False, capture_output=True, text=True)
