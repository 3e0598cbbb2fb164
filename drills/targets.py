"""What Prometheus finds to scrape at one moment, and what each target says."""

from collections.abc import Iterable, Iterator

from drills import installation
from drills.model.exposition import decode_points, picker_points, pool_points, prefill_points
from drills.model.llm_d import LlmD, Pod
from drills.scrape import Said, Target


def answers(model: LlmD, pods: Iterable[Pod]) -> Iterator[tuple[Target, tuple[Said, ...] | None]]:
    """Yield every pod that has an address, and the endpoint picker, with what it says."""
    for pod in pods:
        if pod.ip:
            yield installation.engine_target(pod), _engine(model, pod.name)
    requests = Said(own=installation.REQUESTS, points=picker_points(model))
    pool = Said(own=installation.POOL, points=pool_points(model))
    yield installation.PICKER, (requests, pool)


def _engine(model: LlmD, name: str) -> tuple[Said, ...] | None:
    """Return what a pod says; an engine that loads its model serves no metrics yet."""
    if name in model.decode:
        points = decode_points(model.decode[name], model.seconds)
    elif name in model.prefill:
        points = prefill_points(model.prefill[name], model.seconds)
    else:
        return None
    return (Said(own=installation.ENGINE, points=points),)
