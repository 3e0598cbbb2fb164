"""How `triaged runbooks dry-run` tells what it found: as JSON, and as people read it."""

from collections.abc import Iterator, Mapping, Sequence

from bot.app.cli.output import table
from bot.app.dry_running import DryRun, Found
from incidents.events.run import PlanRecord


def plain(one: DryRun) -> Mapping[str, object]:
    """Return a dry run as its JSON."""
    return {
        "runbook": one.runbook.name,
        "title": one.runbook.title,
        "because": one.because,
        "covers": one.runbook.covers,
        "alerts": one.alerts,
        "target": {
            "namespace": one.namespace,
            "model": one.model,
            "role": one.role,
            "workload": one.target,
        },
        "verdicts": {each.step: _verdict(each) for each in one.found},
        "diagnosis": _diagnosis(one),
        "proposed": _proposed(one),
        "reason": one.reason,
        "asks": one.asks,
        "left_out": {each.step: each.because for each in one.left_out},
    }


def lines(one: DryRun) -> Iterator[str]:
    """Yield a dry run as people read it."""
    covers = f" ({', '.join(one.runbook.covers)})" if one.runbook.covers else ""
    yield f"{', '.join(one.alerts)}: {one.runbook.name}{covers}, because {one.because}"
    yield f"target: {one.target or 'not found'}"
    yield ""
    yield from table([[each.step, each.verdict, each.because] for each in one.found])
    yield ""
    yield f"diagnosis: {_said(one)}"
    if one.plan is None:
        yield f"proposed: nothing: {one.reason}"
    else:
        yield from _planned(one.plan)
    for asked in one.asks:
        yield f"asks: {asked.title}: {asked.question} ({', '.join(asked.choices)})"
    yield "nothing was changed"


def _planned(plan: PlanRecord) -> Iterator[str]:
    change = f"{_pairs(plan.before)} → {_pairs(plan.after)}"
    yield f"proposed: {plan.action} {plan.kind} {plan.namespace}/{plan.name}: {change}"
    yield f"  owner: {' ← '.join(plan.owner_path)}"
    yield f"  equal: {plan.kubectl}"
    yield f"  dry run at the API server: {plan.dry_run}"
    yield from (f"  warning: {each}" for each in plan.warnings)
    if not plan.reversible:
        yield "  it cannot be undone"
    if plan.leaves is not None:
        yield f"  leaves: {plan.leaves.what}"


def _verdict(one: Found) -> Mapping[str, object]:
    return {
        "check": one.check,
        "title": one.title,
        "verdict": one.verdict,
        "because": one.because,
        "evidence": one.evidence,
    }


def _diagnosis(one: DryRun) -> Mapping[str, object]:
    chosen = one.diagnosis
    return {
        "step": chosen.step if chosen else None,
        "verdict": chosen.verdict if chosen else None,
        "because": chosen.because if chosen else _nothing(one),
        "for": [_short(each) for each in one.found if each.speaks == "for"],
        "against": [_short(each) for each in one.found if each.speaks == "against"],
        "cannot_tell": [_short(each) for each in one.found if each.verdict == "cannot_tell"],
    }


def _short(one: Found) -> Mapping[str, object]:
    return {"step": one.step, "verdict": one.verdict, "because": one.because}


def _nothing(one: DryRun) -> str:
    unknown = [each.step for each in one.found if each.verdict == "cannot_tell"]
    if unknown:
        return f"nothing was found wrong, and it cannot be told of {', '.join(unknown)}"
    return "nothing that this runbook looks at is wrong"


def _proposed(one: DryRun) -> Mapping[str, object] | None:
    plan = one.plan
    if plan is None:
        return None
    return {
        "step": one.step,
        "action": plan.action,
        "target": f"{plan.kind} {plan.namespace}/{plan.name}",
        "owner_path": plan.owner_path,
        "before": dict(plan.before),
        "after": dict(plan.after),
        "warnings": plan.warnings,
        "reversible": plan.reversible,
        "leaves": plan.leaves.what if plan.leaves else None,
        "kubectl": plan.kubectl,
        "dry_run": plan.dry_run,
        "digest": plan.digest,
    }


def _said(one: DryRun) -> str:
    chosen = one.diagnosis
    return f"{chosen.step} is {chosen.verdict}: {chosen.because}" if chosen else _nothing(one)


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in pairs)
