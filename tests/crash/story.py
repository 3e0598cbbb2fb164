"""The short story: one alert, one approved scale, one postmortem; it may begin anywhere."""

import json
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.app.main import App
from incidents.approval import ApprovalState
from incidents.catalogue.everywhere import RULES
from incidents.commands.run import SettleDoubt
from incidents.incident import Incident, Status
from incidents.journal import Aggregate
from incidents.run import Run, StepStatus
from tests.crash.stepped import SteppedClock
from tests.rehearsing import MOST_TURNS, Stage, get, post

RUNBOOK = Path(__file__).with_name("crash-story.yaml")
# One fact is looked at as twelve are, and twelve cost this story a tenth of its time.
UNSEEN = (rule.name for rule in RULES if not rule.firm and rule.name != "first-token-2s")
POLICY = f"acting: [crash-story]\nhold: 15s\narchive_after: 15s\nlive_off: [{', '.join(UNSEEN)}]\n"
STEP = 60.0
MOST_STEPS = 40
SOCKETS_WITHIN = 5.0
LOOK_EVERY = 0.02
LABELS = {
    "alertname": "RequestsQueue",
    "namespace": "llm-d",
    "model_name": "llama-3-70b",
    "role": "decode",
    "severity": "warning",
}
ANNOTATIONS = {"summary": "Requests queue up", "runbook_url": "https://runbooks.test/crash-story"}


class NeverEndsError(AssertionError):
    """The story does not come to its end."""


@dataclass(slots=True, kw_only=True)
class Play:
    """A desk turned by hand, and all that happens around it; `begun` is when the alert began."""

    stage: Stage
    app: App
    begun: datetime
    clock: SteppedClock
    patient_until: float
    ringing: bool = False
    calm: bool = False

    def to_the_end(self) -> None:
        """Let people, Prometheus and time go on until nothing more is to be done."""
        self.click()
        for _ in range(MOST_STEPS):
            self.turn()
            if self.over():
                self.finish()
                return
            self.happen()
            self.advance()
        message = f"the story does not end: {self.standing()}"
        raise NeverEndsError(message)

    def finish(self) -> None:
        """Hear nothing more, and do what was heard: Slack tells of the last archive, too."""
        if self.app.sockets is not None:
            self.app.sockets.stop()
        self.turn()

    def advance(self) -> None:
        """Let time pass; what the Alertmanagers tell meanwhile is answered when this returns."""
        said = post(f"{self.stage.control}/clock/advance", {"seconds": STEP})
        self.clock.moment = datetime.fromisoformat(said["time"])

    def turn(self) -> None:
        """Turn every loop until nothing more happens now."""
        turns = 0
        while turns < MOST_TURNS:
            if any([loop.once() for loop in self.app.loops]):  # noqa: C419  # each has its turn
                turns += 1
            elif not self.waits():
                return
        message = f"the loops do not come to rest: {self.standing()}"
        raise NeverEndsError(message)

    def waits(self) -> bool:
        """Return whether something outside waits for a real moment, after a short pause."""
        store = self.app.opened.store
        later = store.outbox.ready(store.now() + timedelta(minutes=10))
        if not later or time.monotonic() > self.patient_until:
            return False
        time.sleep(LOOK_EVERY)
        return True

    def over(self) -> bool:
        """Return whether the channel is archived."""
        return self.incident.archived

    def happen(self) -> None:
        """Do what people and Prometheus do at this moment."""
        self.ring()
        if self.asked():
            self.click()
        for run in self.runs():
            self.settle(run)

    def ring(self) -> None:
        """Let the alert begin, and end once something was done about it."""
        if not self.ringing:
            self.alert(self.begun + timedelta(hours=2))
            self.ringing = True
        done = self.incident.status is Status.MITIGATED or any(r.outcome for r in self.runs())
        if done and not self.calm:
            self.alert(self.clock.moment)
            self.calm = True

    def alert(self, ends_at: datetime) -> None:
        """Post the alert to both Alertmanagers, as Prometheus does."""
        starts, ends = self.begun.isoformat(), ends_at.isoformat()
        alert = {"labels": LABELS, "annotations": ANNOTATIONS, "startsAt": starts, "endsAt": ends}
        for address in self.stage.addresses["alertmanagers"]:
            send(f"{address}/api/v2/alerts", [alert])

    def click(self) -> None:
        """Approve, whenever there is a card to press: a person does not know what was heard."""
        if self.stage.button("approve") is None:
            return
        until = time.monotonic() + SOCKETS_WITHIN
        while self.stage.slack()["connections"] < 2 and time.monotonic() < until:
            time.sleep(LOOK_EVERY)
        self.stage.press("approve")
        self.turn()

    def asked(self) -> bool:
        """Return whether an approval is open."""
        rows = self.app.opened.store.journal.summaries(aggregate=Aggregate.APPROVAL)
        return any(row.state == ApprovalState.REQUESTED.value for row in rows)

    def settle(self, run: Run) -> None:
        """Settle a doubt as a person does: by a look at the cluster."""
        doubtful = [step for step in run.steps.values() if step.status is StepStatus.IN_DOUBT]
        for step in doubtful:
            looked = SettleDoubt(
                step=step.id, applied=bool(writes(self.stage)), by="alice", reason="I looked"
            )
            self.app.opened.desk.tell(run.id, looked)

    def runs(self) -> list[Run]:
        """Return the incident's runs."""
        rows = self.app.opened.store.journal.summaries(aggregate=Aggregate.RUN)
        return [self.app.opened.desk.run(row.stream) for row in rows]

    @property
    def incident(self) -> Incident:
        """Return the one incident."""
        return self.app.opened.desk.incident(1)

    def standing(self) -> str:
        """Return where everything stands, in one line."""
        rows = [
            row
            for aggregate in (Aggregate.INCIDENT, Aggregate.RUN, Aggregate.APPROVAL)
            for row in self.app.opened.store.journal.summaries(aggregate=aggregate)
        ]
        return ", ".join(f"{row.stream} is {row.state}" for row in rows) or "nothing happened"


def send(address: str, alerts: Sequence[Mapping[str, object]]) -> None:
    """Post alerts to an Alertmanager, which answers with nothing."""
    body = json.dumps(alerts).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, body, headers)  # noqa: S310  # loopback
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  # loopback


def writes(stage: Stage) -> list[Mapping[str, Any]]:
    """Return the requests that changed the cluster."""
    calls = get(f"{stage.addresses['kubernetes']}/control/calls")["calls"]
    return [call for call in calls if call["written"]]
