"""The inbox's loop: hands kept deliveries to what handles them, and sets poison aside."""

from collections.abc import Callable, Mapping, Sequence

import structlog

from incidents.errors import Unavailable
from incidents.journal import Delivery
from incidents.ports import Inbox

log = structlog.get_logger()

BATCH = 500
ATTEMPTS = 3
WAIT_SECONDS = 1.0

Handler = Callable[[Sequence[Delivery]], None]
"""Makes every delivery done or sets it aside; when it raises, some are still pending."""

SetAside = Callable[[Delivery, str], None]
"""Tells people about a delivery that nothing can handle, with the reason, and sets it aside."""


class InboxLoop:
    """Hands pending deliveries, 500 at a time, to handlers by the first word of their source."""

    name = "inbox"

    def __init__(
        self, *, inbox: Inbox, handlers: Mapping[str, Handler], unhandled: SetAside
    ) -> None:
        self._inbox, self._handlers, self._unhandled = inbox, handlers, unhandled

    def once(self) -> bool:
        """Handle what is pending; return whether there was anything.

        Raises Unavailable when the store is away: nobody is to blame for that.
        """
        pending = self._inbox.pending(limit=BATCH)
        for word, deliveries in _by_word(pending).items():
            self._together(self._handlers.get(word, _nobody), deliveries)
        return bool(pending)

    def wait(self) -> None:
        """Wait for a delivery, one real second at most."""
        self._inbox.wait(timeout=WAIT_SECONDS)

    def _together(self, handler: Handler, deliveries: Sequence[Delivery]) -> None:
        try:
            handler(deliveries)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one delivery must not stop the others
            log.warning("deliveries are handled one by one", because=_named(error))
            for delivery in deliveries:
                self._alone(handler, delivery)

    def _alone(self, handler: Handler, delivery: Delivery) -> None:
        try:
            handler([delivery])
        except Unavailable:
            raise
        except Exception as error:
            attempts = self._inbox.failed(delivery.inbox_id)
            log.exception("delivery failed", delivery=delivery.inbox_id, attempts=attempts)
            if attempts >= ATTEMPTS:
                self._give_up(delivery, _named(error))

    def _give_up(self, delivery: Delivery, because: str) -> None:
        try:
            self._unhandled(delivery, because)
        except Unavailable:
            raise
        except Exception:
            # Out of the line at least, where `triaged inbox aside` shows it.
            log.exception("nobody could be told", delivery=delivery.inbox_id)
            self._inbox.set_aside(delivery.inbox_id, because=because)


def _by_word(deliveries: Sequence[Delivery]) -> Mapping[str, Sequence[Delivery]]:
    found = dict[str, list[Delivery]]()
    for one in deliveries:
        found.setdefault(one.source.partition(":")[0], []).append(one)
    return found


def _nobody(deliveries: Sequence[Delivery]) -> None:
    message = f"nothing handles deliveries from {deliveries[0].source}"
    raise LookupError(message)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
