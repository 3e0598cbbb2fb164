"""Where each kind has the specs of the pods that it makes. Pure.

Sources: the types of apps/v1, argo-rollouts v1alpha1, lws api/leaderworkerset/v1, and KServe
pkg/apis/serving/v1alpha2, which has the `spec` of a pod where the others have a whole template.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.things import Json
from cluster.owners.place import value

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The path of a pod's spec, and which pods of the workload are made from it; empty for all."""

    path: Path
    pods: str = ""


TEMPLATE: Final = (Where(path=("spec", "template", "spec")),)
GROUP: Final = ("spec", "leaderWorkerTemplate")
PLACES: Final[Mapping[str, Sequence[Where]]] = {
    kinds.DEPLOYMENT.name: TEMPLATE,
    kinds.STATEFUL_SET.name: TEMPLATE,
    kinds.ROLLOUT.name: TEMPLATE,
    kinds.GROUPS.name: (
        Where(path=(*GROUP, "leaderTemplate", "spec"), pods="leader"),
        Where(path=(*GROUP, "workerTemplate", "spec"), pods="worker"),
    ),
    kinds.INFERENCE_SERVICE.name: (
        Where(path=("spec", "template")),
        Where(path=("spec", "worker"), pods="worker"),
        Where(path=("spec", "prefill", "template"), pods="prefill"),
        Where(path=("spec", "prefill", "worker"), pods="prefill worker"),
    ),
}


def specs(kind: str, body: object) -> Iterator[tuple[Where, Json]]:
    """Yield the specs that are there, in this order; raises Malformed."""
    for where in PLACES.get(kind, ()):
        found = value(body, where.path)
        if found is not None:
            yield where, parse.section({"spec": found}, "spec")
