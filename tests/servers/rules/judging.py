"""Rule files and tests for promtool with no more in them than an alert needs, and its verdict.

promtool evaluates every rule of a test at every moment of it; with all signals, minutes are spent
on what no alert reads. What an alert reads is found from its query.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import promql_parser
import pytest

from cluster.rules import files
from cluster.rules.rule import Alert, Recording, RuleFile
from cluster.rules.shipped import SIGNALS
from cluster.rules.yaml_text import Value

ABREAST = 2
NEEDS_PROMTOOL = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed"
)
RECORDED = {rule.name: rule for rule in SIGNALS.rules if isinstance(rule, Recording)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What promtool says; `failed` are the ends `# …` of the queries that failed."""

    good: bool
    failed: frozenset[str]
    said: str


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program of Prometheus."""
    return subprocess.run(command, check=False, capture_output=True, text=True)


def judge(tests: Sequence[Path]) -> Judged:
    """Let promtool run test files, in as many processes as there are processors for it."""
    parts = [tests[number::ABREAST] for number in range(ABREAST)]
    with ThreadPoolExecutor(ABREAST) as pool:
        asked = [
            pool.submit(run, "promtool", "test", "rules", *map(str, one)) for one in parts if one
        ]
    done = [one.result() for one in asked]
    said = "".join(one.stdout + one.stderr for one in done)
    marks = re.findall(r'expr: ".*# ([^"]*)", time: ', said)
    return Judged(
        good=not any(one.returncode for one in done), failed=frozenset(marks), said=said[-20_000:]
    )


def read_by(expr: str, known: Mapping[str, Recording]) -> frozenset[str]:
    """Return the names that a query reads, and those that the recordings behind it read."""
    found, new = set[str](), set(_names(promql_parser.parse(expr)))
    while new:
        found |= new
        behind = (known[name].expr for name in new if name in known)
        new = {name for expr in behind for name in _names(promql_parser.parse(expr))} - found
    return frozenset(found)


def alone(file: RuleFile, alert: Alert) -> tuple[RuleFile, RuleFile]:
    """Return the signals and the file with nothing in them but the alert and what it reads.

    What the proofs of the file feed is left out of it, as what only the whole file records.
    """
    own = {rule.name: rule for rule in file.rules if isinstance(rule, Recording)}
    fed = {name for proof in alert.proofs for name in map(metric, proof.series)}
    known = {**({} if file.fed else RECORDED), **own}
    needed = read_by(alert.expr, {name: known[name] for name in known.keys() - fed})
    return signals(needed), replace(
        file,
        groups=tuple(
            replace(group, rules=rules)
            for group in file.groups
            if (
                rules := tuple(
                    rule for rule in group.rules if rule.name in needed - fed or rule == alert
                )
            )
        ),
    )


def signals(needed: Iterable[str]) -> RuleFile:
    """Return the file of the signals with the needed ones only."""
    names = frozenset(needed)
    (group,) = SIGNALS.groups
    rules = tuple(rule for rule in group.rules if rule.name in names)
    return replace(SIGNALS, groups=(replace(group, rules=rules),))


def written(folder: Path, *made: RuleFile, tests: str) -> Path:
    """Write rule files and a file of tests of theirs into a folder; return the tests."""
    folder.mkdir(parents=True)
    for file in made:
        (folder / f"{file.name}.yaml").write_text(files.plain(file), encoding="utf-8")
    found = folder / "tests.yaml"
    found.write_text(tests, encoding="utf-8")
    return found


def unit_test(
    shown: Mapping[str, str],
    query: str,
    rows: Iterable[tuple[Mapping[str, str], float]],
    *,
    at: int,
) -> Mapping[str, Value]:
    """Return a unit test: the query has exactly these rows, so many minutes after the beginning."""
    return {
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in shown.items()],
        "promql_expr_test": [
            {
                "expr": query,
                "eval_time": f"{at}m",
                "exp_samples": [
                    {"labels": _written(labels), "value": found} for labels, found in rows
                ],
            }
        ],
    }


def metric(series: str) -> str:
    """Return the name of a series as promtool writes it."""
    return series.partition("{")[0]


def _written(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{label}="{value}"' for label, value in labels.items()) + "}"


def _names(expr: promql_parser.Expr) -> Iterator[str]:
    if isinstance(expr, promql_parser.VectorSelector):
        yield expr.name or ""
        return
    for child in ("expr", "lhs", "rhs", "vector_selector", "param"):
        if getattr(expr, child, None) is not None:
            yield from _names(getattr(expr, child))
    for argument in getattr(expr, "args", None) or ():
        yield from _names(argument)
