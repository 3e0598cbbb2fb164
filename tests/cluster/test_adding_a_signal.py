"""The page about adding a signal is followed to the letter, and so are the names on the other."""

import os
import re
import shutil
import subprocess
import sys
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

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COPIED = (
    "alert_webhooks",
    "bot",
    "cluster",
    "deploy",
    "docs",
    "drills",
    "incidents",
    "runbooks",
    "storage",
    "tests",
)
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


@pytest.fixture
def followed(tmp_path: Path) -> tuple[Path, set[str]]:
    """Copy the project, do there what the page says, and tell which files are others since."""
    copy = tmp_path / "project"
    for name in COPIED:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    before = contents(copy)
    (copy / TOPICS.relative_to(ROOT) / "power.py").write_text(block("python"), "utf-8")
    (line,) = re.findall(r"^```console\n\$ triaged (.*)\n```", PAGE, re.MULTILINE)
    ran = typed(copy, "-m", "bot.app.cli.main", *line.split())
    assert ran.returncode == 0, ran.stderr
    (added,) = re.findall(
        r"Append to `([^`]+)`:\n\n```text\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    with (copy / added[0]).open("a", encoding="utf-8") as file:
        file.write(added[1])
    return copy, {name for name, text in contents(copy).items() if before.get(name) != text}


def contents(folder: Path) -> Mapping[str, bytes]:
    """Return what the files of a project say, by their paths in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def typed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy of the project, by the copy's own modules."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_whoever_follows_the_page_has_nothing_left_to_do(followed: tuple[Path, set[str]]) -> None:
    """The suites that know of signals pass, and only what the page names is another file.

    A real Prometheus is asked elsewhere.
    """
    tree, changed = followed
    suites = (
        "tests/cluster/rules",
        "tests/cluster/test_catalogue.py",
        "tests/servers/prometheus/test_eras.py",
        "tests/servers/prometheus/test_expositions.py",
    )
    options = ("-q", "-n", "0", "-p", "no:cacheprovider", "-k", "not real")
    ran = typed(tree, "-m", "pytest", *options, *suites)

    assert ran.returncode == 0, ran.stdout
    assert changed == {
        "cluster/signals/topics/power.py",
        "deploy/prometheus/operator/signals.yaml",
        "deploy/prometheus/signals.yaml",
        "tests/servers/prometheus/expositions/dcgm.txt",
    }
    assert [
        name for name in changed - {"cluster/signals/topics/power.py"} if name not in PAGE
    ] == []


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
