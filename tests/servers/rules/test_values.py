"""What is recorded has the value that it must have, to the fourth digit, and no other rows."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

import pytest

from cluster.rules import yaml_text
from cluster.rules.yaml_text import Value as Written
from cluster.signals.catalogue import SIGNALS
from cluster.signals.series import Formula, Place
from tests.servers.rules import judging
from tests.servers.rules.judging import NEEDS_PROMTOOL, RECORDED
from tests.servers.rules.shown import Value
from tests.servers.rules.values import VALUES

pytestmark = pytest.mark.server
DIGITS = "0.0001"
EXPORTED = "exported_"


def test_every_kind_of_recording_has_a_value_that_was_worked_out() -> None:
    """A query that is right in form can still count the wrong thing.

    A kind is a formula with those whose series it reads. A new signal of a kind that is here needs
    no value of its own.
    """
    shown = {value.name: set[str]() for value in VALUES}
    for value in VALUES:
        shown[value.name] |= {_name(series) for series in value.shown}
    ways = [(signal.name, way) for signal in SIGNALS.values() for way in signal.ways]
    worked_out = {
        _kind(way) for name, way in ways if _read(way) <= shown.get(f"triaged:{name}", set())
    }
    others = RECORDED.keys() - {f"triaged:{name}" for name in SIGNALS}

    assert worked_out == {_kind(way) for _, way in ways}
    assert others <= shown.keys()


@NEEDS_PROMTOOL
def test_every_recording_is_exactly_what_its_series_say(tmp_path: Path) -> None:
    """Alerts, dashboards and budgets rest on these numbers; a ratio upside down would look well."""
    ordered = sorted(enumerate(VALUES), key=lambda pair: pair[1].name)
    tests = [
        judging.written(
            tmp_path / name.replace(":", "-"),
            judging.signals(judging.read_by(name, RECORDED)),
            tests=_document(_test(value, number) for number, value in values),
        )
        for name, values in groupby(ordered, key=lambda pair: pair[1].name)
    ]

    judged = judging.judge(tests)

    assert len(VALUES) > 150
    assert judged.good, judged.said


@NEEDS_PROMTOOL
def test_promtool_would_notice_another_value(tmp_path: Path) -> None:
    """A judge that says yes to everything proves nothing."""
    value = next(one for one in VALUES if one.name == "triaged:error_ratio" and one.rows)
    other = Value(
        name=value.name,
        shown=value.shown,
        rows=tuple((labels, found + 0.001) for labels, found in value.rows),
    )
    test = judging.written(
        tmp_path / "one",
        judging.signals(judging.read_by(value.name, RECORDED)),
        tests=_document([_test(other, 1)]),
    )

    assert judging.judge([test]).failed == {"1"}


def _test(value: Value, number: int) -> Mapping[str, Written]:
    return judging.unit_test(
        value.shown, f"round({value.name}, {DIGITS}) # {number}", value.rows, at=value.at
    )


def _document(tests: Iterable[Mapping[str, Written]]) -> str:
    return yaml_text.document(
        {"rule_files": ["signals.yaml"], "evaluation_interval": "1m", "tests": list(tests)}
    )


def _kind(way: Formula) -> tuple[str, str]:
    return type(way).__name__, way.scope.name


def _read(way: Formula) -> set[str]:
    """Return the newest names that the way cannot do without."""
    names = {(term.metric.names[0], term.scope) for term in way.terms if not term.optional}
    return {EXPORTED * (scope.place is Place.EXPORTED) + name for name, scope in names}


def _name(series: str) -> str:
    return EXPORTED * (EXPORTED in series) + judging.metric(series)
