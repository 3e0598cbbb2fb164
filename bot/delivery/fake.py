"""A service that exists in memory, for tests: it delivers, and fails as it is told to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from bot.delivery.deliverer import Find, Hopeless, PutOff, Remote, Unknown
from incidents.journal import Item


class Fate(Enum):
    """What becomes of one request."""

    DELIVERED = "delivered"
    LOST_BEFORE = "lost on the way there"
    LOST_AFTER = "delivered, and the answer lost"
    LIMITED = "put off"
    LIMITED_EDITS = "put off, with all other edits"
    REFUSED = "refused"
    BROKEN = "the deliverer itself has a bug"
    KILLED_BEFORE = "the sender dies before the request leaves"
    KILLED_AFTER = "the sender dies after it was delivered"


class Killed(BaseException):
    """The process is gone: nothing catches this."""


@dataclass(slots=True, kw_only=True)
class FakeService:
    """Delivers anything; `fates` are taken one a request, and then all is well.

    `there` is what is outside by key, newest body; `made` counts how often each was made anew.
    """

    fates: list[Fate] = field(default_factory=list)
    there: dict[str, bytes] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    blind: bool = False

    def method(self, item: Item) -> str:
        """Return the kind, or `edit`: each has a limit of its own."""
        return "edit" if item.remote else item.kind

    def look(self, item: Item, _: Find) -> Remote | None:
        """Return the ids of what is there; raises PutOff while blind."""
        self.looks.append(item.key)
        if self.blind:
            message = "nobody answers"
            raise PutOff(message, seconds=1.0)
        return ids(item) if item.key in self.there and not item.remote else None

    def send(self, item: Item, _: Find) -> Remote:
        """Deliver, or not, as the next fate says."""
        self.requests.append(item.key)
        fate = self.fates.pop(0) if self.fates else Fate.DELIVERED
        if fate in {Fate.DELIVERED, Fate.LOST_AFTER, Fate.KILLED_AFTER}:
            self._deliver(item)
        if fate is not Fate.DELIVERED:
            error = _RAISED[fate]()
            raise error
        return ids(item)

    def _deliver(self, item: Item) -> None:
        if not item.remote:
            self.made[item.key] = self.made.get(item.key, 0) + 1
        self.there[item.key] = item.body


def ids(item: Item) -> Remote:
    """Return what the service calls it; a lane is a channel."""
    return {"channel": f"C-{item.lane}", "name": item.lane, "ts": item.key}


_RAISED: dict[Fate, Callable[[], BaseException]] = {
    Fate.LOST_BEFORE: lambda: Unknown("cut off"),
    Fate.LOST_AFTER: lambda: Unknown("cut off"),
    Fate.LIMITED: lambda: PutOff("too fast", seconds=7.0, method="message"),
    Fate.LIMITED_EDITS: lambda: PutOff("too fast", seconds=7.0, method="edit"),
    Fate.REFUSED: lambda: Hopeless("never"),
    Fate.BROKEN: lambda: KeyError("ts"),
    Fate.KILLED_BEFORE: Killed,
    Fate.KILLED_AFTER: Killed,
}
