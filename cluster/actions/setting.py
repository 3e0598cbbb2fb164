"""Settings that are no number of replicas: who keeps them, and whether a change of one stands."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from cluster.actions import field, refusal, settling
from cluster.actions.plan import Plan, Settled
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Thing
from cluster.owners import registry, workload
from cluster.owners.ownership import Ownership
from cluster.owners.place import Place, Unit
from cluster.owners.sight import Hidden, LiveSight, Sight
from cluster.rights import lists
from cluster.targets.target import Target
from incidents.errors import Rejected

BECAUSE: Final = "an incident needs it"
RIGHTS: Final = (*workload.RIGHTS, *registry.rights_of_settings(), *lists(kinds.ROLLOUT))
"""What it takes to find a workload, and the owners of a field of it that is no size."""
STANDS: Final = "it stands as it was written"
Judge = Callable[[Thing], str]
"""Says what is still missing although the fields stand; empty for nothing."""


def given(action: str, parameters: Mapping[str, object], known: Sequence[str]) -> Mapping[str, str]:
    """Return what was said, as texts; raises Rejected for a name that is not known."""
    found = {name: str(asked) for name, asked in parameters.items() if asked is not None}
    if unknown := sorted(found.keys() - set(known)):
        message = f"{action}: unknown parameter {unknown[0]!r}; there are: {', '.join(known)}"
        raise Rejected(message)
    return found


def owned(  # where it is, what it was, what it becomes
    action: str,
    target: Target,
    thing: Thing,
    path: tuple[str, ...],
    sight: Sight,
    *,
    was: str,
    becomes: str,
) -> Ownership:
    """Return who stands above a setting; raises Rejected where a change of it would not stay."""
    place = Place(thing=thing, path=path, unit=Unit.SETTING)
    return refusal.stays(action, target, place, sight, was=was, becomes=becomes, because=BECAUSE)


def one(action: str, target: Target, name: str, kinds: Sequence[Kind], sight: Sight) -> Thing:
    """Return the object of one of these kinds, the first that has it; raises Rejected."""
    for kind in kinds:
        listed = sight.things(kind)
        if isinstance(listed, Hidden):
            message = f"{action} {target}: {listed.because}"
            raise Rejected(message)
        for each in listed:
            if each.itself.name == name:
                return each
    message = f"{action} {target}: there is no {kinds[0]} {name} in {target.namespace}"
    raise Rejected(message)


def unchanged(action: str, target: Target, what: str, now: object) -> Rejected:
    """Return the refusal of a change that would change nothing."""
    return Rejected(f"{action} {target}: nothing to change: {what} is {now}")


def settled(kubernetes: Kubernetes, plan: Plan) -> Settled:
    """Say whether the fields stand as they were written, and who wrote them since."""
    return judged(kubernetes, plan, lambda _: "")


def judged(kubernetes: Kubernetes, plan: Plan, judge: Judge) -> Settled:
    """Say the same, of a change that came about only when nothing is missing either."""
    found = field.written(kubernetes, plan)
    if not field.stands(plan, found):
        sight = LiveSight(kubernetes, plan.target.namespace)
        by = settling.undone_by(plan, found, sight)
        return Settled(ready=0, wanted=1, since=None, reverted_by=by, words="it was changed")
    missing = judge(found)
    return Settled(
        ready=0 if missing else 1,
        wanted=1,
        since=None if missing else _written(found),
        words=missing or STANDS,
    )


def _written(found: Thing) -> datetime | None:
    ours = [each.at for each in found.writers if field.ours(each.manager)]
    return max((at for at in ours if at is not None), default=None)
