"""Whatever a release calls its metrics, alerts ring and recordings say the same; promtool judges.

Under a name that nobody knows an alert keeps still, and nothing is recorded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from bot.app.cli.rules import SHIPPED
from bot.app.configuration import objectives_of
from cluster.rules import files, yaml_text
from cluster.rules.rule import Alert, Proof, RuleFile
from cluster.rules.shipped import rule_files
from cluster.rules.yaml_text import Value as Written
from cluster.signals.catalogue import SIGNALS
from tests.cluster.rules import renamed
from tests.servers.rules import judging
from tests.servers.rules.judging import NEEDS_PROMTOOL, RECORDED, metric
from tests.servers.rules.shown import Value
from tests.servers.rules.values import VALUES

pytestmark = [pytest.mark.server, NEEDS_PROMTOOL]

FILES = rule_files(objectives_of(SHIPPED))
ALERTS = [(file, alert) for file in FILES for alert in file.alerts if not file.fed]
DIGITS = "0.0001"


def test_every_alert_rings_in_every_name_and_keeps_still_in_names_that_nobody_knows(
    tmp_path: Path,
) -> None:
    """A metric that is renamed silences alerts in every other project; here it is read on."""
    tests = [
        _written(tmp_path / alert.name, file, alert, _tests(alert, renamed.proofs(file, alert)))
        for file, alert in ALERTS
        if renamed.proofs(file, alert)
    ]

    judged = judging.judge(tests)

    assert len(tests) > 25
    assert judged.good, judged.said


def test_an_alert_rings_without_what_it_says_that_it_can_spare(tmp_path: Path) -> None:
    """A reason that is no longer true would hide an alert that keeps still."""
    tests = [
        _written(tmp_path / f"{alert.name}-{number}", file, alert, [_rings(alert, name)])
        for file, alert in ALERTS
        for number, name in enumerate(alert.rings_without)
    ]

    judged = judging.judge(tests)

    assert tests
    assert judged.good, judged.said


def test_every_recording_says_the_same_in_every_name_that_its_signal_knows(tmp_path: Path) -> None:
    """Alerts, dashboards and budgets read recordings only, so that these bear the renaming."""
    tests = [
        judging.written(
            tmp_path / name.replace(":", "-"),
            judging.signals(judging.read_by(name, RECORDED)),
            tests=_document(_recorded(values)),
        )
        for name, values in groupby(_renamed_values(), key=lambda value: value.name)
    ]

    judged = judging.judge(tests)

    assert judged.good, judged.said


def test_every_name_of_every_signal_has_a_value() -> None:
    """A name in the catalogue that nothing shows to be read may be misspelt."""
    shown = {metric(one) for value in (*VALUES, *_renamed_values()) for one in value.shown}

    missing = {
        name
        for signal in SIGNALS.values()
        for way in signal.ways
        for term in way.terms
        for name in term.metric.names
        if name not in shown
    }
    assert missing == set()


def _renamed_values() -> list[Value]:
    """Return the values under other names, and without rows under names that nobody knows."""
    found = [
        replace(value, shown=shown)
        for value in VALUES
        for shown in renamed.of_recording(value.name, value.shown)
    ]
    known = {frozenset(value.shown.items()) for value in VALUES}
    unheard = [replace(value, shown=_unheard(value), rows=()) for value in VALUES]
    kept = [value for value in found if frozenset(value.shown.items()) not in known]
    return sorted((*kept, *unheard), key=lambda value: value.name)


def _unheard(value: Value) -> Mapping[str, str]:
    names = {metric(one): f"{metric(one)}{renamed.UNKNOWN}" for one in value.shown}
    return renamed.called(value.shown, names)


def _recorded(values: Iterator[Value]) -> Iterator[Mapping[str, Written]]:
    for number, value in enumerate(values):
        query = f"round({value.name}, {DIGITS}) # {value.name} {number}"
        yield judging.unit_test(value.shown, query, value.rows, at=value.at)


def _tests(alert: Alert, proofs: tuple[Proof, ...]) -> list[Mapping[str, Written]]:
    return [files.unit_test(alert, proof) for proof in proofs]


def _rings(alert: Alert, name: str) -> Mapping[str, Written]:
    first = next(proof for proof in alert.proofs if proof.fires is not None)
    shown = renamed.called(first.series, {name: f"{name}{renamed.UNKNOWN}"})
    ringing = f'count(ALERTS{{alertname="{alert.name}", alertstate="firing"}})'
    return judging.unit_test(shown, ringing, [({}, 1)], at=int(first.at.total_seconds()) // 60)


def _written(
    folder: Path, file: RuleFile, alert: Alert, tests: list[Mapping[str, Written]]
) -> Path:
    signals, alone = judging.alone(file, alert)
    return judging.written(folder, signals, alone, tests=_document(iter(tests), alone))


def _document(tests: Iterator[Mapping[str, Written]], *others: RuleFile) -> str:
    return yaml_text.document(
        {
            "rule_files": ["signals.yaml", *(f"{file.name}.yaml" for file in others)],
            "evaluation_interval": "1m",
            "tests": list(tests),
        }
    )
