"""Facts from Prometheus and the cluster: everything within three seconds, each asked once."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.app import signal_facts
from bot.app.cluster_facts import OF_TARGET, Seen
from bot.app.facts import Asked, unknown
from bot.app.signal_facts import IN_TIME
from cluster.signals.answers import Trouble
from cluster.signals.signals import DEADLINE, Signals
from cluster.signals.together import Crew, Late, Together, bucket
from cluster.targets.target import Selector, Target
from incidents.facts import FACTS, Facts, Known, Unknown

CLUSTER_WITHIN: Final = timedelta(seconds=1.5)
"""Real time for finding targets in the cluster, out of the three seconds for everything."""
SERIES_SHARE: Final = 0.5
"""The share of the time that is left for finding the rest in the engines' series.

Reading a signal afterwards takes up to three answers of the same Prometheus, one after the other:
the names that exist, the number, and how old it is. Where every answer takes 0.7 s, all four fit.
"""
REST: Final = 15.0
"""Real seconds for which who did not answer is not waited for any more."""
AT_ONCE: Final = 16
"""So many targets are asked about at once, the worst alert's first."""
THREADS: Final = 8
NO_CLUSTER: Final = Unknown(why="no cluster is configured", lasting=True)
NO_CANARY: Final = "no canary is declared"
"""Of the one fact that nothing tells unless environments.yaml declares a prompt."""
NO_NAMESPACE: Final = "the alert names no namespace"
LATER: Final = "too many targets at once: this one is asked about a little later"
CLUSTER_LATE: Final = Unknown(
    why=f"the cluster did not answer within {CLUSTER_WITHIN.total_seconds():g} s"
)
DIFFERS: Final = "canary_differs"
CANARY_LATE: Final = Unknown(why="the canary was not answered in time")
SERIES_LATE: Final = Unknown(why="Prometheus did not say in time which pods serve here")
SEVERAL: Final = Unknown(why="several models serve here: name one", lasting=True)
CLUSTER, PROMETHEUS = "cluster", "prometheus"

Told = Known | Unknown
Names = dict[str, None]
"""Names of facts, each once, in order."""
Look = Callable[[Selector], Seen | Unknown]
"""Asks the cluster about a target."""
Canary = Callable[[Target], Told]
"""Asks a target's model what it should know."""
Where = tuple[str, str, datetime]
"""A namespace, a model and a moment."""
Reads = tuple[tuple[str, ...], Target, datetime]
"""What is read at once: the facts that it tells, of what, and when."""


class Series(Protocol):
    """Finds out from the engines' series what is served."""

    def __call__(self, *, namespace: str, model: str, at: datetime) -> tuple[Target, ...] | Trouble:
        """Return a target for each model of the namespace; empty words mean any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What signals are read of; where its pods could not be found out, `because` says why."""

    target: Target
    because: Unknown | None = None


