"""Planned work is taken out of the budgets of what is worked on, and of no others."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.app.budgets import read
from incidents.maintenance import Interval, Once, Window
from incidents.patterns import Which
from tests.bot.app.recorded import Recorded
from tests.builders import NOON, desk, policy

Place = Mapping[str, str]
HOUR = timedelta(hours=1)
EVERYWHERE: Place = {}
SHOP: Place = {"namespace": "shop", "model_name": "llama"}
POOL: Place = {"namespace": "shop", "pool": "llama-pool"}


def planned(place: Place, **labels: str) -> timedelta:
    """Return how long work was planned at a place, of an hour's window with these labels."""
    window = Window(
        name="nodes",
        which=Which(labels=tuple(labels.items())),
        when=Once(interval=Interval(start=NOON - 2 * HOUR, end=NOON - HOUR)),
        reason="new nodes",
    )
    base = policy()
    rules = replace(base, gathering=replace(base.gathering, maintenance=(window,)))
    (found,) = read(Recorded(places=(place,)), desk(rules=rules), at=NOON)
    return found.planned


@pytest.mark.parametrize(
    ("place", "labels", "taken"),
    [
        pytest.param(SHOP, {"namespace": "shop"}, HOUR, id="its-namespace"),
        pytest.param(SHOP, {"namespace": "sh*", "model": "llama"}, HOUR, id="both"),
        pytest.param(SHOP, {}, HOUR, id="work-on-everything"),
        pytest.param(SHOP, {"namespace": "web"}, 0 * HOUR, id="another-namespace"),
        pytest.param(EVERYWHERE, {"namespace": "shop"}, 0 * HOUR, id="one-namespace-of-all"),
        pytest.param(EVERYWHERE, {"namespace": "*"}, HOUR, id="every-namespace-of-all"),
        pytest.param(EVERYWHERE, {}, HOUR, id="everything-of-all"),
        pytest.param(POOL, {"namespace": "shop"}, HOUR, id="the-namespace-of-a-pool"),
        pytest.param(POOL, {"model": "llama"}, 0 * HOUR, id="a-model-that-a-pool-does-not-say"),
    ],
)
def test_work_of_the_policy_excuses_what_it_is_all_about(
    place: Place, labels: Mapping[str, str], taken: timedelta
) -> None:
    """One namespace's evening of upgrades must not hide that all the others were down."""
    assert planned(place, **labels) == taken


@pytest.mark.parametrize(
    ("place", "work", "whole"),
    [
        pytest.param(SHOP, {"namespace": "shop"}, True, id="its-namespace"),
        pytest.param(SHOP, {}, True, id="everything"),
        pytest.param(SHOP, {"namespace": "web"}, False, id="another-namespace"),
        pytest.param(EVERYWHERE, {"namespace": "shop"}, False, id="one-namespace-of-all"),
        pytest.param(POOL, {"model_name": "llama"}, False, id="a-model-of-a-pool"),
    ],
)
def test_recorded_work_excuses_in_the_same_way(place: Place, work: Place, *, whole: bool) -> None:
    """Written in `objectives.yaml` or in the policy, a window means the same promises."""
    (found,) = read(Recorded(places=(place,), planned=(work,)), None, at=NOON)

    assert found.planned == (found.ledger.window if whole else timedelta())


def test_recorded_work_explains_why_nothing_was_counted() -> None:
    """The rules leave planned time out: an objective that is worked on from its start has none."""
    (found,) = read(Recorded(places=(), planned=({"namespace": "shop"},)), None, at=NOON)

    assert (found.left, found.planned) == (None, found.ledger.window)
