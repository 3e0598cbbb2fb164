"""Whatever happens, every alert that fires is in exactly one place, and nothing is forgotten."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from incidents.gathering import Flapping, Threshold
from incidents.incident import Status
from incidents.incident_rules import due
from incidents.journal import Aggregate
from incidents.maintenance import Interval, Once, Window
from incidents.patterns import Which
from storage.memory import MemoryStore
from tests.bot.intake.gathering import DOWN, RESTARTS, SLOW, Desk

names = st.sampled_from((DOWN, SLOW, RESTARTS, "Other"))
models = st.sampled_from(("", "a", "b"))
priorities = st.sampled_from(("", "P0", "P1", "P2"))
THREE = Threshold(
    name="restarts", which=Which(alerts=(RESTARTS,)), count=3, within=timedelta(minutes=10)
)


class Gathering(RuleBasedStateMachine):
    """Alerts fire, are repeated and end, while people snooze, plan work and restart the desk."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(store=MemoryStore())
        self.desk.rules(thresholds=(THREE,), flapping=Flapping(times=2))
        self.worst: dict[int, str] = {}
        self.pods = 0

    @rule(name=names, model=models, priority=priorities)
    def fire(self, name: str, model: str, priority: str) -> None:
        self.pods += 1
        self.desk.fires(name, model=model, pod=f"p{self.pods}", priority=priority)

    @rule(data=st.data())
    @precondition(lambda self: self.desk.occurrences)
    def repeat(self, data: st.DataObject) -> None:
        self.desk.again(data.draw(st.sampled_from(sorted(self.desk.occurrences))))

    @rule(data=st.data())
    @precondition(lambda self: self.desk.occurrences)
    def end(self, data: st.DataObject) -> None:
        self.desk.ends(data.draw(st.sampled_from(sorted(self.desk.occurrences))))

    @rule(name=names, minutes=st.integers(min_value=1, max_value=40))
    def snooze(self, name: str, minutes: int) -> None:
        self.desk.snooze(name, minutes=minutes)

    @rule(model=models, minutes=st.integers(min_value=1, max_value=40))
    def plan_work(self, model: str, minutes: int) -> None:
        end = self.desk.now + timedelta(minutes=minutes)
        when = Once(interval=Interval(start=self.desk.now, end=end))
        which = Which(labels=(("model", model),))
        self.desk.rules(maintenance=(Window(name="w", which=which, when=when, reason="nodes"),))

    @rule(minutes=st.sampled_from((1, 4, 11, 35)))
    def wait(self, minutes: int) -> None:
        self.desk.turn(minutes=minutes)

    @rule()
    def restart(self) -> None:
        self.desk.restart()

    @invariant()
    def every_firing_alert_is_in_exactly_one_place(self) -> None:
        self.desk.turn()
        places = self.desk.places()
        assert {one: sum(found) for one, found in places.items()} == dict.fromkeys(places, 1)

    @invariant()
    def no_open_incident_is_without_its_next_moment(self) -> None:
        for one in self.desk.incidents:
            if one.status is not Status.RESOLVED:
                assert due(one, self.desk.policy) is not None
        kept = self.desk.store.journal.summaries(aggregate=Aggregate.KEPT, open_only=True)
        assert all(row.next_due is not None for row in kept)

    @invariant()
    def no_two_incidents_are_open_for_one_key(self) -> None:
        still = [one.key for one in self.desk.incidents if one.status is not Status.RESOLVED]
        assert len(still) == len(set(still))

    @invariant()
    def severity_never_falls(self) -> None:
        for one in self.desk.incidents:
            assert one.severity.value <= self.worst.get(one.number, "P3")
            self.worst[one.number] = one.severity.value

    @invariant()
    def what_is_hidden_has_a_parent_that_is_not(self) -> None:
        by_number = {one.number: one for one in self.desk.incidents}
        for one in self.desk.incidents:
            if one.under is not None:
                parent = by_number[one.under]
                fired = [o.fired.name for o in one.alerts.values() if o.ends_at is None]
                assert not fired or (parent.under is None and parent.status is not Status.RESOLVED)

    @invariant()
    def nothing_is_set_aside_or_left_pending(self) -> None:
        assert (self.desk.store.inbox.pending(), self.desk.aside) == ([], [])

    def teardown(self) -> None:
        """Hold that everything opens in the end that goes on firing, and nothing else does."""
        below = {one for one in self.desk.occurrences if one.startswith(RESTARTS)}
        self.desk.rules(maintenance=())
        self.desk.turn(minutes=41)
        places = self.desk.places()
        hidden = {n for row in self._kept() for n in row}
        for one, (incident, kept) in places.items():
            assert incident or (kept and (one in below or hidden)), one

    def _kept(self) -> list[list[str]]:
        rows = self.desk.store.journal.summaries(aggregate=Aggregate.KEPT, open_only=True)
        return [
            [
                one.why.rule
                for one in self.desk.desk.kept(row.stream).alerts.values()
                if one.why.under
            ]
            for row in rows
        ]


Gathering.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestGathering = Gathering.TestCase
