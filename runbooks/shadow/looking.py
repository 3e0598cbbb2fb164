"""Looks at what people did with a plan of shadow, and judges it as verification would."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cluster.actions.plan import Plan, Settled
from cluster.clients.parse import Malformed
from cluster.clients.reads import Objects
from cluster.shadow import comparing, standing
from cluster.shadow.comparing import Then
from cluster.shadow.standing import Pairs
from cluster.signals.signals import Signals
from cluster.targets.target import Selector, Target, Targets
from cluster.tools import Tools
from cluster.verification import Observed, Verdict, Verification, compare
from incidents.commands.shadow import BeginWatch, EndWatch, JudgeAct, NoteAct, WatchCommand
from incidents.correlation import LOCAL
from incidents.errors import Rejected, Unavailable
from incidents.events.run import Evidence, RunStarted, WouldHaveActed
from incidents.events.shadow import Better, Did, PeopleActed, ShadowBegan
from incidents.incident import Incident
from incidents.shadow import OPEN, WITHOUT, Watch, closes_at
from runbooks.engine import records, windows
from runbooks.engine.proof import patience
from runbooks.language.model import Verify

SOON: Final = timedelta(minutes=1)
"""So long after a plan what stands there is still what stood there when it was planned."""
LATE: Final = timedelta(minutes=5)
"""So long after its end a look still tells what was there at the end."""
PATIENCE: Final = timedelta(minutes=5)
"""How long after its window an act waits for a cluster that does not answer."""
NOBODY_LOOKED: Final = "nobody looked at that time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sights:
    """All that a look sees of the world; nothing of it can write.

    `settled` says how far a change has come, as the action of the plan says it.
    """

    objects: Objects
    signals: Signals
    targets: Targets
    settled: Callable[[Plan], Settled]


def sights(tools: Tools) -> Sights:
    """Return what of the tools only reads."""

    def settled(plan: Plan) -> Settled:
        if plan.action not in tools.verbs:
            message = f"there is no action {plan.action} here"
            raise Rejected(message)
        return tools.verbs[plan.action].settled(plan)

    return Sights(
        objects=tools.objects, signals=tools.signals, targets=tools.targets, settled=settled
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What would have been done, when that was said, in which run, and how it would be proven.

    `proven` is None where the runbook cannot be had any more.
    """

    would: WouldHaveActed
    version: int
    at: datetime
    run: str
    started: RunStarted
    proven: Verify | None


def begin(case: Case, sights: Sights, *, lasts: timedelta, now: datetime) -> BeginWatch:
    """Return what begins the watch: what stands there now, and the windows from before."""
    marks, pods, unseen = _there(case, sights) if now <= case.at + SOON else ((), (), NOBODY_LOOKED)
    return BeginWatch(
        began=ShadowBegan(
            incident=case.started.incident,
            run=case.run,
            would=case.version,
            runbook=case.started.runbook,
            step=case.would.step,
            until=case.at + lasts,
            before=_before(case, sights),
            marks=marks,
            pods=pods,
            unseen=unseen,
        )
    )


def _there(case: Case, sights: Sights) -> tuple[Pairs, Pairs, str]:
    """Return what stands there now, its pods, and what of it was not seen."""
    plan = case.would.plan
    try:
        now = standing.read(sights.objects, plan)
        return standing.marks(plan, now), standing.pods(now), now.hidden
    except (Rejected, Unavailable, Malformed) as error:
        return (), (), str(error)


def look(
    watch: Watch, case: Case, incident: Incident, sights: Sights, now: datetime
) -> WatchCommand | None:
    """Return what a look finds that is news, None for nothing; it reads and changes nothing.

    Told to the watch and looked again, it ends: every watch does, whatever the world does.
    """
    if watch.began is None or watch.ended is not None:
        return None
    closes = closes_at(watch.began, incident.resolved_at)
    seen = _seen(watch, case, sights, now, closes)
    if watch.nearer(seen.did):
        return NoteAct(act=seen)
    if watch.unproven:
        return _proof(watch, case, sights, now)
    over = now >= closes or watch.did is Did.SAME
    return _end(watch, case, incident, sights, seen, min(now, closes)) if over else None


def _seen(watch: Watch, case: Case, sights: Sights, now: datetime, closes: datetime) -> PeopleActed:
    began = watch.began
    assert began is not None  # noqa: S101  # `look` has asked
    try:
        found = comparing.compare(
            case.would.plan,
            case.would.step,
            Then(at=case.at, marks=dict(began.marks), pods=began.pods),
            standing.read(sights.objects, case.would.plan),
        )
    except (Rejected, Unavailable, Malformed) as error:
        return _nothing(case, Did.CANNOT_TELL, str(error))
    if found.did in OPEN:
        return found
    if found.at is not None and found.at > closes:
        return _nothing(case, Did.NOTHING, f"it came later: {found.what}")
    if found.at is None and now > closes + LATE:
        return _nothing(case, Did.CANNOT_TELL, NOBODY_LOOKED)
    return found


def _nothing(case: Case, did: Did, because: str) -> PeopleActed:
    return PeopleActed(step=case.would.step, did=did, what=because, became=(), who=(), at=None)


