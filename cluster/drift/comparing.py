"""Compares a workload with what is intended for it. Pure: reading is `looking`'s."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from cluster.clients.parse import Malformed
from cluster.drift import around, engines, sizes
from cluster.drift.findings import Finding, Unknown, cannot_tell
from cluster.drift.intended import Workload
from cluster.drift.live import Live

WORKLOAD = "workload"


def compare(workload: Workload, live: Live | Unknown) -> Sequence[Finding]:
    """Return a finding for everything that the intention speaks of, never an error.

    Where it cannot be told which workload is meant, that is the only one.
    """
    if isinstance(live, Unknown):
        return (cannot_tell(WORKLOAD, "", live),)
    return tuple(
        finding for what, ask in _asks(workload, live) for finding in _told(what, ask, live)
    )


def _asks(workload: Workload, live: Live) -> Iterator[tuple[str, Callable[[], Iterable[Finding]]]]:
    size, scaled, gpus = workload.replicas, workload.autoscaler, workload.gpus
    mode, slo = workload.pool_failure_mode, workload.slo_class
    if size:
        yield sizes.REPLICAS, lambda: sizes.replicas(size, live)
    if scaled:
        yield sizes.AUTOSCALER, lambda: sizes.autoscaler(scaled, live)
    yield "pods", lambda: engines.compare(workload, live)
    if gpus and gpus.kind:
        yield around.GPU_KIND, lambda: (around.gpu_kind(gpus, live),)
    if mode:
        yield around.FAILURE_MODE, lambda: (around.failure_mode(mode, live),)
    if slo:
        yield around.SLO_CLASS, lambda: (around.slo_class(slo, live),)


def _told(what: str, ask: Callable[[], Iterable[Finding]], live: Live) -> Sequence[Finding]:
    """Return the findings; what the API server tells in another shape tells nothing."""
    try:
        return tuple(ask())
    except (Malformed, ValueError) as error:
        why = Unknown(because=f"it is of a shape that is not known: {error}")
        return (cannot_tell(what, "", why, thing=live.name),)
