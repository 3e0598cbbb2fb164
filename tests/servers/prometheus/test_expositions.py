"""The catalogue beside what exporters say: names, types, and what the simulator lacks."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from cluster.signals.catalogue import SIGNALS
from cluster.signals.composites import ErrorShare, SilentRanks
from cluster.signals.formulas import Filled, Gauge, Part, Quantile, Quotient, Rate
from cluster.signals.series import Formula, Metric
from cluster.signals.signal import metric_names
from cluster.signals.things import Agreed, Changed, Died, OnNodes, Took

FOLDER = Path(__file__).with_name("expositions")
PAGE = Path(__file__).parents[3] / "docs" / "signals.md"
TYPE = re.compile(r"^# TYPE (?P<name>\S+) (?P<type>\w+)$", re.MULTILINE)
SERIES = re.compile(r"^(?P<name>[\w:]+)(?:\{.*\})? \S+$", re.MULTILINE)
ROW = re.compile(
    r"^\| `(?P<name>vllm:\w+)` \| (?P<there>yes|no) \| (?P<signals>.*) \|$", re.MULTILINE
)
PART = re.compile(r"_(bucket|sum|count)$")


def types(file: Path) -> Mapping[str, str]:
    """Return the type of every series of an exposition: a histogram's parts only ever grow."""
    text = file.read_text("utf-8")
    told = {found["name"]: found["type"] for found in TYPE.finditer(text)}
    return {name: told.get(name) or told[PART.sub("", name)] for name in SERIES.findall(text)}


KNOWN = {file.stem: types(file) for file in sorted(FOLDER.glob("*.txt"))}


def test_every_name_of_the_catalogue_is_one_that_an_exporter_says() -> None:
    """A name that nobody emits is a way that never answers.

    Of a counter both spellings are in the catalogue: some clients add `_total`, and some do not.
    """
    said = {name.removesuffix("_total") for told in KNOWN.values() for name in told}

    assert [n for n in metric_names(SIGNALS.values()) if n.removesuffix("_total") not in said] == []


def grows(formula: Formula) -> Iterator[tuple[Metric, bool]]:
    """Yield the metrics of a formula, and whether it takes them for something that only grows."""
    match formula:
        case Gauge() | Filled() | Changed() | Agreed() | Took():
            yield from ((term.metric, False) for term in formula.terms)
        case Rate() | Quotient() | Part() | Quantile() | ErrorShare():
            yield from ((term.metric, True) for term in formula.terms)
        case SilentRanks():
            yield from ((metric, False) for metric in formula.work)
            yield from ((metric, True) for metric in formula.tokens)
        case Died():
            yield formula.restarts, True
            yield formula.reason, False
        case OnNodes():
            yield formula.metric, True
        case _:
            raise AssertionError(formula)


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_signal_takes_counters_for_counters(signal: str) -> None:
    """A rate of a gauge, and the sum of a counter, are numbers that mean nothing."""
    for formula in SIGNALS[signal].ways:
        for metric, growing in grows(formula):
            found = {told[name] for told in KNOWN.values() for name in metric.names if name in told}
            assert found
            assert found <= ({"counter", "histogram"} if growing else {"gauge"}), metric


def of_vllm() -> Mapping[str, tuple[str, ...]]:
    """Return vLLM's metrics as its documentation calls them, with the signals that need them."""
    found: dict[str, list[str]] = {}
    for signal in SIGNALS.values():
        terms = (term for formula in signal.ways for term in formula.terms)
        for name in dict.fromkeys(term.metric.names[0] for term in terms):
            if name.startswith("vllm:"):
                found.setdefault(PART.sub("", name), []).append(signal.name)
    return {name: tuple(signals) for name, signals in sorted(found.items())}


def test_the_page_says_what_the_simulator_has_and_what_it_lacks() -> None:
    """A check that was only ever tried on the simulator may never have read its number."""
    has = {PART.sub("", name) for name in KNOWN["simulator"]}
    expected = [
        (name, "yes" if name in has else "no", ", ".join(f"`{each}`" for each in signals))
        for name, signals in of_vllm().items()
    ]

    told = ROW.findall(PAGE.read_text("utf-8"))

    assert told == expected


def test_the_engine_itself_has_what_the_catalogue_reads_of_it() -> None:
    """Only the table's `no` may hide a name that the engine has and the simulator has not."""
    has = {PART.sub("", name) for name in (*KNOWN["vllm"], *KNOWN["vllm-old"])}

    assert set(of_vllm()) <= has


def test_the_simulator_names_labels_in_its_own_way() -> None:
    """Its requests end for a `finish_reason`, and it has no ranks: a query may match nothing."""
    simulator, engine = (
        (FOLDER / f"{name}.txt").read_text("utf-8") for name in ("simulator", "vllm")
    )

    assert "finish_reason=" in simulator
    assert "finished_reason=" not in simulator
    assert "engine=" not in simulator
    assert "finished_reason=" in engine
    assert 'engine="0"' in engine
