"""restart: lets every pod of a target begin anew, as fast as its rollout strategy allows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Final

from cluster.actions import rolled, setting, standing, strategy
from cluster.actions import template as templates
from cluster.actions.action import writes_fields
from cluster.actions.field import Edit
from cluster.actions.plan import Plan, Settled
from cluster.actions.pointers import path as path_of
from cluster.clients import kinds, parse
from cluster.clients.ports import Kubernetes
from cluster.owners import workload
from cluster.owners.place import value
from cluster.owners.sight import Hidden, LiveSight, Sight
from cluster.rights import lists, patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "restart"
MARK: Final = ("metadata", "annotations", "kubectl.kubernetes.io/restartedAt")
"""What `kubectl rollout restart` writes into a template."""
OF_ROLLOUT: Final = ("spec", "restartAt")
"""What `kubectl argo rollouts restart` writes: its template stays as it is."""
INSTEAD: Final = "delete its pods one by one, and wait for each to be ready"
NONE: Final = "none"


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the mark: all pods that are there now began before its moment."""
    setting.given(NAME, parameters, ())
    template = templates.of(NAME, target, sight)
    top = template.work.place.thing
    argo = top.itself.kind == kinds.ROLLOUT.name
    thing, path = (top, OF_ROLLOUT) if argo else (template.thing, (*template.path, *MARK))
    if not argo and parse.section(thing.body, "spec").get("paused") is True:
        message = f"{NAME} {target}: it is paused, so nothing would restart; resume it first"
        raise Rejected(message)
    was, moment = str(value(thing.body, path) or NONE), _moment(target, sight)
    if was == moment:
        raise setting.unchanged(NAME, target, "the last restart", was)
    place = templates.place(thing, path)
    owned = templates.owned(NAME, target, place, sight, was=was, becomes=moment, instead=INSTEAD)
    size, fields = template.work.place.size, ((path, moment),)
    return Edit(
        thing=thing,
        fields=fields,
        before=(("restarted", was),),
        after=(("restarted", moment),),
        parameters=(),
        owner_path=owned.path,
        inverse=(),
        kubectl=standing.patched(thing, fields),
        warnings=(
            "all pods begin anew and load the model again; requests on them are cut off",
            *strategy.means(top, size),
            *standing.warnings(template.work, size),
            *owned.notes,
        ),
    )


def settled(kubernetes: Kubernetes, plan: Plan) -> Settled:
    """Say how far it has come; a Rollout says itself when all of its pods began anew."""
    found = rolled.settled(kubernetes, plan)
    if path_of(plan.write.fields[0][0]) != OF_ROLLOUT:
        return found
    top = workload.of(plan.target, LiveSight(kubernetes, plan.target.namespace)).place.thing
    if value(top.body, ("status", "restartedAt")) == dict(plan.after)["restarted"]:
        return found
    return replace(found, ready=0, since=None, words="not all pods have begun anew")


def _moment(target: Target, sight: Sight) -> str:
    """Return the first second after the newest pod was made, in the API's form.

    The moment of now would make another plan of every planning, which no approval would fit.
    """
    listed = sight.things(kinds.POD)
    if isinstance(listed, Hidden):
        message = f"{NAME} {target}: {listed.because}"
        raise Rejected(message)
    names = {*target.pods, *(each.name for each in target.members)}
    own = [each.body for each in listed if each.itself.name in names]
    made = [parse.text(parse.section(each, "metadata"), "creationTimestamp") for each in own]
    moments = [moment for each in made if (moment := parse.moment(each)) is not None]
    if not moments:
        message = f"{NAME} {target}: it has no pods to restart"
        raise Rejected(message)
    after = max(moments).astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    return f"{after:%Y-%m-%dT%H:%M:%SZ}"


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Let all pods begin anew, as fast as the rollout strategy allows",
    parameters={},
    settle=settled,
    rights=(
        *templates.RIGHTS,
        *patches(kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.GROUPS, kinds.ROLLOUT),
        *lists(kinds.POD),
    ),
)
