"""The times of a story: world time that moves by hand, and a real time that a restart has cost."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.app.between import Between
from bot.app.opening import Opened
from incidents.desk import Desk
from tests.crash.exchanged import ExchangedStore


class SteppedClock:
    """World time; it stands where it was set, so that nobody has to ask the world."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


def stepped(clock: SteppedClock, inner: Between, *, later: timedelta) -> Between:
    """Let the desk live by this clock, and find that it is so much later in real time."""

    def exchange(opened: Opened) -> Opened:
        store = ExchangedStore(opened.store, later=later)
        desk = Desk(journal=store.journal, policy=opened.configuration.policy, clock=clock)
        return inner.opened(replace(opened, store=store, clock=clock, desk=desk))

    return Between(opened=exchange, tools=inner.tools, deliverer=inner.deliverer)
