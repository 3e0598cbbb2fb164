"""A store of which some parts were exchanged."""

from datetime import datetime, timedelta

from incidents.ports import Inbox, Journal, Leases, Outbox, Store, Texts


class ExchangedStore:
    """The whole store but for the parts that are given; its real time is `later` than it is."""

    def __init__(
        self,
        whole: Store,
        *,
        journal: Journal | None = None,
        inbox: Inbox | None = None,
        later: timedelta = timedelta(),
    ) -> None:
        self.journal: Journal = journal or whole.journal
        self.inbox: Inbox = inbox or whole.inbox
        self.texts: Texts = whole.texts
        self.outbox: Outbox = whole.outbox
        self.leases: Leases = whole.leases
        self._whole, self._later = whole, later
        self.ready, self.close = whole.ready, whole.close

    def now(self) -> datetime:
        return self._whole.now() + self._later
