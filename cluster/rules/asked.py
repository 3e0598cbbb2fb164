"""The parts that expressions of alerts are made of."""

from typing import Final

from cluster.rules import requests
from cluster.rules.recordings import (
    ENGINE,
    ENGINES,
    NAMESPACE_OF_MODELS,
    OF_MODEL,
    POD_OF_MODEL,
    PREFIX,
)
from cluster.signals import promql
from cluster.signals.catalogue import SIGNALS
from cluster.signals.generic import generic

MODEL: Final = ("namespace", "model_name")
NOT_PREFILL: Final = 'role!="prefill"'
DECODE: Final = 'role="decode"'
PREFILL: Final = 'role="prefill"'


def each(signal: str, across: str, *, by: tuple[str, ...] = OF_MODEL, only: str = "") -> str:
    """Return a recorded signal, one row for each value of `by`; KeyError for no signal."""
    name = f"{PREFIX}{SIGNALS[signal].name}"
    return f"{across} by ({', '.join(by)}) ({name}{{{only}}})" if only else plain(name, across, by)


def plain(name: str, across: str, by: tuple[str, ...] = OF_MODEL) -> str:
    """Return a recorded name, one row for each value of `by`."""
    return f"{across} by ({', '.join(by)}) ({name})"


def on_engines(signal: str, across: str) -> str:
    """Return a signal straight from the engines' series, so that no recording is needed.

    Each pod is a row of its own before `across` puts the pods of one role together.
    """
    meant = SIGNALS[signal]
    ways = generic(meant, by=(*ENGINE, "pod"))
    queries = [way.query for way in ways if way.metrics[0].startswith(ENGINES)]
    with_role = requests.with_role(promql.either(*queries))
    return promql.aggregate(across, with_role, by=OF_MODEL)


def with_model(query: str, by: tuple[str, ...], *, anywhere: bool = False) -> str:
    """Give rows about pods the model and role of what ran there within the hour.

    A pod that never served keeps its row without them: where models are served, or `anywhere`.
    """
    known = f"({query}) * on (namespace, pod) group_left (model_name, role) {POD_OF_MODEL}"
    others = query if anywhere else f"({query}) and on (namespace) {NAMESPACE_OF_MODELS}"
    return f"{known} or on ({', '.join(by)}) ({others})"


def consumer(query: str, by: tuple[str, ...]) -> str:
    """Name the pod that uses a GPU in `namespace` and `pod`, also where the scrape moved them."""
    moved = promql.Promql(query)
    for label in ("namespace", "pod"):
        moved = promql.relabelled(moved, target=label, source=f"exported_{label}")
    return f"max by ({', '.join(by)}) ({moved})"
