"""What a source says in one delivery, and how sources are known."""

from dataclasses import dataclass
from typing import Protocol

from incidents.alert import Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """The alerts of one delivery; `truncated` counts those that the sender left out.

    `receiver` is the sender's own word: it does not stay the same for ever.
    """

    alerts: tuple[Alert, ...]
    truncated: int
    receiver: str


class Parse(Protocol):
    """Bytes to a notification."""

    def __call__(self, body: bytes, *, source: str) -> Notification:
        """Return what the body says; raises Unreadable and nothing else, whatever the bytes are.

        `source` is written into every alert, as in `alertmanager:prod`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A kind of sender: it posts to `/webhooks/<name>`, and `parse` reads what it posts."""

    name: str
    parse: Parse
