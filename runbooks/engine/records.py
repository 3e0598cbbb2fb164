"""Plans as the journal keeps them, and back."""

from cluster.actions.plan import Plan
from cluster.targets.target import Target
from incidents.errors import Rejected
from incidents.events.run import PlanRecord, WriteRecord
from incidents.run import Step as State


def record(plan: Plan) -> PlanRecord:
    """Return the plan as an event carries it."""
    target = plan.target
    return PlanRecord(
        action=plan.action,
        cluster=target.cluster,
        namespace=target.namespace,
        kind=target.kind,
        name=target.name,
        model=target.model,
        role=target.role,
        pods=target.pods,
        uid=plan.uid,
        resource_version=plan.resource_version,
        parameters=plan.parameters,
        owner_path=plan.owner_path,
        before=plan.before,
        after=plan.after,
        inverse=plan.inverse,
        kubectl=plan.kubectl,
        dry_run=plan.dry_run,
        warnings=plan.warnings,
        reversible=plan.reversible,
        digest=plan.digest,
        write=plan.write,
        api_version=target.api_version,
        people=plan.people,
        loads=plan.loads,
        leaves=plan.leaves,
    )


def plan(kept: PlanRecord) -> Plan:
    """Return the plan that was kept."""
    return Plan(
        action=kept.action,
        target=target(kept),
        parameters=kept.parameters,
        owner_path=kept.owner_path,
        before=kept.before,
        after=kept.after,
        uid=kept.uid,
        resource_version=kept.resource_version,
        inverse=kept.inverse,
        kubectl=kept.kubectl,
        dry_run=kept.dry_run,
        warnings=kept.warnings,
        reversible=kept.reversible,
        digest=kept.digest,
        write=kept.write,
        people=kept.people,
        loads=kept.loads,
        leaves=kept.leaves,
    )


def target(kept: PlanRecord) -> Target:
    """Return the target of a plan, with the pods that it had then."""
    return Target(
        cluster=kept.cluster,
        namespace=kept.namespace,
        kind=kept.kind,
        name=kept.name,
        uid=kept.uid,
        model=kept.model,
        role=kept.role,
        pods=kept.pods,
        api_version=kept.api_version,
    )


def approved(state: State) -> PlanRecord:
    """Return the plan that people are or were asked about; raises Rejected when there is none."""
    if state.plan is None:
        message = f"{state.id} has no plan"
        raise Rejected(message)
    return state.plan


def applied(state: State) -> PlanRecord:
    """Return the plan that took place last; raises Rejected when there is none."""
    if state.applied is None:
        message = f"{state.id} changed nothing"
        raise Rejected(message)
    return state.applied


def difference(was: PlanRecord, now: Plan) -> str:
    """Return in words why a plan is no longer the one that was approved."""
    if was.uid != now.uid:
        return f"{was.kind} {was.namespace}/{was.name} was deleted and made anew"
    if was.write.uid != now.write.uid:
        return _elsewhere(was.write, now.write)
    if was.before != now.before:
        return f"meanwhile {_pairs(was.before)} became {_pairs(now.before)}"
    if was.after != now.after:
        return f"it would now become {_pairs(now.after)}, not {_pairs(was.after)}"
    if was.owner_path != now.owner_path:
        return f"its owner is now {' ← '.join(now.owner_path)}"
    people = f"it now takes {now.people} people to approve it, not {was.people}"
    return "the plan made again differs" if was.people == now.people else people


def _elsewhere(was: WriteRecord, now: WriteRecord) -> str:
    if _named(was) == _named(now):
        return f"{_named(was)} was deleted and made anew"
    return f"it would now be written to {_named(now)}, not to {_named(was)}"


def _named(write: WriteRecord) -> str:
    return f"{write.kind} {write.namespace}/{write.name}"


def _pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name} {value}" for name, value in pairs)
