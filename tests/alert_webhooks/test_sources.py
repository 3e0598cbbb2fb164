"""What every alert source promises; the folder is walked, so that a new one is tested too."""

import json
import pkgutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_webhooks import sources as folder
from alert_webhooks.fingerprint import fingerprint
from alert_webhooks.notification import Source
from alert_webhooks.registry import sources
from alert_webhooks.unreadable import Unreadable
from incidents.alert import Alert
from tests.alert_webhooks.bodies import READABLE, UNREADABLE

ROOT = Path(__file__).parents[2]
HOSTILE = [*READABLE.values(), *(body for body, _ in UNREADABLE.values())]
each_source = pytest.mark.parametrize("source", sources().values(), ids=lambda one: one.name)


def test_every_module_of_the_folder_is_a_source_of_its_name() -> None:
    """Adding a source is adding a module, and nothing else."""
    assert list(sources()) == sorted(one.name for one in pkgutil.iter_modules(folder.__path__))


@each_source
@given(raw=st.binary())
def test_a_source_reads_or_says_unreadable(source: Source, raw: bytes) -> None:
    """Anything else would be counted as poison, and would be ours to repair at night."""
    assert names_only_itself(source, raw)


@each_source
def test_a_source_survives_the_hostile_bodies(source: Source) -> None:
    """They were collected where other parsers and stores broke."""
    assert all(names_only_itself(source, raw) for raw in HOSTILE)


def test_the_source_of_the_documentation_works() -> None:
    """Whoever adds a source starts from that page's own text."""
    source = of_the_page()
    pigeon = {"name": "Flood", "labels": {"place": "cellar"}, "since": "2026-01-10T12:00:00Z"}

    read = source.parse(json.dumps({"pigeons": [pigeon]}).encode(), source="pigeon:roof")

    assert read.alerts == (
        Alert(
            name="Flood",
            fingerprint=fingerprint({"place": "cellar"}),
            labels={"place": "cellar"},
            annotations={},
            starts_at=datetime(2026, 1, 10, 12, tzinfo=UTC),
            ends_at=None,
            url="",
            source="pigeon:roof",
        ),
    )


def test_the_source_of_the_documentation_keeps_the_promises() -> None:
    """An example that breaks a promise would be copied with it."""
    assert all(names_only_itself(of_the_page(), raw) for raw in HOSTILE)


def of_the_page() -> Source:
    """Return the source that the page shows."""
    page = (ROOT / "docs" / "adding-an-alert-source.md").read_text(encoding="utf-8")
    found: dict[str, Source] = {}
    exec(page.split("```python\n")[1].split("```")[0], found)  # noqa: S102 - our own page
    return found["SOURCE"]


def names_only_itself(source: Source, raw: bytes) -> bool:
    """Tell whether every alert that is read names the sender; whatever else is raised passes."""
    try:
        read = source.parse(raw, source=f"{source.name}:test")
    except Unreadable:
        return True
    return all(alert.source == f"{source.name}:test" for alert in read.alerts)
