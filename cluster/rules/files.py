"""Rules as the files that Prometheus and its operator read, and their proofs for promtool."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from cluster.rules import twins, yaml_text
from cluster.rules.rule import Alert, Group, Proof, Recording, Rule, RuleFile
from cluster.rules.yaml_text import COMMENT, Value

GENERATED: Final = (
    "Written by `triaged rules`; change the source in cluster/rules/ or objectives.yaml, not this."
)
UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def plain(file: RuleFile) -> str:
    """Return the rule file as Prometheus reads it."""
    return yaml_text.document(_groups(file), head=_head(file))


def operator(file: RuleFile) -> str:
    """Return the same rules as the object that the Prometheus operator reads."""
    metadata: dict[str, Value] = {
        "name": f"triaged-{file.name}",
        "labels": {"app.kubernetes.io/name": "triaged", "app.kubernetes.io/component": "rules"},
    }
    whole: dict[str, Value] = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata,
        "spec": _groups(file),
    }
    return yaml_text.document(whole, head=_head(file))


def proofs(file: RuleFile, *, beside: str) -> str:
    """Return the unit tests of the file's alerts; `beside` is the way to the rule files.

    Each test of a silence has a twin that rings: see `cluster.rules.twins`.
    """
    tests = [unit_test(alert, proof) for alert in file.alerts for proof in twins.proofs(alert)]
    others = () if file.fed else file.needs
    whole: dict[str, Value] = {
        "rule_files": [f"{beside}{name}.yaml" for name in (*others, file.name)],
        "evaluation_interval": duration(file.pace),
        "tests": tests,
    }
    head = f"`promtool test rules` of the alerts in {file.name}.yaml.\n\n{GENERATED}"
    return yaml_text.document(whole, head=head)


def unit_test(alert: Alert, proof: Proof) -> Mapping[str, Value]:
    """Return one unit test of an alert in promtool's words."""
    asked = {"alertname": alert.name, "alertstate": "firing", **proof.only}
    ringing = "ALERTS{" + ",".join(f'{name}="{value}"' for name, value in asked.items()) + "}"
    return {
        "name": f"{alert.name}: {proof.title}",
        "interval": duration(proof.each),
        "input_series": [
            {"series": series, "values": values} for series, values in proof.series.items()
        ],
        "promql_expr_test": [
            {
                "expr": ringing,
                "eval_time": duration(proof.at),
                "exp_samples": _expected(alert, proof),
            }
        ],
    }


def duration(length: timedelta) -> str:
    """Return a duration in the largest unit that says it whole: 90s, 15m, 3d."""
    seconds = int(length.total_seconds())
    unit, factor = next((unit, factor) for unit, factor in UNITS if seconds % factor == 0)
    return f"{seconds // factor}{unit}"


def _head(file: RuleFile) -> str:
    needs = ", ".join(f"{name}.yaml" for name in file.needs)
    wants = f"\n\nLoad it together with {needs}, whose recordings it reads." if needs else ""
    return f"{file.about}{wants}\n\n{GENERATED}"


def _groups(file: RuleFile) -> Mapping[str, Value]:
    return {"groups": [_group(group) for group in file.groups]}


def _group(group: Group) -> Mapping[str, Value]:
    return {
        "name": group.name,
        "interval": duration(group.interval),
        "rules": [_rule(rule) for rule in group.rules],
    }


def _rule(rule: Rule) -> Mapping[str, Value]:
    match rule:
        case Recording():
            labels: dict[str, Value] = {"labels": dict(rule.labels)} if rule.labels else {}
            return {COMMENT: rule.why, "record": rule.name, "expr": readable(rule.expr), **labels}
        case Alert():
            return dict(_alert(rule))


def _alert(alert: Alert) -> Iterator[tuple[str, Value]]:
    yield COMMENT, alert.why
    yield "alert", alert.name
    yield "expr", readable(alert.expr)
    if alert.hold:
        yield "for", duration(alert.hold)
    if alert.keep:
        yield "keep_firing_for", duration(alert.keep)
    yield "labels", dict(alert.own_labels)
    yield (
        "annotations",
        {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": alert.runbook_url,
        },
    )


def readable(expr: str) -> str:
    """Return the same query without empty braces, its durations as people write them."""
    found = expr.replace("{}", "")
    for before in (r"(?<=\[)", r"(?<=offset )"):
        found = re.sub(before + r"(\d+)s", _in_units, found)
    return found


def _in_units(found: re.Match[str]) -> str:
    return duration(timedelta(seconds=int(found[1])))


def _expected(alert: Alert, proof: Proof) -> Sequence[Value]:
    if proof.fires is None:
        return []
    labels = {
        "alertname": alert.name,
        "alertstate": "firing",
        **alert.own_labels,
        **proof.fires,
    }
    said = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return [{"labels": f"ALERTS{{{said}}}", "value": 1}]
