"""restart_one: lets the oldest pod of a target begin anew, once all of its pods are ready.

A runbook that repeats it restarts them one at a time: what was made anew is the youngest.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from cluster.actions import member, removal, turns
from cluster.actions.action import Parameter, Words
from cluster.actions.member import Member
from cluster.actions.removal import Way
from cluster.clients import parse
from cluster.clients.things import Thing
from cluster.owners import workload
from cluster.owners.sight import Sight
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "restart_one"
BEFORE: Final = "made_before"
_MOMENT: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"


def choose(target: Target, asked: Mapping[str, str], sight: Sight) -> str:
    """Return the oldest pod; raises Unavailable while the one before it is not ready again."""
    work = workload.of(target, sight)
    own = member.all_of(NAME, target, work, sight)
    oldest = turns.oldest(_older(target, asked.get(BEFORE, ""), own))
    turns.wait_for(NAME, target, work, own)
    return oldest.itself.name


def check(target: Target, found: Member, sight: Sight) -> tuple[str, ...]:
    """Say of how many it is the oldest."""
    number = len(member.all_of(NAME, target, found.work, sight))
    moment = member.made_at(found.thing)
    return (f"it is the oldest of {number} pods, made at {moment:%Y-%m-%d %H:%M:%S} UTC",)


def _older(target: Target, before: str, own: Sequence[Thing]) -> Sequence[Thing]:
    """Return the pods that were made before a moment; raises Rejected where none is left."""
    try:
        bound = parse.moment(before)
    except ValueError as error:
        message = f"{NAME} {target}: {BEFORE} is a time such as 2026-03-01T12:00:00Z"
        raise Rejected(message) from error
    found = [each for each in own if bound is None or member.made_at(each) < bound]
    if not found:
        since = f" all of its {len(own)} pods were made since {before}" if own else " it has no pod"
        message = f"{NAME} {target}: nothing to restart:{since}"
        raise Rejected(message)
    return found


ACTION: Final = removal.removes(
    Way(
        name=NAME,
        check=check,
        evicts=True,
        choose=choose,
        parameters={
            BEFORE: Parameter(
                shape=Words(pattern=_MOMENT, example="2026-03-01T12:00:00Z"),
                meaning="Pods that were made since then have begun anew already (UTC)",
            )
        },
    ),
    meaning="Let the oldest pod begin anew, once all pods of the target are ready",
)
