"""Which models are served, as the engines' series say it: for where no cluster can be asked."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from cluster.clients.objects import OwnerReference
from cluster.signals import promql
from cluster.signals.answers import Prometheus, Row, Trouble
from cluster.signals.names import sglang
from cluster.signals.promql import Matcher, Promql
from cluster.targets.target import Target

ENGINES: Final = (
    "vllm:num_requests_running",
    *(name for metric in sglang("num_running_reqs") for name in metric.names),
    "trtllm_num_requests_running",
)
# Routers re-export the engines' series under the engines' names, with this label.
AT_ROUTER: Final = "server"
GENERATED: Final = re.compile(r"(.+)-[a-z0-9]+-[a-z0-9]{5}", re.ASCII)
NUMBERED: Final = re.compile(r"(.+?)(-[0-9]+){1,2}", re.ASCII)


def served(
    prometheus: Prometheus, *, namespace: str, model: str, at: datetime
) -> tuple[Target, ...] | Trouble:
    """Return a target for each model of each namespace; empty words mean any.

    Its pods are those whose engines have series, prefill and decode together, and its workloads are
    guessed from their names.
    """
    rows = prometheus.instant(question(namespace, model), at=at)
    if isinstance(rows, Trouble):
        return rows
    places = sorted({(row.label("namespace"), row.label("model_name")) for row in rows})
    return tuple(_target(*place, (row for row in rows if _place(row) == place)) for place in places)


def question(namespace: str, model: str) -> Promql:
    """Return the query with one row for each pod of each model."""
    wanted = (("namespace", namespace), ("model_name", model))
    matchers = (
        Matcher(label=AT_ROUTER, value=""),
        *(Matcher(label=label, value=value) for label, value in wanted if value),
    )
    return promql.aggregate(
        "count", promql.named(ENGINES, matchers), by=("namespace", "model_name", "pod")
    )


def _place(row: Row) -> tuple[str, str]:
    return row.label("namespace"), row.label("model_name")


def _target(namespace: str, model: str, rows: Iterable[Row]) -> Target:
    pods = tuple(sorted({row.pod for row in rows} - {""}))
    workloads = sorted({_workload(pod) for pod in pods}, key=str)
    first = workloads[0] if workloads else OwnerReference(kind="", name="")
    return Target(
        cluster="",
        namespace=namespace,
        kind=first.kind,
        name=first.name,
        uid="",
        model=model,
        role="",
        pods=pods,
        path=(tuple(workloads),),
    )


def _workload(pod: str) -> OwnerReference:
    """Return what a pod's name says of its workload."""
    for kind, form in (("Deployment", GENERATED), ("StatefulSet", NUMBERED)):
        if found := form.fullmatch(pod):
            return OwnerReference(kind=kind, name=found[1])
    return OwnerReference(kind="Pod", name=pod)