class LiveFacts:
    """Implements the port `FactsSource` over one Prometheus and one cluster.

    A server that hangs is waited for once; for fifteen seconds after that only who asks `again`
    waits for it. Threads are bounded: eight for each of the two servers, and those of the signals.
    """

    def __init__(
        self,
        *,
        signals: Signals,
        series: Series | None = None,
        cluster: Look | None = None,
        canary: Canary | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signals, self._series, self._cluster = signals, series, cluster
        self._canary = canary
        self._monotonic = monotonic
        self._rests_until: dict[str, float] = {}
        self._in_cluster = Together[tuple[Selector, datetime], Seen | Unknown](Crew(THREADS))
        self._in_series = Together[tuple[str, str, datetime], tuple[Target, ...] | Trouble](
            Crew(THREADS)
        )
        self._reads = Together[Reads, Facts](Crew(THREADS))
        self._answers_to = Together[tuple[Target, datetime], Told](Crew(THREADS))

    def gather(
        self, asked: Sequence[Asked], at: datetime, *, again: bool = False
    ) -> Sequence[Facts]:
        """Return each of the facts of each question; see the port."""
        until, moment = self._monotonic() + DEADLINE.total_seconds(), bucket(at)
        everything = _wanted(asked)
        wanted = {one: everything[one] for one in list(everything)[:AT_ONCE]}
        waits = {one for one in (CLUSTER, PROMETHEUS) if again or self._answers(one)}
        seen = self._look(wanted, moment, waits)
        aims = self._aims(seen, moment, until, waits)
        signals = self._read(wanted, aims, moment, until, waits)
        tried = self._tried(wanted, seen, moment, until)
        found = {
            one: {**_of_cluster(seen[one], names), **signals[one], **tried.get(one, {})}
            for one, names in wanted.items()
        }
        return [_answer(one, found) for one in asked]

    def _look(
        self, wanted: Mapping[Selector, Names], at: datetime, waits: Collection[str]
    ) -> Mapping[Selector, Seen | Unknown]:
        """Return what the cluster says of each target."""
        ask = self._cluster
        if ask is None:
            return dict.fromkeys(wanted, NO_CLUSTER)
        if CLUSTER not in waits:
            return dict.fromkeys(wanted, CLUSTER_LATE)

        def asking(selector: Selector) -> Callable[[], Seen | Unknown]:
            return lambda: ask(selector)

        answers = self._in_cluster.ask(
            {(one, at): asking(one) for one in wanted}, deadline=CLUSTER_WITHIN
        )
        found = {one: answers[one, at] for one in wanted}
        self._note(CLUSTER, [isinstance(one, Late) for one in found.values()])
        return {one: CLUSTER_LATE if isinstance(x, Late) else x for one, x in found.items()}

    def _aims(
        self,
        seen: Mapping[Selector, Seen | Unknown],
        at: datetime,
        until: float,
        waits: Collection[str],
    ) -> Mapping[Selector, Aim]:
        """Return the targets: the cluster's, else what the engines' series show."""
        known = {
            one: Aim(target=answer.target)
            for one, answer in seen.items()
            if isinstance(answer, Seen)
        }
        lost = [one for one in seen if one not in known]
        ask = self._series
        if ask is None or PROMETHEUS not in waits:
            return {**{one: Aim(target=_bare(one)) for one in lost}, **known}

        def asking(selector: Selector) -> Callable[[], tuple[Target, ...] | Trouble]:
            return lambda: ask(namespace=selector.namespace, model=selector.model, at=at)

        places = {(one.namespace, one.model, at): asking(one) for one in lost}
        answers = self._in_series.ask(places, deadline=self._left(until) * SERIES_SHARE)
        shown = {one: _aim(one, answers[one.namespace, one.model, at]) for one in lost}
        return {**shown, **known}

    def _read(
        self,
        wanted: Mapping[Selector, Names],
        aims: Mapping[Selector, Aim],
        at: datetime,
        until: float,
        waits: Collection[str],
    ) -> Mapping[Selector, Facts]:
        """Return the facts that signals tell."""
        if PROMETHEUS not in waits:
            return {
                one: unknown(signal_facts.of_signals(names), IN_TIME, lasting=False)
                for one, names in wanted.items()
            }
        left = self._left(until)
        asking = {
            (told, aims[one].target, at): read
            for one, names in wanted.items()
            for told, read in signal_facts.reads(
                _worth_reading(names, aims[one]),
                self._signals,
                aims[one].target,
                at=at,
                deadline=left,
            ).items()
        }
        answers = self._reads.ask(asking, deadline=left)
        late = [_late(told, found) for (told, _, _), found in answers.items()]
        self._note(
            PROMETHEUS, late or [True for one in aims.values() if one.because == SERIES_LATE]
        )
        return {one: _of_signals(names, aims[one], answers) for one, names in wanted.items()}

    def _tried(
        self,
        wanted: Mapping[Selector, Names],
        seen: Mapping[Selector, Seen | Unknown],
        at: datetime,
        until: float,
    ) -> Mapping[Selector, Facts]:
        """Return whether the models of targets that the cluster knows answer their canaries."""
        ask = self._canary
        aims = {
            one: found.target
            for one, found in seen.items()
            if ask is not None and DIFFERS in wanted[one] and isinstance(found, Seen)
        }

        def asking(target: Target) -> Callable[[], Told]:
            assert ask is not None  # noqa: S101  # else there are no aims
            return lambda: ask(target)

        answers = self._answers_to.ask(
            {(target, at): asking(target) for target in aims.values()}, deadline=self._left(until)
        )
        told = {one: answers[target, at] for one, target in aims.items()}
        return {
            one: {DIFFERS: CANARY_LATE if isinstance(x, Late) else x} for one, x in told.items()
        }

    def _left(self, until: float) -> timedelta:
        return timedelta(seconds=max(0.0, until - self._monotonic()))

    def _answers(self, server: str) -> bool:
        return self._monotonic() >= self._rests_until.get(server, 0.0)

    def _note(self, server: str, late: Sequence[bool]) -> None:
        """Note whether a server that was asked answered at all."""
        if late and all(late):
            self._rests_until[server] = self._monotonic() + REST
        elif late:
            self._rests_until.pop(server, None)


def _wanted(asked: Iterable[Asked]) -> Mapping[Selector, Names]:
    """Return the facts that are wanted of each target, in the order of the questions."""
    found = dict[Selector, Names]()
    for one in asked:
        selector = _selector(one)
        if selector is not None:
            found.setdefault(selector, {}).update(dict.fromkeys(one.names))
    return found


def _selector(asked: Asked) -> Selector | None:
    place = asked.place
    if not place.namespace:
        return None
    return Selector(
        cluster=place.cluster,
        namespace=place.namespace,
        model=place.model,
        role=place.role or "decode",
        pool=place.pool,
        chosen=asked.chosen,
    )


def _bare(selector: Selector) -> Target:
    """Return the target of which nothing is known but what the alert names."""
    return Target(
        cluster=selector.cluster,
        namespace=selector.namespace,
        kind="",
        name="",
        uid="",
        model=selector.model,
        role=selector.role,
        pods=(),
        pool=selector.pool,
    )


def _aim(selector: Selector, found: tuple[Target, ...] | Trouble | Late) -> Aim:
    """Return the one target that the series show, or why it is not known which one."""
    match found:
        case (one,):
            return Aim(target=one)
        case ():
            return Aim(target=_bare(selector))
        case Late():
            return Aim(target=_bare(selector), because=SERIES_LATE)
        case Trouble():
            return Aim(target=_bare(selector), because=signal_facts.of_trouble(found))
        case _:
            return Aim(target=_bare(selector), because=SEVERAL)


def _worth_reading(names: Iterable[str], aim: Aim) -> tuple[str, ...]:
    """Return the facts without those that nothing can tell while the pods are not known."""
    asked = signal_facts.of_signals(names)
    if aim.because is None:
        return asked
    return tuple(one for one in asked if any(signal_facts.ways_open(one, aim.target)))


def _of_signals(names: Names, aim: Aim, answers: Mapping[Reads, Facts | Late]) -> Facts:
    """Return what was read of one target.

    Where its pods are not known, that nothing is there is no finding: the ways that were closed
    may have had it.
    """
    read = {
        name: found
        for (told, target, _), answer in answers.items()
        if target == aim.target
        for name, found in _in_time(told, answer).items()
    }
    if aim.because is None:
        return read
    closed = {
        name
        for name in signal_facts.of_signals(names)
        if not all(signal_facts.ways_open(name, aim.target)) and _lasting(read.get(name))
    }
    return {**read, **dict.fromkeys(closed, aim.because)}


def _lasting(found: Told | None) -> bool:
    """Return whether nothing was read, and asking again would not help."""
    return found is None or (isinstance(found, Unknown) and found.lasting)


def _of_cluster(seen: Seen | Unknown, names: Names) -> Facts:
    """Return what the cluster tells of the facts that are about a target."""
    asked = [name for name in OF_TARGET if name in names]
    if isinstance(seen, Unknown):
        return dict.fromkeys(asked, seen)
    return {name: seen.facts[name] for name in asked}


def _answer(asked: Asked, found: Mapping[Selector, Facts]) -> Facts:
    selector = _selector(asked)
    if selector is None:
        return unknown(asked.names, NO_NAMESPACE)
    if selector not in found:
        return unknown(asked.names, LATER, lasting=False)
    nothing = Unknown(why=NO_CANARY, lasting=True)
    return {name: found[selector].get(name, nothing) for name in asked.names if name in FACTS}


def _in_time(names: Sequence[str], answer: Facts | Late) -> Facts:
    return unknown(names, IN_TIME, lasting=False) if isinstance(answer, Late) else answer


def _late(names: Sequence[str], answer: Facts | Late) -> bool:
    """Return whether nothing of it was answered in time."""
    return all(one == Unknown(why=IN_TIME) for one in _in_time(names, answer).values())
