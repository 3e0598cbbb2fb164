"""Leading: one process a role, handed on at once when it stops and soon when it dies."""

from dataclasses import dataclass, field

import pytest

from bot.app.leader import FOLLOW_EVERY, RENEW_EVERY, SECONDS, Leader
from bot.app.metrics import Metrics
from incidents.errors import Unavailable


@dataclass(slots=True)
class Leases:
    """The port of leases, on the clock of the test."""

    now: float = 0.0
    away: bool = False
    held: dict[str, tuple[str, float]] = field(default_factory=dict)

    def monotonic(self) -> float:
        """Return the seconds of this machine."""
        return self.now

    def acquire(self, name: str, *, holder: str, seconds: float) -> int | None:
        """Take or renew the lease."""
        self._reach()
        who, until = self.held.get(name, (holder, 0.0))
        if who != holder and self.now < until:
            return None
        self.held[name] = (holder, self.now + seconds)
        return 1

    def release(self, name: str, *, holder: str) -> None:
        """Give the lease back."""
        self._reach()
        if self.held.get(name, ("", 0.0))[0] == holder:
            del self.held[name]

    def _reach(self) -> None:
        if self.away:
            raise Unavailable


@pytest.fixture
def leases() -> Leases:
    """Make leases that nobody has."""
    return Leases()


def leader(leases: Leases, holder: str, *roles: str) -> Leader:
    """Return a process that may lead these roles."""
    return Leader(
        leases=leases, roles=roles, holder=holder, metrics=Metrics(), monotonic=leases.monotonic
    )


def test_of_two_processes_one_leads(leases: Leases) -> None:
    """Two would do everything twice; correctness survives it, Slack's limits do not."""
    first, second = leader(leases, "a", "desk"), leader(leases, "b", "desk")

    pauses = (first.renew(), second.renew())

    assert (first.leads("desk"), second.leads("desk")) == (True, False)
    assert pauses == (RENEW_EVERY, FOLLOW_EVERY)


def test_each_role_has_a_leader_of_its_own(leases: Leases) -> None:
    """Hands run in another pod than the desk, and a door leads nothing."""
    door, desk, hands = (
        leader(leases, "a"),
        leader(leases, "b", "desk"),
        leader(leases, "c", "hands"),
    )

    for one in (door, desk, hands):
        one.renew()

    assert (desk.leads("desk"), hands.leads("hands")) == (True, True)
    assert set(leases.held) == {"desk", "hands"}


def test_a_clean_stop_hands_over_at_once(leases: Leases) -> None:
    """Nobody waits for the lease of a process that said good-bye."""
    first, second = leader(leases, "a", "desk"), leader(leases, "b", "desk")
    first.renew()

    first.give_back()
    second.renew()

    assert (first.leads("desk"), second.leads("desk")) == (False, True)


def test_what_hangs_in_a_role_keeps_its_lease(leases: Leases) -> None:
    """Its request may still arrive: whoever looked for it at once would look too early."""
    first, second = (leader(leases, holder, "desk", "hands") for holder in "ab")
    first.renew()

    first.give_back(but={"hands"})
    second.renew()

    assert (first.leads("desk"), first.leads("hands")) == (False, False)
    assert (second.leads("desk"), second.leads("hands")) == (True, False)


def test_after_a_death_the_next_leads_within_ten_seconds(leases: Leases) -> None:
    """The lease, and the pause of whoever waits for it."""
    first, second = leader(leases, "a", "desk"), leader(leases, "b", "desk")
    first.renew()

    pause = second.renew()
    while not second.leads("desk"):
        leases.now += pause
        pause = second.renew()

    assert leases.now <= SECONDS + FOLLOW_EVERY < 10


def test_a_store_that_is_away_for_a_moment_costs_nothing(leases: Leases) -> None:
    """The lease still stands; giving the lead up would stop every loop for a hiccup."""
    first = leader(leases, "a", "desk")
    first.renew()

    leases.away, leases.now = True, RENEW_EVERY
    first.renew()

    assert first.leads("desk")


def test_a_lease_that_ran_out_counts_no_more(leases: Leases) -> None:
    """Also where nobody came round to renew it: another process may lead by now."""
    first = leader(leases, "a", "desk")
    first.renew()

    leases.now = SECONDS

    assert not first.leads("desk")


def test_a_stop_without_the_store_still_ends(leases: Leases) -> None:
    """The lease runs out by itself."""
    first = leader(leases, "a", "desk")
    first.renew()

    leases.away = True
    first.give_back()

    assert not first.leads("desk")
