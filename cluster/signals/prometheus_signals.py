"""Reads signals from Prometheus: a number that can be trusted, or why there is none."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from cluster.signals import judgement
from cluster.signals.answers import Prometheus, Row, Trouble
from cluster.signals.catalogue import SIGNALS, Signal, metric_names
from cluster.signals.judgement import Asked
from cluster.signals.promql import Promql
from cluster.signals.reading import NoData, NotApplicable, Observation, PerPod, Reading, Why
from cluster.signals.resolver import Resolver
from cluster.signals.scopes import scopes_of
from cluster.signals.series import POD, Formula, Scope, Series, newest
from cluster.signals.signals import Samples
from cluster.targets.target import Target
from incidents.errors import Rejected

Answer = TypeVar("Answer")

# After these one moment is not asked again for a while: every further signal would wait as long.
DOWN: Final = frozenset({Why.TIMEOUT, Why.UNREACHABLE})
# Real seconds; long enough for the signals of one check, short enough for whoever tries again.
REST: Final = 3.0
# What another way, or names that appeared meanwhile, may cure.
MISSING: Final = frozenset({Why.NOT_SCRAPED, Why.EMPTY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One way to read a signal, over the series that exist."""

    signal: Signal
    formula: Formula
    series: Series

    @property
    def newest(self) -> Promql:
        """Return the query for the moments of the newest samples."""
        by = () if self.formula.scope is Scope.ROUTER else POD
        return newest(self.formula, self.series, by=by)


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
        self._resolver = Resolver(prometheus, names=metric_names(signals.values()))
        self._down: Down | None = None

    def read(self, name: str, target: Target, *, at: datetime) -> Observation:
        """Return the signal for the whole target."""
        return self._answer(name, target, at, lambda each: self._whole(each, at))

    def read_by_pod(self, name: str, target: Target, *, at: datetime) -> PerPod:
        """Return the signal for each pod that reports it."""
        return self._answer(name, target, at, lambda each: self._each_pod(each, at))

    def read_range(
        self, name: str, target: Target, *, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData | NotApplicable:
        """Return the signal over a range, without moments that were stale or no number."""
        return self._answer(name, target, end, lambda each: self._range(each, start, end, step))

    def _answer(
        self,
        name: str,
        target: Target,
        at: datetime,
        ask: Callable[[Question], Answer | NoData | NotApplicable],
    ) -> Answer | NoData | NotApplicable:
        signal = self._signal(name)
        if signal.needs_prefill and target.roles and "prefill" not in target.roles:
            return NotApplicable(signal=name, because="no pods with the prefill role")
        down = self._down
        if down and down.at == at and self._monotonic() < down.until:
            return _none(signal, down.trouble)
        seen = self._resolver.existing(target.namespace, at=at)
        answer = self._over(seen, signal, target, ask)
        if isinstance(answer, NoData) and answer.why in MISSING:
            now = self._resolver.look(target.namespace, at=at)
            answer = answer if now == seen else self._over(now, signal, target, ask)
        if isinstance(answer, NoData) and answer.why in DOWN:
            trouble = Trouble(why=answer.why, detail=answer.detail)
            self._down = Down(at=at, until=self._monotonic() + REST, trouble=trouble)
        return answer

    def _signal(self, name: str) -> Signal:
        if name not in self._signals:
            message = f"unknown signal {name!r}; there are: {', '.join(sorted(self._signals))}"
            raise Rejected(message)
        return self._signals[name]

    def _over(
        self,
        names: frozenset[str] | Trouble,
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

    def _whole(self, question: Question, at: datetime) -> Reading | NoData:
        asked = Asked(signal=question.signal, query=question.formula.whole(question.series))
        rows = self._prometheus.instant(asked.query, at=at)
        if isinstance(rows, Trouble):
            return asked.none(rows.why, rows.detail)
        reading = judgement.one(asked, rows)
        newest = self._newest(question, at) if isinstance(reading, Reading) else None
        if newest is None:
            return reading
        if isinstance(newest, Trouble):
            return asked.none(newest.why, newest.detail)
        old = judgement.stale(newest, fresh=question.signal.fresh or timedelta.max)
        return asked.none(Why.STALE, old) if old else reading

    def _each_pod(
        self, question: Question, at: datetime
    ) -> Mapping[str, Reading] | NoData | NotApplicable:
        query = question.formula.by_pod(question.series)
        if query is None:
            because = "the endpoint picker counts it for the whole model"
            return NotApplicable(signal=question.signal.name, because=because)
        asked = Asked(signal=question.signal, query=query)
        rows = self._prometheus.instant(query, at=at)
        if isinstance(rows, Trouble):
            return asked.none(rows.why, rows.detail)
        readings = judgement.by_pod(asked, rows)
        newest = None if isinstance(readings, NoData) else self._newest(question, at)
        if newest is None or isinstance(readings, NoData):
            return readings
        if isinstance(newest, Trouble):
            return asked.none(newest.why, newest.detail)
        return judgement.only_fresh(asked, readings, newest)

    def _range(
        self, question: Question, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData:
        asked = Asked(signal=question.signal, query=question.formula.whole(question.series))
        tracks = self._prometheus.range(asked.query, start=start, end=end, step=step)
        if isinstance(tracks, Trouble):
            return asked.none(tracks.why, tracks.detail)
        if question.signal.fresh is None:
            return judgement.samples(asked, tracks, None)
        newest = self._prometheus.range(question.newest, start=start, end=end, step=step)
        if isinstance(newest, Trouble):
            return asked.none(newest.why, newest.detail)
        return judgement.samples(asked, tracks, newest)

    def _newest(self, question: Question, at: datetime) -> tuple[Row, ...] | Trouble | None:
        if question.signal.fresh is None:
            return None
        return self._prometheus.instant(question.newest, at=at)


def questions(signal: Signal, target: Target, *, names: frozenset[str]) -> Iterator[Question]:
    """Yield the ways whose metrics exist, in the order of the catalogue."""
    series = Series(names=names, scopes=scopes_of(target))
    for formula in signal.ways:
        if all(series.of(metric, scope) for metric, scope in formula.needs):
            yield Question(signal=signal, formula=formula, series=series)


def _missing(answer: object) -> bool:
    """Tell whether another way may know more."""
    return isinstance(answer, NotApplicable) or (
        isinstance(answer, NoData) and answer.why in MISSING
    )


def _not_scraped(signal: Signal, target: Target) -> NoData:
    if not target.pods and all(way.scope is Scope.PODS for way in signal.ways):
        return NoData(signal=signal.name, why=Why.EMPTY, detail="the target has no pods")
    names = ", ".join(metric_names((signal,)))
    detail = f"namespace {target.namespace} has none of: {names}"
    return NoData(signal=signal.name, why=Why.NOT_SCRAPED, detail=detail)


def _none(signal: Signal, trouble: Trouble) -> NoData:
    return NoData(signal=signal.name, why=trouble.why, detail=trouble.detail)
