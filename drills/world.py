"""The world: clock, rehearsal and stand-ins together, run in life's time, faster, or by steps.

`python -m drills.world` runs one as a process of its own; see `drills/arguments.py`.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drills import control, facts
from drills.alertmanager.config import Webhook
from drills.clock import WorldClock, far_enough_in_the_past
from drills.faults import AnyFault
from drills.host import Door, Host
from drills.kubernetes import app as kubernetes_app
from drills.prometheus import app as prometheus_app
from drills.prometheus.faults import Down, Faults
from drills.prometheus.rules import RuleGroups
from drills.rehearsal import GRID, Rehearsal
from drills.ringing import Ringing
from drills.slack import app as slack_app
from drills.slack.serving import CuttableProtocol
from drills.slack.workspace import Workspace
from drills.stories import named
from incidents.default_policy import default_policy

ALERTMANAGERS = ("alertmanager-0", "alertmanager-1")

# How often, in real seconds, a running world looks whether something became due.
_LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the stand-ins answer; all on loopback, without a slash at the end but Slack's API."""

    slack_api: str
    slack_console: str
    kubernetes: str
    prometheus: str
    alertmanagers: tuple[str, ...]
    control: str


class World:
    """One world; `start` serves it, `stop` ends it, and it may begin again between the two.

    rate: world seconds per real second; 0 is stepped: only `advance` lets time pass.
    story: a name in drills/stories.py.
    alertmanagers: addresses of real ones, to be rung instead of the stand-ins.
    gossip: whether the two stand-ins know of each other; else both tell everything.
    Raises ValueError for an unknown story and for a negative rate.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        rate: float = 0.0,
        story: str = "kv-cache",
        start: datetime | None = None,
        alertmanagers: Sequence[str] = (),
        gossip: bool = False,
    ) -> None:
        self.clock = WorldClock(start or far_enough_in_the_past(), 0.0)
        self.ended = threading.Event()
        self._start = self.clock.now()
        self._seed, self._story = seed, named(story)
        self._rate = rate
        self._real_alertmanagers = tuple(alertmanagers)
        self._lock = threading.RLock()
        self._shown: RuleGroups | None = None
        self._prometheus_faults = Faults()
        # A team that lets the desk announce has these channels: the policy names them.
        announced_in = [one.channel for one in default_policy().demands.values()]
        self.slack = Workspace(now=lambda: datetime.now(UTC), announced_in=announced_in)
        self._doors = self._new_doors()
        self._host = Host(self._doors)
        self.addresses = self._name_addresses()
        first, second = (self._host.addresses[name] for name in ALERTMANAGERS)
        self._ringing = Ringing(
            (first, second), now=self.clock.now, real=alertmanagers, gossip=gossip
        )
        self._begin()
        self._ticker = threading.Thread(target=self._tick, name="world", daemon=True)

    def start(self) -> None:
        """Serve all addresses and let the clock run at its rate."""
        self._host.start()
        self.clock.set_rate(self._rate)
        self._ticker.start()

    def stop(self) -> None:
        """End everything within two seconds; a stopped world does not start again."""
        self.ended.set()
        # First, because a step under way may wait for a notification that nobody answers.
        self._ringing.close()
        self._host.stop()
        if self._ticker.is_alive():
            self._ticker.join(_LOOK_EVERY * 4)

    def end(self) -> None:
        """Ask for the end: `ended` is set, and whoever waits for it calls `stop`."""
        self.ended.set()

    def advance(self, seconds: float) -> datetime:
        """Let world time pass at once, and return when all that became due has happened.

        That includes the notifications: each was answered, or has failed. Returns the new time.
        Raises ValueError for a step into the future of real time.
        """
        with self._lock:
            target = self.clock.now() + timedelta(seconds=seconds)
            if target > datetime.now(UTC):
                message = f"the world would pass real time: {target.isoformat()}"
                raise ValueError(message)
            while self._next <= target and not self.ended.is_set():
                self._clock_to(self._next)
                self._step()
                self._ringing.settle()
            return self._clock_to(target)

    def reset(self, *, seed: int | None = None, story: str | None = None) -> None:
        """Begin again: a fresh world at the same addresses, at the first moment, without faults.

        Connections stay open, and so do the webhook's address and token.
        """
        with self._lock:
            self._seed = self._seed if seed is None else seed
            self._story = self._story if story is None else named(story)
            self.clock.reset(self._start)
            self.slack.reset()
            self._begin()

    def put(self, fault: AnyFault) -> None:
        """Let a fault begin now."""
        with self._lock:
            self._rehearsal.put(fault)
            self._show_prometheus()

    def clear(self, kind: str) -> None:
        """Let a fault end now."""
        with self._lock:
            self._rehearsal.clear(kind)
            self._show_prometheus()

    def call(self, webhook: Webhook) -> None:
        """Point the Alertmanagers at a receiver."""
        self._ringing.call(webhook)

    def let_gossip(self, gossip: bool) -> None:  # noqa: FBT001  it is the value that is set
        """Let the Alertmanagers know of each other, or not."""
        self._ringing.let_gossip(gossip)

    def state(self) -> Mapping[str, object]:
        """Return what is true, for checkers."""
        with self._lock:
            moment, rate = self.clock.reading()
            known = {"time": moment.isoformat(), "rate": rate, "seed": self._seed}
            return {**known, **facts.of(self._rehearsal), **self._ringing.facts()}

    def _new_doors(self) -> Mapping[str, Door]:
        slack = Door(slack_app.build(self.slack), alive=True, protocol=CuttableProtocol)
        names = ("kubernetes", "prometheus", *ALERTMANAGERS)
        others = {name: Door(control.nothing) for name in names}
        return {"slack": slack, "control": Door(control.build(self)), **others}

    def _name_addresses(self) -> Addresses:
        at = self._host.addresses
        stand_ins = tuple(at[name] for name in ALERTMANAGERS)
        return Addresses(
            slack_api=f"{at['slack']}/api/",
            slack_console=at["slack"],
            kubernetes=at["kubernetes"],
            prometheus=at["prometheus"],
            alertmanagers=self._real_alertmanagers or stand_ins,
            control=at["control"],
        )

    def _begin(self) -> None:
        self._rehearsal = Rehearsal(
            seed=self._seed,
            start=self._start,
            now=self.clock.now,
            story=self._story,
            # A real Alertmanager lives in real time: an end in the world's would be long past.
            open_ends=bool(self._real_alertmanagers),
        )
        self._next = self._start + GRID
        self._doors["kubernetes"].app = kubernetes_app.build(self._rehearsal.cluster)
        self._show_prometheus()
        for name, app in zip(ALERTMANAGERS, self._ringing.begin(), strict=True):
            self._doors[name].app = app

    def _tick(self) -> None:
        while not self.ended.wait(_LOOK_EVERY):
            while self._step_if_due() and not self.ended.is_set():
                pass

    def _step_if_due(self) -> bool:
        # The lock is let go between two steps: a world that runs late still answers.
        with self._lock:
            due = self._next <= self.clock.now()
            if due:
                self._step()
            return due

    def _step(self) -> None:
        at, self._next = self._next, self._next + GRID
        alerts = self._rehearsal.step(at)
        self._show_prometheus()
        self._ringing.ring(alerts)
        self._ringing.tick(at)

    def _show_prometheus(self) -> None:
        rehearsal = self._rehearsal
        # A server that comes back is a new one over the old samples.
        if self._shown is not rehearsal.groups:
            self._shown = rehearsal.groups
            app = prometheus_app.build(rehearsal.store, rehearsal.groups, self.clock.now)
            self._doors["prometheus"].app = app
            self._prometheus_faults = app.state.faults
        causes = rehearsal.causes
        answers = causes.prometheus_runs and causes.prometheus_reachable
        self._prometheus_faults.down = None if answers else Down.CLOSED

    def _clock_to(self, moment: datetime) -> datetime:
        # A running clock may be past it already.
        ahead = (moment - self.clock.now()).total_seconds()
        return self.clock.advance(max(0.0, ahead))


if __name__ == "__main__":
    import os

    from drills.arguments import main

    # Not by sys.exit: a notification that nobody answers must not keep the process.
    os._exit(main(World))
