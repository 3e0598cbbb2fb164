"""What can go wrong in the world: a fault is a frozen value that changes causes, never a metric."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Protocol

from drills.model.traffic import Traffic

# Loading the weights of a 70B model from a node's disk, in seconds, before a spread per pod.
LOAD_SECONDS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleBack:
    """Somebody undoes a scaling of the decode pool, `after` seconds after it was done."""

    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """Everything that the world follows from, at one moment."""

    traffic: Traffic = field(default_factory=Traffic)
    # None: a pod that starts never becomes ready.
    load_seconds: float | None = LOAD_SECONDS
    prometheus_runs: bool = True
    prometheus_reachable: bool = True
    scale_back: ScaleBack | None = None


class Fault(Protocol):
    """A change of causes that can be taken away again."""

    def applied(self, causes: Causes) -> Causes:
        """Return the causes with this fault in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LongContext:
    """Part of the clients send long documents; `share` of 1 request, length in tokens."""

    share: float = 0.058
    tokens: float = 12_000

    def applied(self, causes: Causes) -> Causes:
        """Shift the mix of prompts; the rate stays."""
        mix = replace(causes.traffic, long_share=self.share, long_prompt=round(self.tokens))
        return replace(causes, traffic=mix)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreTraffic:
    """Everybody asks `factor` times as often."""

    factor: float = 2.0

    def applied(self, causes: Causes) -> Causes:
        """Multiply the rate; the mix stays."""
        rate = causes.traffic.rate * self.factor
        return replace(causes, traffic=replace(causes.traffic, rate=rate))


@dataclass(frozen=True, slots=True, kw_only=True)
class PodsNeverReady:
    """New pods hang while they load the model."""

    def applied(self, causes: Causes) -> Causes:
        """Take the end of loading away."""
        return replace(causes, load_seconds=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusGone:
    """Prometheus does not run: no samples, no rules, no answers.

    Its alerts end at the Alertmanagers after four minutes, although nothing is well.
    """

    def applied(self, causes: Causes) -> Causes:
        """Stop the server."""
        return replace(causes, prometheus_runs=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusUnreachable:
    """Prometheus runs and rings, and answers no query: a network policy in between."""

    def applied(self, causes: Causes) -> Causes:
        """Cut the path to its API."""
        return replace(causes, prometheus_reachable=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledBackBySomebody:
    """A colleague sets the decode pool back, `after` seconds after it was scaled."""

    after: float = 60.0

    def applied(self, causes: Causes) -> Causes:
        """Put the colleague there."""
        return replace(causes, scale_back=ScaleBack(after=self.after))


AnyFault = (
    LongContext
    | MoreTraffic
    | PodsNeverReady
    | PrometheusGone
    | PrometheusUnreachable
    | ScaledBackBySomebody
)

# The names that the control API and the stories use.
KINDS: Mapping[str, type[AnyFault]] = {
    "long_context": LongContext,
    "traffic": MoreTraffic,
    "pods_never_ready": PodsNeverReady,
    "prometheus_gone": PrometheusGone,
    "prometheus_unreachable": PrometheusUnreachable,
    "scaled_back_by_somebody": ScaledBackBySomebody,
}


def causes_with(faults: Iterable[Fault]) -> Causes:
    """Return the causes of a healthy world with the faults in it, in order."""
    causes = Causes()
    for fault in faults:
        causes = fault.applied(causes)
    return causes


def read(kind: str, numbers: Mapping[str, object]) -> AnyFault:
    """Make a fault from its name and its numbers.

    Raises ValueError for an unknown name or field, and for what is no number of at least 0.
    """
    if kind not in KINDS:
        message = f"unknown fault {kind!r}; there are: {', '.join(KINDS)}"
        raise ValueError(message)
    known = {each.name for each in fields(KINDS[kind])}
    if unknown := numbers.keys() - known:
        message = f"fault {kind}: unknown field {min(unknown)!r}; there are: {sorted(known)}"
        raise ValueError(message)
    return KINDS[kind](**{name: _number(kind, name, of) for name, of in numbers.items()})


def written(fault: AnyFault) -> dict[str, object]:
    """Return a fault as `read` takes it, with its name under `kind`."""
    kind = next(name for name, made in KINDS.items() if isinstance(fault, made))
    return {"kind": kind, **asdict(fault)}


def _number(kind: str, name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        message = f"fault {kind}: {name} must be a number of at least 0, not {value!r}"
        raise ValueError(message)
    return value
