"""The port through which checks send a declared prompt, and what they learn of its answer."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from cluster.drift.intended import Canary
from cluster.targets.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What is sent for a target: the canary of its model, under the name that requests use."""

    model: str
    canary: Canary


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is kept of an answer, whose text is foreign and never kept.

    `begins` tells whether it begins as it should, `digest` is the SHA-256 of all of it as
    hexadecimal digits. `pieces` came one after the other: the `first` after so long, None where
    there was none, and `between` two of them lay so much on the mean, None of fewer than two.
    """

    begins: bool
    digest: str
    pieces: int
    first: timedelta | None
    between: timedelta | None


class Canaries(Protocol):
    """Knows the prompts that are declared, and sends them."""

    def of(self, target: Target) -> Sent | None:
        """Return what is declared for the target's model, None where nothing is."""

    def ask(self, address: str, sent: Sent) -> Answer:
        """Send it once to `http://10.0.0.7:8000`, greedy, and read the answer as it streams.

        Raises Rejected for who does not answer such requests, Unavailable where no whole answer
        came in time.
        """


class NoCanaries:
    """Where nothing is declared."""

    def of(self, target: Target) -> None:
        """Return nothing."""

    def ask(self, address: str, sent: Sent) -> Answer:
        """Never be called: nothing was declared."""
        raise NotImplementedError
