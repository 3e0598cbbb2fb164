"""Reads signals from Prometheus: a number that can be trusted, or why there is none."""

import difflib
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from cluster.signals import judgement
from cluster.signals.answers import Prometheus, Row, Trouble
from cluster.signals.catalogue import SIGNALS
from cluster.signals.questions import Question, questions
from cluster.signals.reading import (
    NoData,
    NotApplicable,
    Observation,
    Parts,
    PerPod,
    PerRank,
    Rank,
    Reading,
    Resolution,
    Why,
)
from cluster.signals.resolver import Names, Resolver
from cluster.signals.series import RANK, Scope
from cluster.signals.signal import Signal, metric_names, metrics_by_place
from cluster.signals.signals import DEADLINE, Samples
from cluster.signals.together import Late, Remembered, Together, bucket
from cluster.targets.target import Target
from incidents.errors import Rejected

Answer = TypeVar("Answer")
Key = TypeVar("Key", bound=Hashable)

# After these one moment is not asked again for a while: every further signal would wait as long.
DOWN: Final = frozenset({Why.TIMEOUT, Why.UNREACHABLE})
# Real seconds; long enough for the signals of one check, short enough for whoever tries again.
REST: Final = 3.0
# What another way, or names that appeared meanwhile, may cure.
MISSING: Final = frozenset({Why.NOT_SCRAPED, Why.EMPTY})
SHOWN: Final = 4
"""How many names of metrics a sentence holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """Prometheus did not answer about a moment; `until` is real and monotonic, in seconds."""

    at: datetime
    until: float
    trouble: Trouble


class PrometheusSignals:
    """Implements the port `Signals` over one Prometheus."""

    def __init__(
        self,
        prometheus: Prometheus,
        *,
        signals: Mapping[str, Signal] = SIGNALS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prometheus = prometheus
        self._monotonic = monotonic
        self._signals = signals
        self._resolver = Resolver(metrics_by_place(signals.values()))
        self._down: Down | None = None
        self._remembered = Remembered(prometheus)
        self._together = Together[tuple[str, Target, datetime], Observation]()

    def read(self, name: str, target: Target, *, at: datetime) -> Observation:
        """Return the signal for the whole target."""
        return self._read(name, target, at, self._prometheus)

    def read_many(
        self, names: Sequence[str], target: Target, *, at: datetime, deadline: timedelta = DEADLINE
    ) -> Mapping[str, Observation]:
        """Return several signals within one deadline; the same question is asked once."""
        moment = bucket(at)
        asked = {(self._signal(name).name, target, moment): name for name in names}

        def reading(name: str) -> Callable[[], Observation]:
            return lambda: self._read(name, target, moment, self._remembered)

        found = self._together.ask(
            {key: reading(name) for key, name in asked.items()}, deadline=deadline
        )
        return {name: _in_time(name, found[key]) for key, name in asked.items()}

    def read_by_pod(self, name: str, target: Target, *, at: datetime) -> PerPod:
        """Return the signal for each pod that reports it."""

        def ask(each: Question) -> Mapping[str, Reading] | NoData | NotApplicable:
            if not each.pods:
                return _undivided(each, "pod")
            return self._divided(each, each.pods, lambda row: row.pod, at)

        return self._answer(name, target, at, self._prometheus, ask)

    def read_by_rank(self, name: str, target: Target, *, at: datetime) -> PerRank:
        """Return the signal for each data-parallel rank."""

        def ask(each: Question) -> Mapping[Rank, Reading] | NoData | NotApplicable:
            if RANK[0] not in each.pods:
                return _undivided(each, "rank")
            found = self._divided(each, RANK, lambda row: (row.pod, row.label(RANK[1])), at)
            if isinstance(found, NoData) or all(engine for _, engine in found):
                return found
            return NotApplicable(signal=name, because="its series have no label engine")

        return self._answer(name, target, at, self._prometheus, ask)

    def read_parts(self, name: str, target: Target, *, at: datetime) -> Parts:
        """Return the signal by its breakdown."""
        label = self._signal(name).breakdown
        if not label:
            return NotApplicable(signal=name, because="it has no parts")

        def ask(each: Question) -> Mapping[str, Reading] | NoData | NotApplicable:
            return self._parts(each, label, at)

        return self._answer(name, target, at, self._prometheus, ask)

    def read_range(
        self, name: str, target: Target, *, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData | NotApplicable:
        """Return the signal over a range, without moments that were stale or no number."""

        def ask(each: Question) -> Samples | NoData | NotApplicable:
            return self._range(each, start, end, step)

        return self._answer(name, target, end, self._prometheus, ask)

    def resolved(self, target: Target, *, at: datetime) -> Mapping[str, Resolution]:
        """Return for every signal through which series it is read here, or why it is not."""

        def first(each: Question) -> Resolution:
            return each.resolved()

        return {
            name: self._answer(name, target, at, self._prometheus, first) for name in self._signals
        }

    def _read(self, name: str, target: Target, at: datetime, prometheus: Prometheus) -> Observation:
        def ask(each: Question) -> Observation:
            return _whole(each, at, prometheus)

        return self._answer(name, target, at, prometheus, ask)

    def _answer(
        self,
        name: str,
        target: Target,
        at: datetime,
        prometheus: Prometheus,
        ask: Callable[[Question], Answer | NoData | NotApplicable],
    ) -> Answer | NoData | NotApplicable:
        signal = self._signal(name)
        if signal.needs_prefill and target.roles and "prefill" not in target.roles:
            return NotApplicable(signal=name, because="no pods with the prefill role")
        down = self._down
        if down and down.at == at and self._monotonic() < down.until:
            return _none(signal, down.trouble)
        seen = self._resolver.existing(target.namespace, at=at, prometheus=prometheus)
        answer = _over(seen, signal, target, ask)
        if isinstance(answer, NoData) and answer.why in MISSING:
            now = self._resolver.look(target.namespace, at=at, prometheus=prometheus)
            answer = answer if now == seen else _over(now, signal, target, ask)
        if isinstance(answer, NoData) and answer.why in DOWN:
            trouble = Trouble(why=answer.why, detail=answer.detail)
            self._down = Down(at=at, until=self._monotonic() + REST, trouble=trouble)
        return answer

    def _signal(self, name: str) -> Signal:
        if name not in self._signals:
            raise Rejected(_unknown(name, self._signals))
        return self._signals[name]

    def _divided(
        self, question: Question, labels: Sequence[str], key: Callable[[Row], Key], at: datetime
    ) -> Mapping[Key, Reading] | NoData:
        asked = question.by(labels)
        rows = self._prometheus.instant(asked.query, at=at)
        if isinstance(rows, Trouble):
            return asked.none(rows.why, rows.detail)
        readings = judgement.divided(asked, rows, key)
        if isinstance(readings, NoData) or question.signal.fresh is None:
            return readings
        newest = self._prometheus.instant(question.newest(labels), at=at)
        if isinstance(newest, Trouble):
            return asked.none(newest.why, newest.detail)
        return judgement.only_fresh(asked, readings, newest, key)

    def _parts(
        self, question: Question, label: str, at: datetime
    ) -> Mapping[str, Reading] | NoData:
        asked = question.by((label,))
        rows = self._prometheus.instant(asked.query, at=at)
        if isinstance(rows, Trouble):
            return asked.none(rows.why, rows.detail)
        readings = judgement.divided(asked, rows, lambda row: row.label(label))
        if isinstance(readings, NoData):
            return readings
        if old := _old(question, at, self._prometheus):
            return asked.none(old.why, old.detail)
        # The zero of a counter's witness has no part; it speaks only while nothing else does.
        named = {part: each for part, each in readings.items() if part or each.value}
        return named or readings

    def _range(
        self, question: Question, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData:
        asked = question.whole()
        tracks = self._prometheus.range(asked.query, start=start, end=end, step=step)
        if isinstance(tracks, Trouble):
            return asked.none(tracks.why, tracks.detail)
        if question.signal.fresh is None:
            return judgement.samples(asked, tracks, None)
        newest = self._prometheus.range(question.newest(), start=start, end=end, step=step)
        if isinstance(newest, Trouble):
            return asked.none(newest.why, newest.detail)
        return judgement.samples(asked, tracks, newest)


def _whole(question: Question, at: datetime, prometheus: Prometheus) -> Reading | NoData:
    asked = question.whole()
    rows = prometheus.instant(asked.query, at=at)
    if isinstance(rows, Trouble):
        return asked.none(rows.why, rows.detail)
    reading = judgement.one(asked, rows)
    old = _old(question, at, prometheus) if isinstance(reading, Reading) else None
    return asked.none(old.why, old.detail) if old else reading


def _old(question: Question, at: datetime, prometheus: Prometheus) -> Trouble | None:
    """Return that the newest samples are too old, or that nobody can tell."""
    fresh = question.signal.fresh
    if fresh is None:
        return None
    newest = prometheus.instant(question.newest(), at=at)
    if isinstance(newest, Trouble):
        return newest
    old = judgement.stale(newest, fresh=fresh)
    return Trouble(why=Why.STALE, detail=old) if old else None


def _over(
    names: Names | Trouble,
    signal: Signal,
    target: Target,
    ask: Callable[[Question], Answer | NoData | NotApplicable],
) -> Answer | NoData | NotApplicable:
    """Return the answer of the first way that has one, else why the last had none."""
    if isinstance(names, Trouble):
        return _none(signal, names)
    answer: Answer | NoData | NotApplicable = _not_scraped(signal, target)
    for question in questions(signal, target, names=names):
        answer = ask(question)
        if not _missing(answer):
            return answer
    return answer


def _missing(answer: object) -> bool:
    """Tell whether another way may know more."""
    return isinstance(answer, NotApplicable) or (
        isinstance(answer, NoData) and answer.why in MISSING
    )


def _unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3)
    meant = f"; is it {' or '.join(near)}?" if near else "; `triaged signals` lists them"
    return f"unknown signal {name!r}{meant}"


def _undivided(question: Question, by: str) -> NotApplicable:
    because = f"not told by {by}: it is read from {question.formula.scope.value}"
    return NotApplicable(signal=question.signal.name, because=because)


def _in_time(name: str, found: Observation | Late) -> Observation:
    if not isinstance(found, Late):
        return found
    detail = f"no answer within {found.after.total_seconds():g} s"
    return NoData(signal=name, why=Why.TIMEOUT, detail=detail)


def _not_scraped(signal: Signal, target: Target) -> NoData:
    if not target.pods and signal.ways[0].scope is Scope.PODS:
        return NoData(signal=signal.name, why=Why.EMPTY, detail="the target has no pods")
    names = metric_names((signal,))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    detail = f"namespace {target.namespace} has none of: {', '.join(names[:SHOWN])}{more}"
    return NoData(signal=signal.name, why=Why.NOT_SCRAPED, detail=detail)


def _none(signal: Signal, trouble: Trouble) -> NoData:
    return NoData(signal=signal.name, why=trouble.why, detail=trouble.detail)
