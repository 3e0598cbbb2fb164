"""Keeping alerts back, and letting them go: what is kept is compared with the rules.

Nothing of it is remembered: what a crash left half done is found and finished at the next look.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from bot.app.loops.growth import grown
from bot.app.outlook import Outlook
from bot.app.whereto import Destination, Whereto
from incidents.aggregates import incident_number, incident_stream
from incidents.commands.incident import ComeForward, Hide, HideChild, ReportAlerts
from incidents.commands.kept import KeepOtherwise, ReleaseAlerts
from incidents.correlation import words
from incidents.desk import Desk
from incidents.errors import Conflict, Rejected
from incidents.hiding import hiding, near
from incidents.incident import Incident
from incidents.incident_rules import OCCURRENCE
from incidents.keeping import Firing, Rules, joined, sort
from incidents.kept import Kept, KeptAlert, judged, recent
from incidents.policy import Severity

log = structlog.get_logger()

AGAIN = timedelta(seconds=5)
"""How often alerts that are kept back are looked at while nothing happens to them."""


class Keeping:
    """Lets alerts go when nothing keeps them back any more, and hides what a parent explains.

    Used by one thread at a time.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._outlook = Outlook(desk)
        self._whereto = Whereto(desk)
        self._looked: dict[str, tuple[int, datetime]] = {}
        self._seen: int | None = None
        self._hides, self._hid_at = False, datetime.min.replace(tzinfo=UTC)
        self._changed, self._near = set[int](), set[int]()
        self._against: object = None

    def due(self, stream: str, version: int) -> bool:
        """Look at what is kept in a stream, unless that was just done."""
        now = self._desk.clock()
        looked = self._looked.get(stream)
        if looked is not None and looked[0] == version and now - looked[1] < AGAIN:
            return False
        self._looked[stream] = (version, now)
        if looked is None and self._release(self._desk.kept(stream)):
            return True
        return self.look(stream)

    def look(self, stream: str) -> bool:
        """Let go what nothing keeps back any more; return whether anything changed."""
        kept = self._desk.kept(stream)
        if not kept.alerts:
            self._looked.pop(stream, None)
            if not kept.lately:
                return False
        rules, now = self._outlook.rules(), self._desk.clock()
        there = (*kept.alerts.values(), *recent(kept, rules, now))
        alerts = [firing(one, kept) for one in there]
        destination = self._whereto.find(kept.key)
        if destination.open:
            fires = (one for one in alerts if not one.ended)
            return self._bring(kept, there, destination, joined(fires))
        if not kept.alerts:
            return False
        found = sort(alerts, rules, now)
        if found.opens:
            joining = joined(
                one for one in alerts if one.occurrence in found.joining and not one.ended
            )
            return self._bring(kept, there, destination, (*found.gathered, *joining))
        told = self._desk.tell(stream, KeepOtherwise(whys=tuple(found.kept.items())))
        listed = self._list(kept, rules)
        return bool(told.events) or listed

    def hide(self) -> bool:
        """Hide what another incident explains, and bring forward what none does any more.

        Only when something has happened since the last time; while a parent explains anything now
        and then, since planned work and snoozes begin and end without a word. What no parent
        explains is not looked at again until it, the parents or the policy have changed.
        """
        now = self._desk.clock()
        if not self._grown() and not (self._hides and now - self._hid_at >= AGAIN):
            return False
        # A look that breaks off is repeated, and looks at all of them then.
        self._hides = True
        changed, rules = False, self._outlook.rules()
        against, numbers = (rules.gathering, rules.parents), self._suspects(rules)
        self._against = None
        for number in numbers:
            command = self._look_at(number, rules, now)
            if command is not None:
                changed = self._tell_hidden(number, command) or changed
                # It may change what the next one rests on: two must not hide each other.
                rules = self._outlook.rules()
        self._near.intersection_update(self._outlook.among(self._near))
        self._hides = bool(self._near)
        self._against, self._hid_at = against, now
        return changed

    def _suspects(self, rules: Rules) -> Sequence[int]:
        """Return the open incidents of which something may have become another one's consequence.

        All of them, where what explains others is not as it was.
        """
        some = {*self._changed, *self._near}
        self._changed.clear()
        same = self._against == (rules.gathering, rules.parents)
        return self._outlook.among(some if same else None)

    def _look_at(self, number: int, rules: Rules, now: datetime) -> Hide | ComeForward | None:
        state = self._desk.incident(number)
        (self._near.add if near(state, rules) else self._near.discard)(number)
        return hiding(state, rules, now)

    def _tell_hidden(self, number: int, command: object) -> bool:
        try:
            told = self._desk.tell(incident_stream(number), command)
            if isinstance(command, Hide) and told.events:
                self._desk.tell(incident_stream(command.under), _child(told.state, command))
        except (Conflict, Rejected) as error:
            log.info("hidden later", incident=number, because=str(error))
            return False
        return bool(told.events)

    def _grown(self) -> bool:
        """Return whether anything has happened; the first time something may have."""
        if not self._desk.policy.gathering.inhibitions and self._seen is not None:
            return False
        if self._seen is None:
            self._seen = self._desk.journal.head().position
            return True
        streams, self._seen = grown(self._desk.journal, after=self._seen)
        found = [one for one in streams if one.startswith("incident-")]
        self._changed.update(map(incident_number, found))
        return bool(found)

    def _release(self, kept: Kept) -> bool:
        """Take out what an incident has already: a crash came between the two appends."""
        changed = False
        for number, names in self._taken(kept).items():
            command = ReleaseAlerts(occurrences=tuple(names), incident=number)
            changed = bool(self._desk.tell(kept.id, command).events) or changed
        return changed

    def _taken(self, kept: Kept) -> Mapping[int, Sequence[str]]:
        found = dict[int, list[str]]()
        for name in (*kept.alerts, *kept.lately):
            hold = self._desk.journal.hold(OCCURRENCE, name)
            if hold is not None:
                found.setdefault(incident_number(hold.stream), []).append(name)
        return found

    def _bring(
        self,
        kept: Kept,
        there: Sequence[KeptAlert],
        destination: Destination,
        gathered: tuple[tuple[str, str], ...],
    ) -> bool:
        """Bring what is kept, and what ended lately, into an incident, and then out of the list."""
        if not there:
            return False
        opened = self._desk.incident(destination.number).opened if destination.known else None
        report = ReportAlerts(
            number=destination.number,
            key=opened.key if opened else kept.key,
            place=kept.place,
            alerts=tuple(judged(one) for one in there),
            truncated=0,
            hold=self._desk.policy.hold,
            follows=destination.follows,
            gathered=gathered,
            reopen=destination.reopen,
        )
        self._desk.tell(destination.stream, report)
        names = tuple(one.occurrence for one in there)
        command = ReleaseAlerts(occurrences=names, incident=destination.number)
        return bool(self._desk.tell(kept.id, command).events)

    def _list(self, kept: Kept, rules: Rules) -> bool:
        """List what is hidden under the incidents that explain it."""
        changed = False
        there = {parent.number for parent in rules.parents}
        for one in self._desk.kept(kept.id).alerts.values():
            under = one.why.under
            if under is not None and under in there:
                changed = self._listed(kept.key, one, under) or changed
        return changed

    def _listed(self, key: str, one: KeptAlert, under: int) -> bool:
        if key in self._desk.incident(under).children:
            return False
        because = f"{one.why.because}: {one.fired.name} of {key}"
        command = HideChild(key=key, rule=one.why.rule, because=because)
        return bool(self._desk.tell(incident_stream(under), command).events)


def _child(hidden: Incident, command: Hide) -> HideChild:
    because = f"{hidden.label} is hidden: {command.because}"
    return HideChild(key=hidden.key, rule=command.rule, because=because)


def firing(one: KeptAlert, kept: Kept) -> Firing:
    """Return an alert that is kept as the rules look at it."""
    return Firing(
        occurrence=one.occurrence,
        name=one.fired.name,
        severity=Severity[one.fired.severity],
        words=words(dict(one.fired.labels), kept.place, kept.key),
        seen_at=one.kept_at,
        was=one.why,
        ended=one.ended is not None,
    )
