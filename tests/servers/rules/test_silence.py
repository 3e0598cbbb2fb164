"""Every silence of an alert is its own: with another value it rings, with another name it shows."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.cli.rules import SHIPPED
from bot.app.configuration import objectives_of
from cluster.rules import files, twins, yaml_text
from cluster.rules.rule import Alert, Proof, RuleFile
from cluster.rules.shipped import rule_files
from cluster.rules.yaml_text import Value
from tests.servers.rules import judging
from tests.servers.rules.judging import NEEDS_PROMTOOL, metric

pytestmark = [pytest.mark.server, NEEDS_PROMTOOL]

FILES = rule_files(objectives_of(SHIPPED))
# What stands in a proof of silence because it must not matter, or need not be there.
MAY_BE_MISSING = {
    # A late answer with an early first token is no late first token.
    ("LLMDHighLatency", "llm_d_epp_request_duration_seconds_bucket"),
    # Failures count where no request was ever scheduled.
    ("LLMDHighErrorRate", "llm_d_epp_request_total"),
    ("EPPHighErrorRatio", "llm_d_epp_request_total"),
}


Alone = tuple[RuleFile, RuleFile, Alert]


@pytest.fixture(scope="module")
def alone() -> list[Alone]:
    """Return each alert with the signals and the file that it needs."""
    return [(*judging.alone(file, alert), alert) for file in FILES for alert in file.alerts]


def test_every_alert_rings_when_it_must_and_keeps_still_when_it_must(
    alone: list[Alone], tmp_path: Path
) -> None:
    """An alert that was never seen to ring does not ring; a silence has a twin that rings."""
    tests = [
        judging.written(tmp_path / str(number), signals, file, tests=files.proofs(file, beside=""))
        for number, (signals, file, _) in enumerate(alone)
    ]

    judged = judging.judge(tests)

    assert len(tests) > 40
    assert judged.good, judged.said


def test_a_misspelt_name_in_a_proof_of_silence_is_found_out(
    alone: list[Alone], tmp_path: Path
) -> None:
    """An alert keeps still on a name that nothing reads, and that silence would prove nothing.

    Each name of each silence and of its twin is misspelt in both. The silence must then break, or
    the twin no longer ring as it must.
    """
    names: dict[str, tuple[str, str]] = {}
    tests = [
        judging.written(
            tmp_path / str(number), signals, file, tests=_document(file, _misspelt(alert, names))
        )
        for number, (signals, file, alert) in enumerate(alone)
    ]

    failed = judging.judge(tests).failed

    unseen = {names[mark] for mark in names if not failed & {f"{mark} still", f"{mark} rings"}}
    assert len(names) > 200
    assert unseen == MAY_BE_MISSING


def _misspelt(alert: Alert, names: dict[str, tuple[str, str]]) -> Iterator[dict[str, Value]]:
    """Yield both tests of each pair for each name in it; note under which mark it was misspelt."""
    if not any(proof.fires is None for proof in alert.proofs):
        return
    for still, rings in twins.pairs(alert):
        for name in sorted({metric(series) for series in (*still.series, *rings.series)}):
            mark = f"{len(names)}"
            names[mark] = (alert.name, name)
            yield _marked(alert, _renamed(still, name), f"{mark} still")
            yield _marked(alert, _renamed(rings, name), f"{mark} rings")


def _renamed(proof: Proof, name: str) -> Proof:
    changed = {
        series.replace(name, f"{name}_misspelt", 1) if metric(series) == name else series: values
        for series, values in proof.series.items()
    }
    return replace(proof, series=changed)


def _marked(alert: Alert, proof: Proof, mark: str) -> dict[str, Value]:
    """Return the unit test with a mark in its query, which promtool repeats where it fails."""
    made = dict(files.unit_test(alert, proof))
    (asked,) = made["promql_expr_test"]  # type: ignore[misc]  # as `unit_test` makes it
    return {**made, "promql_expr_test": [{**asked, "expr": f"{asked['expr']} # {mark}"}]}


def _document(file: RuleFile, tests: Iterator[dict[str, Value]]) -> str:
    return yaml_text.document(
        {
            "rule_files": ["signals.yaml", f"{file.name}.yaml"],
            "evaluation_interval": files.duration(file.pace),
            "tests": list(tests),
        }
    )
