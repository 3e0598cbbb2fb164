"""Intake: turns kept deliveries into commands to incidents."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from alert_webhooks.arrival import OVERSIZED
from alert_webhooks.notification import Source
from alert_webhooks.unreadable import Unreadable
from bot.app import intake_trouble
from bot.app.intake_bounds import annotations, kept
from bot.app.intake_routes import Route, Routes
from bot.app.intake_sight import Holder
from bot.app.intake_trouble import Trouble
from bot.app.intake_units import Choose, Reading, Unit, judgement, units
from bot.app.loops.inbox import Handler
from incidents.commands.incident import ReportAlerts
from incidents.commands.kept import KeepAlerts, ToKeep, Why
from incidents.desk import Desk
from incidents.errors import Conflict
from incidents.incident import Incident
from incidents.incident_rules import OPEN_INCIDENT
from incidents.journal import Delivery

log = structlog.get_logger()

TRIES = 8
NO_WHY = Why(rule="", because="")
"""Of what is kept back already, or has ended: it needs no reason."""


class Line(Protocol):
    """Where deliveries wait: what of the inbox is needed here."""

    def done(self, inbox_ids: Sequence[int]) -> None:
        """Mark deliveries done that needed no append."""

    def set_aside(self, inbox_id: int, *, because: str) -> None:
        """Take a delivery out of the line, visibly."""


class Pages(Protocol):
    """Where annotations are kept: what of the texts is needed here."""

    def keep(self, texts: Sequence[str]) -> Sequence[str]:
        """Commit the texts and return their keyed digests, in order."""


class Judging(Protocol):
    """Judges alerts that are new by what was to be seen."""

    def of(self, units: Sequence[Unit], *, known: Holder) -> tuple[Unit, ...]:
        """Return the units with those judged again that are new, the worst first."""


class Intake:
    """Turns deliveries into incidents; used by one thread at a time."""

    def __init__(
        self,
        *,
        desk: Desk,
        inbox: Line,
        texts: Pages,
        sources: Mapping[str, Source],
        choose: Choose,
        sight: Judging | None = None,
    ) -> None:
        self._sight = sight
        self._desk, self._inbox, self._texts = desk, inbox, texts
        self._sources, self._choose = sources, choose
        self._routes = Routes(desk)

    def handlers(self) -> Mapping[str, Handler]:
        """Return what handles deliveries, by the first word of their source."""
        return {**dict.fromkeys(self._sources, self.alerts), OVERSIZED: self.oversized}

    def alerts(self, deliveries: Sequence[Delivery]) -> None:
        """Turn deliveries of alert sources into incidents, the worst alert first.

        Every delivery is done or set aside afterwards. Safe to repeat; raises whatever storage
        and rules raise, and then some deliveries are still pending.
        """
        self._routes.begin()
        readings, troubles = self._read(deliveries)
        filed = units(readings, policy=self._desk.policy, choose=self._choose)
        self._routes.expect([one.alert.occurrence for x in filed for one in x.candidates])
        if self._sight is not None:
            filed = self._sight.of(filed, known=self._routes.holder)
        digests = self._keep_texts(filed)
        for unit in filed:
            self._file(unit, digests)
        reported = {inbox_id for unit in filed for inbox_id in unit.deliveries}
        kept = [one.delivery.inbox_id for one in readings]
        # Nothing in these may open an incident.
        self._inbox.done([inbox_id for inbox_id in kept if inbox_id not in reported])
        for delivery, trouble in troubles:
            self.report(delivery, trouble)

    def oversized(self, deliveries: Sequence[Delivery]) -> None:
        """Let a person know of bodies above the cap; each is set aside afterwards."""
        for delivery in deliveries:
            self.report(delivery, intake_trouble.too_large(len(delivery.body)))

    def unhandled(self, delivery: Delivery, because: str) -> None:
        """Let a person know of a delivery that nothing can handle, and set it aside."""
        self.report(delivery, intake_trouble.unhandled(because))

    def report(self, delivery: Delivery, trouble: Trouble) -> None:
        """Count the delivery in its sender's open incident, or open one, and set it aside."""
        self.count(delivery, trouble)
        because = kept(f"{trouble.reason}: {trouble.detail}")
        self._inbox.set_aside(delivery.inbox_id, because=because)
        log.warning("delivery set aside", delivery=delivery.inbox_id, because=because)

    def count(self, delivery: Delivery, trouble: Trouble) -> None:
        """Count the delivery in its sender's open incident, or open one."""
        if self._counts(intake_trouble.key(delivery)):
            now = self._desk.clock()
            unit = intake_trouble.unit(delivery, trouble, choose=self._choose, now=now)
            self._file(unit, self._keep_texts([unit]))

    def _counts(self, key: str) -> bool:
        """Return whether one more delivery is news: a sender that goes on must not fill it."""
        hold = self._desk.journal.hold(OPEN_INCIDENT, key)
        if hold is None:
            return True
        incident: Incident = self._desk.state(hold.stream)
        return len(incident.alerts) < intake_trouble.COUNTED

    def _read(
        self, deliveries: Sequence[Delivery]
    ) -> tuple[Sequence[Reading], Sequence[tuple[Delivery, Trouble]]]:
        """Return what the deliveries say, and what is wrong with those that cannot be read."""
        readings, troubles = list[Reading](), list[tuple[Delivery, Trouble]]()
        for one in deliveries:
            source = self._sources[one.source.partition(":")[0]]
            try:
                notification = source.parse(one.body, source=one.source)
            except Unreadable as error:
                trouble = intake_trouble.unreadable(error.reason.value, str(error))
                troubles.append((one, trouble))
            else:
                readings.append(Reading(delivery=one, notification=notification))
        return readings, troubles

    def _keep_texts(self, filed: Iterable[Unit]) -> Mapping[str, str]:
        """Keep the annotations of new occurrences; return their digests by occurrence."""
        new = [
            one.alert
            for unit in filed
            for one in unit.candidates
            if self._routes.holder(one.alert.occurrence) is None
        ]
        digests = self._texts.keep([annotations(alert) for alert in new])
        return {alert.occurrence: one for alert, one in zip(new, digests, strict=True)}

    def _file(self, unit: Unit, digests: Mapping[str, str]) -> None:
        for _ in range(TRIES):
            try:
                self._tell_all(self._routes.to(unit), unit, digests)
            except Conflict as error:
                # Somebody opened or resolved it meanwhile: look again where it belongs.
                self._routes.forget()
                log.info("routed again", key=unit.key, because=str(error))
            else:
                return
        message = f"{unit.key}: others were first {TRIES} times"
        raise Conflict(message)

    def _tell_all(self, routes: Sequence[Route], unit: Unit, digests: Mapping[str, str]) -> None:
        for route in routes[:-1]:
            self._tell(route, replace(unit, finishes=()), digests)
        self._tell(routes[-1], unit, digests)

    def _tell(self, route: Route, unit: Unit, digests: Mapping[str, str]) -> None:
        told = self._desk.tell(
            route.stream,
            self._command(route, unit, digests),
            append_id=_append_id(unit, route.stream),
            inbox=unit.finishes,
            cause=f"inbox-{unit.deliveries[0]}",
        )
        if not told.events:
            self._inbox.done(unit.finishes)
        if route.whys is not None:
            self._routes.keeps(route.stream)
            return
        self._routes.filed(route)

    def _command(
        self, route: Route, unit: Unit, digests: Mapping[str, str]
    ) -> ReportAlerts | KeepAlerts:
        named = [(one, one.alert.occurrence) for one in route.candidates]
        judged = [(judgement(one, text=digests.get(name, "")), name) for one, name in named]
        if route.whys is not None:
            whys = route.whys
            alerts = tuple(ToKeep(alert=one, why=whys.get(name, NO_WHY)) for one, name in judged)
            return KeepAlerts(key=route.key, place=route.place, alerts=alerts)
        return ReportAlerts(
            number=route.number,
            key=route.key,
            place=route.place,
            alerts=tuple(one for one, _ in judged),
            # Said in every repetition, told once: the most that a delivery left out.
            truncated=max(unit.truncated - route.truncated, 0),
            hold=self._desk.policy.hold,
            place_because=kept(route.candidates[0].place_because),
            follows=route.follows,
            gathered=route.gathered,
            reopen=route.reopen,
        )


def _append_id(unit: Unit, stream: str) -> str:
    """Return the digest of the inbox rows and the stream, so that a repetition is known."""
    rows = ",".join(map(str, unit.deliveries))
    named = f"{rows}\n{stream}\n{unit.key}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(named).hexdigest()
