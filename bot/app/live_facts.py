"""Facts from Prometheus and the cluster: everything within three seconds, each asked once."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.app import signal_facts
from bot.app.cluster_facts import NOT_YET, Seen
from bot.app.facts import Asked, unknown
from bot.app.signal_facts import IN_TIME
from cluster.signals.answers import Trouble
from cluster.signals.signals import DEADLINE, Signals
from cluster.signals.together import Crew, Late, Together, bucket
from cluster.targets.target import Selector, Target
from incidents.correlation import Place
from incidents.facts import FACTS, Facts, Known, Origin, Unknown

FOUND_WITHIN: Final = timedelta(seconds=1.2)
"""Real time for finding the targets, out of the three seconds for everything."""
REST: Final = 15.0
"""Real seconds for which a server that did not answer is not waited for by the intake."""
AT_ONCE: Final = 16
"""So many targets are asked about at once, the worst alert's first."""
NO_CLUSTER: Final = "no cluster is configured"
NO_NAMESPACE: Final = "the alert names no namespace"
LATER: Final = "too many targets at once: this one is asked about a little later"
CLUSTER_LATE: Final = f"the cluster did not answer within {FOUND_WITHIN.total_seconds():g} s"
ROLES: Final = frozenset({"decode", "prefill"})

Told = Known | Unknown
Look = Callable[[Selector], Seen | Unknown]
"""Asks the cluster about a target."""


class Series(Protocol):
    """Finds out from the engines' series what is served."""

    def __call__(
        self, *, namespace: str, model: str, at: datetime
    ) -> tuple[Target, ...] | Trouble:
        """Return a target for each model of the namespace; empty words mean any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A target as far as it is known, and what the cluster says or why it says nothing."""

    target: Target
    cluster: Seen | Unknown


class LiveFacts:
    """Implements the port `FactsSource` over one Prometheus and one cluster.

    A server that hangs is waited for once, by one batch; until it was asked `again`, or for
    fifteen seconds, nobody waits for it any more. Threads are bounded: eight read signals inside
    the port, and four of each kind here.
    """

    def __init__(
        self,
        *,
        signals: Signals,
        series: Series,
        cluster: Look | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signals, self._series, self._cluster = signals, series, cluster
        self._monotonic = monotonic
        self._resting: dict[str, float] = {}
        self._in_cluster = Together[tuple[Selector, datetime], Seen | Unknown](Crew(4))
        self._in_series = Together[tuple[str, str, datetime], tuple[Target, ...] | Trouble](Crew(4))
        self._at_once = Together[tuple[tuple[str, ...], Target, datetime], Facts](Crew(4))
        self._others = Together[tuple[str, Target, datetime], Told](Crew(4))

    def gather(
        self, asked: Sequence[Asked], at: datetime, *, again: bool = False
    ) -> Sequence[Facts]:
        """Return each of the facts of each question; see the port."""
        until, moment = self._monotonic() + DEADLINE.total_seconds(), bucket(at)
        wanted = _wanted(asked)
        selectors = list(wanted)[:AT_ONCE]
        found = self._find(selectors, moment, again=again)
        read = self._read({found[one].target: wanted[one] for one in selectors}, moment, until, again)
        by_selector = {
            one: {**_of_cluster(found[one].cluster), **read[found[one].target]} for one in selectors
        }
        return [_answer(one, by_selector) for one in asked]

    def _find(
        self, selectors: Sequence[Selector], at: datetime, *, again: bool
    ) -> Mapping[Selector, _Found]:
        """Return the targets: from the cluster, and from the series where it cannot say."""
        until = self._monotonic() + FOUND_WITHIN.total_seconds()
        cluster = self._ask_cluster(selectors, at, again=again)
        left = timedelta(seconds=max(0.0, until - self._monotonic()))
        lost = [one for one in selectors if isinstance(cluster[one], Unknown)]
        series = self._ask_series(lost, at, left, again=again)
        return {one: _found(one, cluster[one], series.get(one, ())) for one in selectors}

    def _ask_cluster(
        self, selectors: Sequence[Selector], at: datetime, *, again: bool
    ) -> Mapping[Selector, Seen | Unknown]:
        ask = self._cluster
        if ask is None:
            return {one: Unknown(why=NO_CLUSTER, lasting=True) for one in selectors}
        if self._rests("cluster", again=again):
            return {one: Unknown(why=CLUSTER_LATE) for one in selectors}

        def asking(selector: Selector) -> Callable[[], Seen | Unknown]:
            return lambda: ask(selector)

        # Half of the time for finding: where the cluster hangs, the series can still say.
        answers = self._in_cluster.ask(
            {(one, at): asking(one) for one in selectors}, deadline=FOUND_WITHIN / 2
        )
        self._note("cluster", answers.values())
        late = Unknown(why=CLUSTER_LATE)
        return {
            one: late if isinstance(answer, Late) else answer
            for (one, _), answer in answers.items()
        }

    def _ask_series(
        self, selectors: Sequence[Selector], at: datetime, left: timedelta, *, again: bool
    ) -> Mapping[Selector, tuple[Target, ...]]:
        if self._rests("prometheus", again=again):
            return {}

        def asking(selector: Selector) -> Callable[[], tuple[Target, ...] | Trouble]:
            return lambda: self._series(
                namespace=selector.namespace, model=selector.model, at=at
            )

        places = {(one.namespace, one.model, at): asking(one) for one in selectors}
        answers = self._in_series.ask(places, deadline=left)
        found = {one: answers[one.namespace, one.model, at] for one in selectors}
        return {one: answer for one, answer in found.items() if isinstance(answer, tuple)}

    def _read(
        self,
        wanted: Mapping[Target, Mapping[str, None]],
        at: datetime,
        until: float,
        again: bool,  # noqa: FBT001  # the port's
    ) -> Mapping[Target, Facts]:
        """Return the facts that signals tell."""
        if self._rests("prometheus", again=again):
            return {target: unknown(names, IN_TIME, lasting=False) for target, names in wanted.items()}
        raise NotImplementedError
