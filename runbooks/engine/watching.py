"""After a change was verified: whether it stays while autoscalers have their say."""

from datetime import timedelta

from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.tools import Tools
from cluster.verification import Verdict
from incidents.commands import run as commands
from incidents.errors import Rejected, Unavailable
from incidents.events.run import PlanRecord, Watch
from incidents.run import Step as State
from runbooks.engine import moves, records
from runbooks.engine.turn import Turn
from runbooks.language import duration

SYNCS = 4
"""So many times whoever owns the field may look at it before the change is one that stays."""
SYNC = timedelta(seconds=15)
"""How often an autoscaler looks. Source: kube-controller-manager's own default of
--horizontal-pod-autoscaler-sync-period."""
POLLING = timedelta(seconds=30)
"""How often KEDA asks its triggers unless `pollingInterval` says so. Source: its ScaledObject."""
LONGEST = timedelta(minutes=10)
"""An interval that is longer is not waited for: people want to know how it ended."""
PATIENCE = timedelta(minutes=5)
"""How long after its end a watch waits for a cluster that does not answer."""
SCALED = "ScaledObject "


def watch(turn: Turn, state: State) -> Watch | None:
    """Return how long the step is watched; None where it wrote nothing that could change back."""
    plan = records.approved(state)
    if not plan.write.fields and not plan.write.copied:
        return None
    every = interval(turn.tools, plan)
    return Watch(until=turn.now + SYNCS * every, every=every)


def interval(tools: Tools, plan: PlanRecord) -> timedelta:
    """Return how often the field's owner looks at it, as far as that can be told."""
    scaled = [one.removeprefix(SCALED) for one in plan.owner_path if one.startswith(SCALED)]
    if not scaled:
        return SYNC
    kind = kinds.SCALED_OBJECT
    reference = OwnerReference(kind=kind.name, name=scaled[-1], api_version=kind.api_version)
    try:
        found = tools.objects.thing(plan.namespace, reference)
        return min(max(SYNC, _polling(found)), LONGEST)
    except (Rejected, Unavailable, parse.Malformed):
        return POLLING


def look(turn: Turn, move: moves.Watch) -> bool:
    """Record that somebody has changed it back, or at the end of the watch that nobody has."""
    state = turn.run.step(move.step)
    kept = records.plan(records.approved(state))
    try:
        settled = turn.tools.verbs[kept.action].settled(kept)
    except Rejected as error:
        return _end(turn, move, Verdict.CANNOT_TELL, str(error))
    except Unavailable as error:
        if turn.now < move.until + PATIENCE:
            return turn.put_off(move.step, f"it cannot be seen whether it stays: {error}")
        return _end(turn, move, Verdict.CANNOT_TELL, str(error))
    if settled.reverted_by is not None:
        return _end(turn, move, Verdict.REVERTED, f"by {settled.reverted_by}")
    if turn.now < move.until:
        return False
    length = duration.write(SYNCS * move.every)
    return _end(turn, move, Verdict.VERIFIED, f"nobody has changed it back within {length}")


def _end(turn: Turn, move: moves.Watch, verdict: Verdict, because: str) -> bool:
    command = commands.EndWatch(step=move.step, verdict=verdict.value, because=because)
    return turn.tell(command)


def _polling(scaled: Thing) -> timedelta:
    seconds = parse.number(parse.section(scaled.body, "spec"), "pollingInterval", missing=30)
    return timedelta(seconds=seconds)
