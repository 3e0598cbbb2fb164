"""What every alert source promises; the folder is walked, so that a new one is tested too."""

import pkgutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_webhooks import sources as folder
from alert_webhooks.notification import Source
from alert_webhooks.registry import sources
from alert_webhooks.unreadable import Unreadable
from tests.alert_webhooks.bodies import READABLE, UNREADABLE

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


def names_only_itself(source: Source, raw: bytes) -> bool:
    """Tell whether every alert that is read names the sender; whatever else is raised passes."""
    try:
        read = source.parse(raw, source=f"{source.name}:test")
    except Unreadable:
        return True
    return all(alert.source == f"{source.name}:test" for alert in read.alerts)
