"""What was rolled out last, when, and what it changed. Pure.

A Deployment's and a Rollout's revisions are ReplicaSets, a StatefulSet's and a LeaderWorkerSet's
ControllerRevisions; a LeaderWorkerSet forgets the older ones when its update is done. Helm keeps
its history in Secrets, which nobody reads here: its labels say the release.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cluster import differences
from cluster.clients import parse
from cluster.clients.things import Json, Thing
from cluster.seen import Seen
from runbooks.verdicts.cluster import pods as of_pods
from runbooks.verdicts.cluster import told
from runbooks.verdicts.cluster.told import CANNOT_TELL, Judged, Number

STUCK: Final = "stuck"
ROLLING: Final = "rolling"
CHANGED: Final = "changed"
UNCHANGED: Final = "unchanged"
WRONG: Final = (STUCK, CHANGED)
WELL: Final = (UNCHANGED,)
VERDICTS: Final = (STUCK, ROLLING, CHANGED, UNCHANGED, CANNOT_TELL)
REVISIONS: Final = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
HELM: Final = ("meta.helm.sh/release-name", "helm.sh/chart")
DEADLINE: Final = "ProgressDeadlineExceeded"
LATEST: Final = 2**53
"""Revisions are counted from one; what is beyond is no count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One state of the pod template that was rolled out, and when it was first."""

    number: int
    made: datetime | None
    template: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the workload is: replicas wanted, those of the newest template, and those ready."""

    wanted: int
    updated: int | None
    ready: int
    observed: bool
    stuck: str
    moved: datetime | None
    release: str


def judge(above: Seen, revisions: Seen, *, uid: str, at: datetime, within: timedelta) -> Judged:
    """Return whether a rollout is under way, stuck, or took place within this long ago."""
    progress, odd = told.legible(above.things, _progress)
    own = [each for each in revisions.things if _owned(each, uid)]
    known, illegible = told.legible(own, _revision)
    gaps = (*told.missing(above, revisions), *told.unread((*odd, *illegible)))
    history = sorted(known, key=lambda one: one.number)
    if not progress or not history:
        because = "; ".join(gaps) or "it has no history that can be read"
        return Judged(verdict=CANNOT_TELL, because=because)
    now, newest = progress[0], history[-1]
    since = _since(history, now)
    verdict = _verdict(now, since, len(history), at, within)
    because = _because(verdict, now, history, since, at)
    numbers = tuple(_numbers(now, newest, len(history), since, at))
    judged = Judged(verdict=verdict, because=because, numbers=numbers)
    return told.unsure(judged, gaps, well=WELL)


def _verdict(
    now: Progress, since: datetime | None, known: int, at: datetime, within: timedelta
) -> str:
    if now.stuck:
        return STUCK
    behind = now.updated is not None and now.updated < now.wanted and known > 1
    if behind or not now.observed:
        return ROLLING
    if since is None:
        return CANNOT_TELL
    return CHANGED if at - since <= within else UNCHANGED


def _since(history: Sequence[Revision], now: Progress) -> datetime | None:
    """Return when the newest revision was rolled out.

    One that was taken back to is older than what it replaced: then the workload says when it moved,
    where it does; a StatefulSet and a LeaderWorkerSet do not.
    """
    newest = history[-1]
    earlier = [one.made for one in history[:-1] if one.made is not None]
    back = newest.made is not None and any(newest.made < one for one in earlier)
    return now.moved if back else newest.made


def _because(
    verdict: str, now: Progress, history: Sequence[Revision], since: datetime | None, at: datetime
) -> str:
    newest = history[-1]
    when = f" since {told.ago(since, at)}" if since else ""
    of = f" of the release {now.release}" if now.release else ""
    begin = f"revision {newest.number}{of}{when}"
    if verdict == UNCHANGED:
        return begin
    state = {
        STUCK: f"; stuck: {now.stuck}",
        ROLLING: f"; {now.updated} of {now.wanted} updated",
        CANNOT_TELL: "; it was there before, and nothing says since when it is again",
    }
    return f"{begin}{state.get(verdict, '')}; {_changes(history)}"


def _changes(history: Sequence[Revision]) -> str:
    if len(history) == 1:
        return "what it changed cannot be told: no earlier revision is kept"
    old, new = history[-2:]
    try:
        found = differences.between(old.template, new.template)
    except ValueError:
        return "what it changed cannot be told: a template makes no sense"
    said = "; ".join(found) or "no image, argument or variable changed"
    return f"from revision {old.number}: {said}"


def _progress(workload: Thing) -> Progress:
    spec, status = parse.section(workload.body, "spec"), parse.section(workload.body, "status")
    progressing = of_pods.condition(status, "Progressing")
    stuck = parse.text(progressing, "reason") == DEADLINE
    release, chart = (workload.annotations.get(HELM[0], ""), workload.labels.get(HELM[1], ""))
    return Progress(
        wanted=parse.number(spec, "replicas", missing=1),
        # A count of zero is left out of a status that somebody has written.
        updated=parse.number(status, "updatedReplicas") if status else None,
        ready=parse.number(status, "readyReplicas"),
        observed=parse.number(status, "observedGeneration", missing=workload.generation)
        >= workload.generation,
        stuck=told.short(parse.text(progressing, "message") or DEADLINE) if stuck else "",
        moved=told.moment(progressing, "lastUpdateTime"),
        release=told.short(" ".join(filter(None, (release, chart)))),
    )


def _owned(each: Thing, uid: str) -> bool:
    return any(owner.controller and owner.uid == uid for owner in each.owners)


def _revision(each: Thing) -> Revision:
    written = next((each.annotations[x] for x in REVISIONS if x in each.annotations), "")
    number = int(written) if written.isascii() and written.isdigit() else 0
    counted = parse.number(each.body, "revision", missing=number)
    if not 0 <= counted <= LATEST:
        message = "revision"
        raise ValueError(message)
    return Revision(
        number=counted,
        made=told.moment(parse.section(each.body, "metadata"), "creationTimestamp"),
        template=_template(each.body),
    )


def _template(body: Json) -> Json:
    """Return the pod template of a ReplicaSet or of a ControllerRevision's data."""
    held: Mapping[str, object] = parse.section(body, "data") or body
    spec = parse.section(held, "spec")
    groups = parse.section(spec, "leaderWorkerTemplate")
    own = parse.section(spec, "template")
    return own or parse.section(groups, "leaderTemplate") or parse.section(groups, "workerTemplate")


def _numbers(
    now: Progress, newest: Revision, known: int, since: datetime | None, at: datetime
) -> Iterator[Number]:
    yield Number(name="revision", value=newest.number, unit="")
    yield Number(name="revisions kept", value=known, unit="revisions")
    yield Number(name="replicas wanted", value=now.wanted, unit="replicas")
    yield Number(name="replicas ready", value=now.ready, unit="replicas")
    if now.updated is not None:
        yield Number(name="replicas updated", value=now.updated, unit="replicas")
    if since is not None:
        yield Number(name="since the rollout", value=(at - since).total_seconds(), unit="s")
