"""Who is asked: the pods of a target straight, and the gateway before it; all at once."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from cluster import seen
from cluster.actions import member, turns
from cluster.canary.judging import Told
from cluster.canary.port import Canaries, Sent
from cluster.clients.parse import Malformed
from cluster.clients.reads import Objects
from cluster.clients.things import Thing
from cluster.evidence import told as pods_told
from cluster.evidence.collect import reachable
from cluster.targets.target import Target
from incidents.errors import TriagedError

MOST: Final = 4
"""So many pods are asked, the newest first: each prompt takes a place in a batch."""
GATEWAY: Final = "gateway"
RIGHTS: Final = seen.PODS
"""What it takes to find the pods."""

Reach = Callable[[str], bool]
"""Tells whether an address may be a pod's."""


def pods(objects: Objects, target: Target, *, may: Reach = reachable) -> tuple[dict[str, str], str]:
    """Return where the newest ready pods listen that take requests, and what was not seen.

    The address of a pod that does not say it is empty.
    """
    found = seen.pods(objects, target, seen.workload(objects, target))
    serving = [each for each in found.things if each.itself.name in target.pods and _ready(each)]
    newest = sorted(serving, key=_made, reverse=True)[:MOST]
    return {each.itself.name: _address(each, may) for each in newest}, found.missing


def ask(places: Mapping[str, str], sent: Sent, canaries: Canaries) -> Mapping[str, Told]:
    """Return what each said, by its name, or why it said nothing; in the time of the slowest."""
    if not places:
        return {}
    with ThreadPoolExecutor(max_workers=len(places)) as crew:
        waiting = {
            name: crew.submit(_asked, canaries, place, sent) for name, place in places.items()
        }
        return {name: one.result() for name, one in waiting.items()}


def _asked(canaries: Canaries, place: str, sent: Sent) -> Told:
    if not place:
        return "it says no address and port at which it could be asked"
    try:
        return canaries.ask(place, sent)
    except TriagedError as error:
        return str(error)


def _ready(pod: Thing) -> bool:
    try:
        return turns.ready(pod)
    except (Malformed, ValueError):
        return False


def _made(pod: Thing) -> tuple[str, str]:
    try:
        return member.made_at(pod).isoformat(), pod.itself.name
    except (Malformed, ValueError):
        return "", pod.itself.name


def _address(pod: Thing, may: Reach) -> str:
    """Return where the engine listens; empty where the pod does not say it, or says no such."""
    try:
        place = pods_told.address(pod)
    except Malformed:
        return ""
    if place is None or not may(place.address):
        return ""
    host = f"[{place.address}]" if ":" in place.address else place.address
    return f"http://{host}:{place.port}"
