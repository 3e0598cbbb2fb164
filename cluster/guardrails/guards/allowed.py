"""allowed: nothing is touched that the configuration does not allow to be touched at all."""

from collections.abc import Iterator
from typing import Final

from cluster.clients import kinds
from cluster.guardrails.guard import Guard, Refused
from cluster.guardrails.scene import Scene
from incidents.guardrails import any_like

NAMELESS: Final = frozenset({kinds.POD.name})
"""Kinds whose names are made up: of them the target's name counts."""


def judge(scene: Scene) -> Iterator[Refused]:
    """Refuse what is in no list that there is."""
    allowed, write = scene.rules.allowed, scene.plan.write
    name = scene.target.name if write.kind in NAMELESS else write.name
    # An application of Argo CD, say, is written in another namespace than the target's.
    spaces = dict.fromkeys(filter(None, (scene.target.namespace, write.namespace)))
    for what, patterns, text in (
        *(("namespace", allowed.namespaces, space) for space in spaces),
        ("kind", allowed.kinds, write.kind),
        ("name", allowed.names, name),
    ):
        if patterns and not any_like(patterns, text):
            yield Refused(
                f"the {what} {text} may not be touched: allowed are {', '.join(patterns)}",
                f"change it by hand, or add it to allowed {what}s in policy.yaml",
            )


GUARD: Final = Guard(
    name="allowed",
    meaning="Only namespaces, kinds and names that are allowed are touched",
    judge=judge,
)