def _proof(watch: Watch, case: Case, sights: Sights, now: datetime) -> JudgeAct | None:
    """Return what verification says of the act, None while it is too early to say."""
    if case.proven is None:
        return _lost("the runbook of the run cannot be had any more")
    acted, proven = watch.acted_at or now, case.proven
    deadline = acted + patience(proven, case.would.plan.loads)
    latest = deadline + proven.lag + proven.window + PATIENCE
    try:
        settled = _settled(watch, case, sights, acted)
        ready = min(settled.since or deadline, deadline)
        start = ready + proven.lag
        end = start + proven.window
        if settled.reverted_by is None and now < end:
            return None
        after = {} if settled.reverted_by else _windows(case, sights, proven, start, end)
    except (Rejected, Malformed) as error:
        return _lost(str(error))
    except Unavailable as error:
        return _lost(str(error)) if now >= latest else None
    return _judged(watch, proven, settled, after)


def _settled(watch: Watch, case: Case, sights: Sights, acted: datetime) -> Settled:
    """Return how far the act has come: as if it had been ours, from its moment on."""
    found = sights.settled(_as_done(watch, records.plan(case.would.plan)))
    since = found.since
    if since is None and found.words and found.ready >= found.wanted:
        # What is not about pods is there when it is written, and that was not us.
        since = acted
    return replace(found, since=max(since, acted) if since is not None else None)


def _as_done(watch: Watch, plan: Plan) -> Plan:
    """Return the plan with the values that people wrote."""
    became = dict(watch.act.became) if watch.act else {}
    fields = tuple((field, became.get(field, new)) for field, new in plan.write.fields)
    words = [became.get(field) for field, _ in plan.write.fields]
    words += [None] * (len(plan.after) - len(words))
    after = tuple(
        (name, new if word is None else word.strip('"'))
        for (name, new), word in zip(plan.after, words, strict=False)
    )
    return replace(plan, after=after, write=replace(plan.write, fields=fields))


def _judged(
    watch: Watch, proven: Verify, settled: Settled, after: Mapping[str, Observed]
) -> JudgeAct:
    found = _verified(watch, proven, settled, after)
    return JudgeAct(
        verdict=found.verdict.value,
        because=found.because,
        comparisons=windows.comparisons(found.rows, after),
    )


def _verified(
    watch: Watch, proven: Verify, settled: Settled, after: Mapping[str, Observed]
) -> Verification:
    if settled.reverted_by is None and not proven.expect:
        verdict = Verdict.NO_EFFECT if settled.since is None else Verdict.VERIFIED
        return Verification(verdict=verdict, because=settled.said, rows=())
    return compare(windows.expectations(proven), _remembered(watch), after, settled)


def _lost(because: str) -> JudgeAct:
    return JudgeAct(verdict=Verdict.CANNOT_TELL.value, because=because)


def _end(
    watch: Watch, case: Case, incident: Incident, sights: Sights, seen: PeopleActed, at: datetime
) -> EndWatch:
    did = watch.did or seen.did
    because = watch.act.what if watch.act else seen.what
    if did not in WITHOUT:
        return EndWatch(did=did, because=because)
    better, why = _better(watch, case, incident, sights, at)
    return EndWatch(did=did, because=f"{because}; {why}", better=better)


def _better(
    watch: Watch, case: Case, incident: Incident, sights: Sights, at: datetime
) -> tuple[Better, str]:
    """Return whether it got better without the planned change, and what that rests on."""
    if not incident.firing:
        return Better.YES, "every alert has ended"
    if case.proven is None or not case.proven.expect:
        return Better.CANNOT_TELL, "no signal is expected to get better"
    try:
        after = _windows(case, sights, case.proven, at - case.proven.window, at)
    except (Rejected, Unavailable, Malformed) as error:
        return Better.CANNOT_TELL, str(error)
    settled = Settled(ready=1, wanted=1, since=at, words="what was planned was not done")
    found = compare(windows.expectations(case.proven), _remembered(watch), after, settled)
    better = {Verdict.VERIFIED: Better.YES, Verdict.CANNOT_TELL: Better.CANNOT_TELL}
    return better.get(found.verdict, Better.NO), found.because


def _remembered(watch: Watch) -> Mapping[str, Observed]:
    return windows.remembered(watch.began.before if watch.began else ())


def _before(case: Case, sights: Sights) -> tuple[Evidence, ...]:
    """Return the windows that end where the change would have begun."""
    if case.proven is None or not case.proven.expect:
        return ()
    try:
        read = _windows(case, sights, case.proven, case.at - case.proven.window, case.at)
    except (Rejected, Unavailable, Malformed):
        return ()
    return windows.means(read, case.proven, case.at)


def _windows(
    case: Case, sights: Sights, proven: Verify, start: datetime, end: datetime
) -> windows.Window:
    return windows.read(sights.signals, _target(case, sights), proven, start, end)


def _target(case: Case, sights: Sights) -> Target:
    """Return the run's target as it is now; raises Rejected, Unavailable."""
    started = case.started
    return sights.targets.find(
        Selector(
            cluster=started.cluster or LOCAL,
            namespace=started.namespace,
            model=started.model,
            role=started.role,
            pool=started.pool,
            chosen=started.chosen,
        )
    )
