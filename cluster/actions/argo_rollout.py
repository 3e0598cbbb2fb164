"""argo_rollout: aborts, retries, resumes or fully promotes the rollout of an Argo Rollout.

Source: argo-rollouts pkg/kubectl-argo-rollouts/cmd/{abort,retry,promote,pause}.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cluster.actions import field, left, pause_rollout, rolled, setting, settling
from cluster.actions.action import OneOf, Parameter, writes_fields
from cluster.actions.field import Edit, Pairs
from cluster.actions.plan import Plan, Settled
from cluster.actions.revisions import HASH
from cluster.clients import kinds, parse
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Thing
from cluster.owners import registry, workload
from cluster.owners.place import called, value
from cluster.owners.sight import LiveSight, Sight
from cluster.rights import lists, patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "argo_rollout"
ABORT, RETRY, RESUME, PROMOTE = "abort", "retry", "resume", "promote"
STATUS: Final = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One write: where, what it was and becomes in words, and what people must know of it."""

    path: tuple[str, ...]
    new: object
    words: tuple[str, str, str]
    warning: str
    inverse: Pairs = ()


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write; raises Rejected where the Rollout is not in such a state."""
    asked = setting.given(NAME, parameters, ("do",)).get("do", "")
    if asked not in CHANGES:
        message = f"{NAME}: do is one of {', '.join(CHANGES)}, not {asked!r}"
        raise Rejected(message)
    thing = workload.of(target, sight).place.thing
    if thing.itself.kind != kinds.ROLLOUT.name:
        message = f"{NAME} {target}: it is no Argo Rollout"
        raise Rejected(message)
    change = CHANGES[asked](target, thing)
    name, was, becomes = change.words
    path: tuple[str, ...] = (called(thing.itself),)
    notes: tuple[str, ...] = ()
    subresource = STATUS if change.path[0] == STATUS else ""
    if not subresource:
        owned = setting.owned(NAME, target, thing, change.path, sight, was=was, becomes=becomes)
        path, notes = owned.path, owned.notes
    return Edit(
        thing=thing,
        subresource=subresource,
        fields=((change.path, change.new),),
        before=((name, was),),
        after=((name, becomes),),
        parameters=(("do", asked),),
        owner_path=path,
        inverse=change.inverse,
        kubectl=_kubectl(asked, thing),
        warnings=(change.warning, *notes),
    )


def settled(kubernetes: Kubernetes, plan: Plan) -> Settled:
    """Say how far it has come: pods of the stable template, or of the new one, or just the write.

    The controller takes `promoteFull` away when it is done, and pauses again at the next step.
    """
    asked = dict(plan.parameters)["do"]
    sight = LiveSight(kubernetes, plan.target.namespace)
    work = workload.of(plan.target, sight)
    found = field.written(kubernetes, plan)
    if asked in (ABORT, RETRY) and not field.stands(plan, found):
        by = settling.undone_by(plan, found, sight)
        return Settled(ready=0, wanted=1, since=None, reverted_by=by, words="it was changed")
    if asked in (RETRY, RESUME):
        return Settled(
            ready=1, wanted=1, since=rolled.written_at(found), words="the rollout goes on"
        )
    hashed = _hash(found, "stableRS" if asked == ABORT else "currentPodHash")
    pods = kubernetes.pods(plan.target.namespace, work.selector)
    since = [
        pod.ready_since
        for pod in pods
        if pod.ready_since and not pod.leaving and pod.labels.get(HASH) == hashed
    ]
    done = len(since) >= work.place.size
    return Settled(
        ready=len(since),
        wanted=work.place.size,
        since=max(since, default=None) if done else None,
        words=f"{len(since)} of {work.place.size} pods of template {hashed} ready",
    )


def _abort(target: Target, thing: Thing) -> Change:
    _refuse_still(target, thing)
    if value(thing.body, (STATUS, "abort")) is True:
        raise setting.unchanged(NAME, target, "aborted", "yes")
    return Change(
        path=(STATUS, "abort"),
        new=True,
        words=("aborted", "no", "yes"),
        warning="the stable template serves again, and the new one stays in the manifest:"
        " roll it back as well, in Git where it came from",
        inverse=(("action", NAME), ("do", RETRY)),
    )


def _retry(target: Target, thing: Thing) -> Change:
    if value(thing.body, (STATUS, "abort")) is not True:
        raise setting.unchanged(NAME, target, "aborted", "no")
    return Change(
        path=(STATUS, "abort"),
        new=False,
        words=("aborted", "yes", "no"),
        warning="the new template is rolled out again, from the first step",
        inverse=(("action", NAME), ("do", ABORT)),
    )


def _resume(target: Target, thing: Thing) -> Change:
    if value(thing.body, pause_rollout.PATH) is True:
        return Change(
            path=pause_rollout.PATH,
            new=None,
            words=("paused", "yes", "no"),
            warning=pause_rollout.GOES_ON,
            inverse=(("action", pause_rollout.NAME), ("pause", pause_rollout.YES)),
        )
    conditions = parse.items(parse.section(thing.body, STATUS), "pauseConditions")
    if not conditions:
        raise setting.unchanged(NAME, target, "paused", "no")
    reasons = ", ".join(parse.text(each, "reason") or "unknown" for each in conditions)
    return Change(
        path=(STATUS, "pauseConditions"),
        new=None,
        words=("paused", reasons, "no"),
        warning=f"it goes on to its next step{_then(thing)}",
    )


def _then(thing: Thing) -> str:
    """Return how long a blue-green Rollout keeps the old pods: `scaleDownDelaySeconds`."""
    strategy = parse.section(parse.section(thing.body, "spec"), "strategy")
    if "blueGreen" not in strategy:
        return ""
    delay = parse.number(parse.section(strategy, "blueGreen"), "scaleDownDelaySeconds", missing=30)
    return f"; once it is promoted the old pods go after {delay} s, and taking back loads models"


def _promote(target: Target, thing: Thing) -> Change:
    _refuse_still(target, thing)
    if value(thing.body, pause_rollout.PATH) is True:
        message = f"{NAME} {target}: it is paused by its manifest; resume it first"
        raise Rejected(message)
    if value(thing.body, (STATUS, "abort")) is True:
        message = f"{NAME} {target}: it was aborted; retry it first"
        raise Rejected(message)
    return Change(
        path=(STATUS, "promoteFull"),
        new=True,
        words=("promoted", "no", "fully"),
        warning="analysis, pauses and steps are skipped: all requests go to the new template"
        + _then(thing),
    )


CHANGES: Final = {ABORT: _abort, RETRY: _retry, RESUME: _resume, PROMOTE: _promote}


def _refuse_still(target: Target, thing: Thing) -> None:
    stable, current = _hash(thing, "stableRS"), _hash(thing, "currentPodHash")
    if not stable or stable == current:
        message = f"{NAME} {target}: no rollout is under way"
        raise Rejected(message)


def _hash(thing: Thing, name: str) -> str:
    return parse.text(parse.section(thing.body, STATUS), name)


def _kubectl(asked: str, thing: Thing) -> str:
    """Return the equal command; promoting clears a pause too."""
    verb = {RESUME: PROMOTE}.get(asked, asked)
    full = ["--full"] if asked == PROMOTE else []
    return shlex.join(
        ["kubectl", "argo", "rollouts", verb, thing.itself.name, "-n", thing.namespace, *full]
    )


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Abort, retry, resume or fully promote the rollout of an Argo Rollout",
    parameters={
        "do": Parameter(
            shape=OneOf(choices=tuple(CHANGES)), required=True, meaning="What to do with it"
        ),
    },
    settle=settled,
    rights=(
        *workload.RIGHTS,
        *registry.rights_of_settings(),
        *patches(kinds.ROLLOUT),
        *patches(kinds.ROLLOUT, subresource=STATUS),
        *lists(kinds.POD),
    ),
    leaves=left.Leaves(
        words="the rollout stays aborted, and the new template stays in the manifest",
        of=left.on("do", ABORT),
        within=left.DAY,
    ),
)
