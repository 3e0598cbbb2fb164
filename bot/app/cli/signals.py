"""`triaged signals`: what can be read at this Prometheus, what is missing, and what that costs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

from cyclopts import Parameter

from bot.app import reach
from bot.app.cli import asked
from bot.app.cli.output import Json, show, table
from bot.app.clock import world_clock
from bot.app.settings import Settings, load
from cluster.clients.prometheus import PrometheusClient
from cluster.signals.answers import Trouble
from cluster.signals.catalogue import SIGNALS
from cluster.signals.eras import eras
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.reading import NoData, NotApplicable, Observation, Reading, Why
from cluster.signals.served import served
from cluster.signals.signals import DEADLINE
from cluster.signals.together import Late, Together
from cluster.targets.target import Selector, Target
from incidents.errors import Rejected, TriagedError, Unavailable

Found = TypeVar("Found")

PATIENCE = timedelta(seconds=60)
"""For all signals together, once Prometheus has answered; a person waits, and nothing else does."""
TOGETHER = "so that prefill and decode count together"
READ, NO_NUMBER, MISSING, NOT_APPLICABLE = "read", "no number", "missing", "not applicable"
ABSENT = frozenset({Why.NOT_SCRAPED, Why.EMPTY})

Url = Annotated[str, Parameter(name="--url", help="Prometheus; else TRIAGED_PROMETHEUS_URL.")]
Namespace = Annotated[str, Parameter(name="--namespace", help="Where the model is served.")]
Model = Annotated[str, Parameter(name="--model", help="The model's name as it is served.")]
Role = Annotated[str, Parameter(name="--role", help="decode or prefill; needs the cluster.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the signals are about, and how that is known."""

    target: Target
    known: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One signal: its state, and what was read or is missing."""

    signal: str
    state: str
    value: float | None
    unit: str
    era: str
    metrics: tuple[str, ...]
    because: str
    cost: str
    meaning: str
    query: str


def signals(
    *,
    url: Url = "",
    namespace: Namespace = "",
    model: Model = "",
    role: Role = "decode",
    as_json: Json = False,
) -> None:
    """Show every signal that resolves here: through which series, its value, and what is missing.

    Without a cluster the pods are taken from the series of the model.
    """
    settings = load()
    address = asked.address(url or settings.prometheus_url)
    at = world_clock(settings.clock_url)() if settings.clock_url else datetime.now(UTC)
    with ExitStack() as closing:
        client = reach.prometheus(address, settings, closing=closing)
        selector = Selector(namespace=namespace, model=model, role=role)
        place = _place(client, settings, selector, at, address)
        read = PrometheusSignals(client).read_many(
            tuple(SIGNALS), place.target, at=at, deadline=PATIENCE
        )
    rows = [_row(observed) for observed in read.values()]
    show(_plain(address, place, rows), _lines(address, place, rows), as_json=as_json)


def _place(
    client: PrometheusClient, settings: Settings, selector: Selector, at: datetime, address: str
) -> Place:
    """Return the target from the cluster, and from the series where the cluster cannot say."""
    found = _in_time(
        lambda: served(client, namespace=selector.namespace, model=selector.model, at=at),
        f"{address}: {Why.TIMEOUT.value}",
    )
    if isinstance(found, Trouble):
        raise _trouble(found, address)
    of_series = _only(found, selector, address)
    target = of_series.target
    wanted = Selector(namespace=target.namespace, model=target.model, role=selector.role)
    try:
        with ExitStack() as closing:
            targets = reach.targets(settings, closing=closing)
            there = _in_time(lambda: targets.find(wanted), "the cluster")
    except TriagedError as error:
        return Place(target=target, known=f"{of_series.known} ({error})")
    return Place(target=there, known=f"{_count(there)} of {there}, as the cluster says")


def _in_time(ask: Callable[[], Found], what: str) -> Found:
    """Return what is found before the deadline; raises Unavailable for a server that hangs."""
    answers = Together[str, Found]().ask({what: ask}, deadline=DEADLINE)
    found = answers[what]
    if isinstance(found, Late):
        message = f"{what}: no answer within {DEADLINE.total_seconds():g} s"
        raise Unavailable(message)
    return found


def _only(found: Sequence[Target], selector: Selector, address: str) -> Place:
    if len(found) > 1:
        listed = ", ".join(f"{each.namespace}/{each.model}" for each in found)
        message = f"several models are served; choose by --namespace and --model: {listed}"
        raise Rejected(message)
    if found:
        known = f"{_count(found[0])}, taken from the series of the model, {TOGETHER}"
        return Place(target=found[0], known=known)
    if not selector.namespace:
        meant = f" of the model {selector.model!r}" if selector.model else ""
        message = f"{address} has no engine's series{meant}: name a --namespace to look further"
        raise Rejected(message)
    target = Target(
        cluster="",
        namespace=selector.namespace,
        kind="",
        name="",
        uid="",
        model=selector.model,
        role="",
        pods=(),
    )
    return Place(target=target, known="no pods: no engine has series there")


def _trouble(found: Trouble, address: str) -> TriagedError:
    kind = Rejected if found.why is Why.REFUSED else Unavailable
    return kind(f"{address}: {found.why.value}: {found.detail}")


def _count(target: Target) -> str:
    return f"{len(target.pods)} pod{'' if len(target.pods) == 1 else 's'}"


def _row(observed: Observation) -> Row:
    signal = SIGNALS[observed.signal]
    state, because = _state(observed)
    metrics = observed.metrics if isinstance(observed, Reading) else ()
    return Row(
        signal=signal.name,
        state=state,
        value=observed.value if isinstance(observed, Reading) else None,
        unit=signal.unit,
        era=eras(metrics),
        metrics=metrics,
        because=because,
        cost=signal.without if state in {NO_NUMBER, MISSING} else "",
        meaning=signal.meaning,
        query="" if isinstance(observed, NotApplicable) else observed.query,
    )


def _state(observed: Observation) -> tuple[str, str]:
    match observed:
        case Reading():
            return READ, ""
        case NoData():
            why = f"{observed.why.value}: {observed.detail}" if observed.detail else ""
            return (MISSING if observed.why in ABSENT else NO_NUMBER), why
        case NotApplicable():
            return NOT_APPLICABLE, observed.because


def _plain(address: str, place: Place, rows: Sequence[Row]) -> Mapping[str, object]:
    target = place.target
    return {
        "prometheus": address,
        "namespace": target.namespace,
        "model": target.model,
        "pods": target.pods,
        "known": place.known,
        "signals": rows,
    }


def _lines(address: str, place: Place, rows: Sequence[Row]) -> Iterator[str]:
    target = place.target
    yield f"{address}: {target.namespace}/{target.model or '(any model)'}"
    yield place.known
    yield from _section("read", [_value(row) for row in rows if row.state == READ])
    numberless = [[row.signal, row.because] for row in rows if row.state == NO_NUMBER]
    yield from _section("without a number now", numberless)
    missing = [[row.signal, row.cost] for row in rows if row.state == MISSING]
    yield from _section("missing, and what that costs", missing)
    apart = [[row.signal, row.because] for row in rows if row.state == NOT_APPLICABLE]
    yield from _section("not applicable", apart)


def _section(title: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield ""
        yield f"{title}: {len(rows)}"
        yield from (f"  {line}" for line in table(rows))


def _value(row: Row) -> Sequence[str]:
    through = f"{', '.join(row.metrics)} ({row.era})"
    return [row.signal, f"{row.value:.4g}", row.unit, through]
