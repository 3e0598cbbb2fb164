"""An office whose clock's loop turns, too: what is kept back, and where every occurrence is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from alert_webhooks.fingerprint import fingerprint
from bot.app.kept_listing import lines, listing
from bot.app.loops.due import DueLoop
from bot.app.loops.pause import Pause
from incidents.alert import occurrence
from incidents.commands.snooze import Snooze
from incidents.gathering import Gathering
from incidents.journal import Aggregate
from incidents.patterns import Which
from incidents.snooze import snooze_stream
from incidents.timeline import rows
from tests.alert_webhooks.bodies import alert, body, resolved
from tests.bot.intake.desks import Office

DOWN, SLOW, RESTARTS = "EPPNoReadyEndpoints", "LLMDHighTTFT", "KubePodCrashLooping"


def moment(now: datetime) -> str:
    """Return a moment as Alertmanager writes it."""
    return now.isoformat().replace("+00:00", "Z")


@dataclass(kw_only=True)
class Desk(Office):
    """An office with the clock's loop; `occurrences` is what fires by now."""

    occurrences: dict[str, dict[str, Any]] = field(default_factory=dict)

    def restart(self) -> None:
        """Forget everything that only memory holds."""
        super().restart()
        self.pause = Pause(journal=self.store.journal, seconds=0)
        self.due = DueLoop(desk=self.desk, write_postmortem=lambda _: False, pause=self.pause)

    def rules(self, **changes: Any) -> None:
        """Let other rules be in force, as a changed policy does."""
        gathering: Gathering = replace(self.policy.gathering, **changes)
        self.policy = replace(self.policy, gathering=gathering)
        self.desk.policy = self.policy

    def fires(self, name: str, *, model: str = "m", pod: str = "", **labels: str) -> str:
        """Let an alert begin to fire now and deliver it; return what names it here."""
        known = f"{name}/{model}/{pod}/{len(self.occurrences)}"
        said = {"alertname": name, "model_name": model, "pod": pod, "severity": "warning"}
        self.occurrences[known] = alert(
            labels={**said, **labels},
            fingerprint=fingerprint({"alertname": name, "model": model, "pod": pod, **labels}),
            startsAt=moment(self.now),
        )
        self.again(known)
        return known

    def again(self, known: str) -> None:
        """Deliver again what fires."""
        self.deliver(body(self.occurrences[known]))
        self.turn()

    def ends(self, known: str) -> None:
        """Let an alert end now."""
        one = self.occurrences.pop(known)
        ended = resolved(**{**one, "endsAt": moment(self.now)})
        self.deliver(body(ended))
        self.turn()

    def turn(self, **span: float) -> None:
        """Let time pass, and the clock's loop turn until it has nothing to do."""
        self.now += timedelta(**span)
        for _ in range(50):
            if not self.due.once():
                return
        message = "the clock's loop never rests"
        raise AssertionError(message)

    def snooze(self, *alerts: str, minutes: float = 30) -> None:
        """Let a person snooze alerts of these names."""
        found = self.store.journal.summaries(aggregate=Aggregate.SNOOZE)
        command = Snooze(
            number=len(found) + 1,
            which=Which(alerts=alerts),
            until=self.now + timedelta(minutes=minutes),
            by="ada",
            reason="a load test",
        )
        self.desk.tell(snooze_stream(len(found) + 1), command)

    @property
    def kept(self) -> Sequence[str]:
        """Return what is kept back, as people read it."""
        return list(lines(list(listing(self.desk))))

    def told(self, number: int, *kinds: str) -> Sequence[str]:
        """Return what the timeline of an incident says about these kinds of events."""
        return [row.text for row in rows(self.desk.history(number)) if row.kind in kinds]

    def places(self) -> dict[str, tuple[bool, bool]]:
        """Return of everything that fires whether an incident has it, and whether a list has."""
        rows_ = self.store.journal.summaries(aggregate=Aggregate.KEPT)
        incidents = {name for one in self.incidents for name in one.alerts}
        kept = {name for row in rows_ for name in self.desk.kept(row.stream).alerts}
        found = dict[str, tuple[bool, bool]]()
        for known, one in self.occurrences.items():
            began = datetime.fromisoformat(one["startsAt"])
            name = occurrence(one["fingerprint"], began)
            found[known] = (name in incidents, name in kept)
        return found
