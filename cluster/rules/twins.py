"""Proofs of silence and their twins: the same series with other values, and the alert rings.

Silence alone proves little: an alert keeps still on a misspelt series, too. In its twin it must
ring at the same moment, so that a name that nothing reads is found out.
"""

from collections.abc import Iterator
from dataclasses import replace

from cluster.rules.rule import Alert, Proof


def pairs(alert: Alert) -> Iterator[tuple[Proof, Proof]]:
    """Yield each proof of silence with its twin; raises ValueError where nothing ever rings."""
    rings = next((proof for proof in alert.proofs if proof.fires is not None), None)
    for proof in alert.proofs:
        if proof.fires is not None:
            continue
        if rings is None:
            message = f"no proof of {alert.name} rings, so that its silence proves nothing"
            raise ValueError(message)
        yield proof, _twin(proof, rings)


def proofs(alert: Alert) -> tuple[Proof, ...]:
    """Return what is tested of the alert: its proofs, and the twins that are none of them yet."""
    twins = [twin for _, twin in pairs(alert) if not any(_same(twin, one) for one in alert.proofs)]
    return (*alert.proofs, *twins)


def _twin(proof: Proof, rings: Proof) -> Proof:
    """Return the proof with the values by which it rings: its own, or those of `rings`."""
    other = rings.series if proof.unless is None else proof.unless
    return replace(
        proof,
        title=f"not so: {proof.title}",
        series={**proof.series, **other},
        fires=rings.fires if proof.then is None else proof.then,
        unless=None,
        then=None,
    )


def _same(one: Proof, other: Proof) -> bool:
    return replace(one, title=other.title) == other
