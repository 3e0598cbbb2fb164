"""The page about adding a signal is followed to the letter, and so are the names on the other."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from cluster.signals import catalogue, composites, formulas, things
from cluster.signals.answers import Prometheus
from cluster.signals.catalogue import SIGNALS, TOPICS
from cluster.signals.generic import generic
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.reading import NoData, Reading, Why
from cluster.signals.signal import Signal
from cluster.targets.target import Target

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "adding-a-signal.md").read_text("utf-8")
SIGNALS_PAGE = (DOCS / "signals.md").read_text("utf-8")
Scrape = Callable[..., None]


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def known(tmp_path: Path) -> Mapping[str, Signal]:
    """Save the page's module, under its name, beside the topics; nothing else is touched."""
    name = re.search(r"save this as `([^`]+)`", PAGE)
    assert name
    (tmp_path / name[1]).write_text(block("python"), "utf-8")
    return catalogue.read((TOPICS, tmp_path))


def test_adding_a_signal_touches_one_file(known: Mapping[str, Signal]) -> None:
    """One more entry, and every other one as it was."""
    assert set(known) - set(SIGNALS) == {"gpu_power"}
    assert list(SIGNALS) == [name for name in known if name in SIGNALS]


def test_the_signal_of_the_page_reads_what_the_page_says(
    known: Mapping[str, Signal],
    prometheus: Prometheus,
    scrape: Scrape,
    target: Target,
    now: datetime,
) -> None:
    """The reader has seen it work before writing one."""
    for pod, watts in (("decode-5d8f-aa", 400), ("decode-5d8f-bb", 310), ("prefill-1", 500)):
        scrape("DCGM_FI_DEV_POWER_USAGE", [watts], {"pod": pod, "gpu": "0"})

    read = PrometheusSignals(prometheus, signals=known).read("gpu_power", target, at=now)

    assert isinstance(read, Reading)
    assert f"it reads {read.value:g} {read.unit}" in PAGE
    assert block("text").strip() == read.query
    assert len(generic(known["gpu_power"], by=("namespace",))) == 2


def test_without_its_series_it_is_no_zero(
    known: Mapping[str, Signal], prometheus: Prometheus, target: Target, now: datetime
) -> None:
    """What the page promises holds for what is added, too."""
    read = PrometheusSignals(prometheus, signals=known).read("gpu_power", target, at=now)

    assert isinstance(read, NoData)
    assert read.why is Why.NOT_SCRAPED


def test_every_formula_stands_on_the_page() -> None:
    """Whoever adds a signal looks there first."""
    here = {
        name
        for module in (formulas, composites, things)
        for name, each in vars(module).items()
        if isinstance(each, type) and each.__module__ == module.__name__
    }

    assert here
    assert [name for name in sorted(here) if f"`{name}`" not in PAGE] == []


def test_every_field_of_an_entry_stands_on_the_page() -> None:
    """A field that nobody knows of is never filled in."""
    fields = Signal.__dataclass_fields__

    assert [name for name in fields if f"`{name}`" not in PAGE] == []


def test_every_reason_for_no_number_stands_on_the_page() -> None:
    """People read these words on the headline."""
    assert [each.value for each in Why if each.value not in SIGNALS_PAGE] == []


def test_the_signals_of_the_sample_output_exist() -> None:
    """A renamed signal must be renamed where people read about it."""
    output = re.search(r"^```text\n(.*?)^```", SIGNALS_PAGE, re.MULTILINE | re.DOTALL)
    assert output
    named = re.findall(r"^  ([a-z0-9_]+) ", output[1], re.MULTILINE)

    assert len(named) > 5
    assert set(named) <= set(SIGNALS)
    for name in named:
        line = next(each for each in output[1].splitlines() if each.startswith(f"  {name} "))
        read = any(metric in line for way in SIGNALS[name].ways for metric in names(way))
        assert read or SIGNALS[name].without in line


def names(way: formulas.Gauge) -> list[str]:
    return [name for term in way.terms for name in term.metric.names]
