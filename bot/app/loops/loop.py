"""A loop: does what is ready, then waits until there may be more."""

from typing import Protocol


class Loop(Protocol):
    """One of the desk's loops; `once` may be called from one thread at a time."""

    name: str

    def once(self) -> bool:
        """Do what is ready now; return whether anything was done.

        Whatever goes wrong with one thing is recorded there and does not stop the others;
        Unavailable is raised when nothing can be done at all for now.
        """

    def wait(self) -> None:
        """Wait until there may be something to do, one real second at most."""
