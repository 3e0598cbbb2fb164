"""Tools with which nothing is planned that is not meant, or that a guard forbids."""

from collections.abc import Callable

from cluster.drift.advice import Intended, advised
from cluster.guardrails.guarded import guarded
from cluster.guardrails.scene import Change, Past, World, no_past
from cluster.tools import Tools
from incidents.errors import TriagedError
from incidents.guardrails import Guardrails
from incidents.ports import Clock
from incidents.run import Run

RUN_ID = "run-"
"""Begins the id of every run, and of no other stream."""


def careful(  # what is reached, what is in force, and when
    tools: Tools,
    *,
    rules: Callable[[], Guardrails],
    intended: Intended,
    own: str,
    clock: Clock,
    past: Past = no_past,
) -> Tools:
    """Return the tools with every action advised and guarded.

    `rules` and `intended` are asked for each plan, so that a changed file counts for the next one;
    `own` is what the cluster at hand is called.
    """

    def now() -> World:
        return World(
            objects=tools.objects,
            signals=tools.signals,
            at=clock(),
            rules=rules(),
            environments=intended(),
            own=own,
            past=past,
        )

    return guarded(advised(tools, intended=intended, own=own), now=now)


def past_of(find: Callable[[str], Run]) -> Past:
    """Return what finds the change that was made with a key; `find` returns a run by its id."""

    def past(key: str) -> Change | None:
        run, _, rest = key.partition("/")
        if not run.startswith(RUN_ID):
            return None  # another stream of the desk has no steps
        try:
            step = find(run).step(rest.rpartition("/")[0])
        except TriagedError:
            return None  # what marks an object need not be ours, whatever it says
        return Change(plan=step.applied, at=step.applied_at) if step.applied else None

    return past
