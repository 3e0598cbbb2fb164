"""Whose turn it is to go: the next pod goes when all that are left serve again."""

from collections.abc import Sequence
from typing import Final

from cluster.actions import member
from cluster.clients import parse
from cluster.clients.things import Thing
from cluster.owners.workload import Workload
from cluster.targets.target import Target
from incidents.errors import Unavailable

SHOWN: Final = 3
"""So many names are told of pods that are waited for."""


def wait_for(  # who asks, and for what
    action: str,
    target: Target,
    work: Workload,
    own: Sequence[Thing],
    *,
    going: Sequence[Thing] = (),
) -> None:
    """Raise Unavailable until the target has all its pods and each is ready but those `going`.

    The engine asks again by itself, as long as the step's timeout allows.
    """
    wanted = work.place.size * work.each
    others = [each for each in own if each not in going]
    late = sorted(each.itself.name for each in others if not ready(each))
    if late:
        more = f" and {len(late) - SHOWN} more" if len(late) > SHOWN else ""
        names = ", ".join(late[:SHOWN])
        message = f"{action} {target}: the next pod has to wait: not ready: {names}{more}"
        raise Unavailable(message)
    if len(own) < wanted:
        message = f"{action} {target}: the next pod has to wait: {len(own)} of {wanted} are there"
        raise Unavailable(message)


def oldest(pods: Sequence[Thing]) -> Thing:
    """Return the pod that was made first; of none it raises ValueError."""
    return min(pods, key=lambda each: (member.made_at(each), each.itself.name))


def ready(pod: Thing) -> bool:
    """Tell whether a pod serves and stays."""
    read = parse.pod(pod.body)
    return read.ready_since is not None and not read.leaving


def leaving(pod: Thing) -> bool:
    """Tell whether a pod was asked to go."""
    return parse.pod(pod.body).leaving
