"""Twins: a proof of silence says what would make it ring, or rings as the first proof does."""

from dataclasses import replace

import pytest

from cluster.rules import twins
from cluster.rules.proving import GONE, always, minutes
from cluster.rules.rule import Alert, Proof

RINGS = Proof(title="full", series={"usage": always(9)}, at=minutes(5), fires={"pod": "a"})
STILL = Proof(title="half full", series={"usage": always(5)}, at=minutes(7))


def alert(*proofs: Proof) -> Alert:
    """Return an alert with these proofs."""
    return Alert(
        name="Full", expr="usage > 8", severity="page", summary="", description="", proofs=proofs
    )


def test_a_twin_has_the_values_by_which_the_alert_rings() -> None:
    """The same series at the same moment: only the value differs."""
    ((still, rings),) = twins.pairs(alert(RINGS, STILL))

    assert still == STILL
    assert rings == replace(RINGS, title="not so: half full", at=minutes(7))


def test_a_proof_says_itself_what_would_make_it_ring() -> None:
    """Not every silence ends by what the first proof shows."""
    other = {"usage": GONE, "reserve": always(9)}
    unlike = replace(STILL, unless=other, then={"pod": "b"})

    ((_, rings),) = twins.pairs(alert(RINGS, unlike))

    assert (rings.series, rings.fires) == (other, {"pod": "b"})


def test_a_twin_that_is_proven_already_is_not_proven_again() -> None:
    """Promtool's minutes are everybody's."""
    absent = Proof(title="nothing", series={}, at=RINGS.at)

    assert twins.proofs(alert(RINGS, absent)) == (RINGS, absent)
    assert len(twins.proofs(alert(RINGS, STILL))) == 3


def test_silence_without_anything_that_rings_is_refused() -> None:
    """It would be proven by any name that nobody reads."""
    with pytest.raises(ValueError, match="no proof of Full rings"):
        list(twins.pairs(alert(STILL)))


def test_what_always_rings_needs_no_twin() -> None:
    """The Watchdog never keeps still."""
    assert twins.proofs(alert(RINGS)) == (RINGS,)
