"""The freeze: while a scope is frozen, nothing in it can be claimed."""

from dataclasses import replace

import pytest

from incidents.commands.desk import DeskCommand, Freeze, Thaw
from incidents.decision import Decision
from incidents.errors import Rejected
from incidents.events.desk import Frozen, Thawed
from incidents.freeze import ALL, FreezeState, decide, evolve
from incidents.journal import Release, Take
from tests.builders import NOON, later

FREEZE = Freeze(scope=ALL, by="ann", reason="a migration")
THAW = Thaw(scope=ALL, by="ben", reason="it is done")
FROZEN = Frozen(scope=ALL, by="ann", reason="a migration")
THAWED = Thawed(scope=ALL, by="ben", reason="it is done")
OTHER = Frozen(scope="llm-d", by="ann", reason="an upgrade")
STANDING = evolve(FreezeState(), FROZEN, NOON)


def test_a_freeze_takes_the_hold_that_claims_require_to_be_free() -> None:
    """It works in the append itself: no claim can slip through beside it."""
    assert decide(FreezeState(), FREEZE) == Decision(
        events=(FROZEN,), take=(Take(kind="frozen", key="all"),)
    )


def test_a_thaw_gives_the_hold_back() -> None:
    """Whoever froze need not be the one who thaws."""
    assert decide(STANDING, THAW) == Decision(
        events=(THAWED,), release=(Release(kind="frozen", key="all"),)
    )


@pytest.mark.parametrize(
    ("state", "command", "reason"),
    [
        pytest.param(STANDING, FREEZE, "all was frozen by ann: a migration", id="frozen"),
        pytest.param(FreezeState(), THAW, "all is not frozen", id="thawed"),
    ],
)
def test_what_is_so_already_is_refused(
    state: FreezeState, command: DeskCommand, reason: str
) -> None:
    """Whoever freezes twice must learn whose reason stands."""
    with pytest.raises(Rejected) as refused:
        decide(state, command)

    assert str(refused.value) == reason


def test_scopes_are_frozen_apart() -> None:
    """A namespace stays frozen when everything else is thawed."""
    state = evolve(evolve(STANDING, OTHER, later(1)), THAWED, later(2))

    assert state == FreezeState(
        version=3, frozen={"llm-d": OTHER}, opened_at=NOON, updated_at=later(2)
    )


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        pytest.param(
            replace(FREEZE, scope="no such ns!"),
            "'no such ns!' is neither all nor the name of a namespace",
            id="no-namespace",
        ),
        pytest.param(replace(FREEZE, reason=" "), "say why: others will read it", id="no-reason"),
    ],
)
def test_a_freeze_that_protects_nothing_is_refused(command: Freeze, reason: str) -> None:
    """A mistyped scope reads as safety at three in the morning."""
    with pytest.raises(Rejected) as refused:
        decide(FreezeState(), command)

    assert str(refused.value) == reason
