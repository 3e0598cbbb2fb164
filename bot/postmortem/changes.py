"""The changes of the cluster: plan, outcome and proof of each."""

from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar

from bot.postmortem.document import Change, Compared, Fact
from bot.postmortem.story import Story
from incidents.events.run import (
    ActionPlanned,
    Comparison,
    DoubtSettled,
    EffectVerified,
    PlanRecord,
    StepFinished,
    StepInDoubt,
    StepNotApplied,
    StepStarted,
)
from incidents.telling import change, elsewhere, number, pairs

E = TypeVar("E")


def changes(story: Story) -> tuple[Change, ...]:
    """Return every change that was claimed, in the order of the claims."""
    plans = {(run, event.plan.digest): event.plan for _, run, event in story.told(ActionPlanned)}
    claims = [(at, run, event) for at, run, event in story.told(StepStarted)]
    found = list[Change]()
    for index, (at, run, claim) in enumerate(claims):
        again = [t for t, r, c in claims[index + 1 :] if (r, c.step) == (run, claim.step)]
        after = _After(story, run=run, step=claim.step, begins=at, ends=min(again, default=None))
        plan = plans.get((run, claim.digest))
        if plan is not None:
            found.append(_change(plan, claim.step, after))
    return tuple(found)


class _After:
    """What followed a claim of a step, up to its next claim."""

    def __init__(
        self, story: Story, *, run: str, step: str, begins: datetime, ends: datetime | None
    ) -> None:
        self._story = story
        self._run, self._step = run, step
        self._begins, self._ends = begins, ends

    def last(self, kind: type[E]) -> tuple[datetime, E] | None:
        """Return the last event of a kind with its moment."""
        return next(iter(reversed(list(self._found(kind)))), None)

    def _found(self, kind: type[E]) -> Iterator[tuple[datetime, E]]:
        for at, run, event in self._story.told(kind):
            within = at >= self._begins and (self._ends is None or at < self._ends)
            if within and (run, getattr(event, "step", "")) == (self._run, self._step):
                yield at, event


def _change(plan: PlanRecord, step: str, after: _After) -> Change:
    applied, proof = after.last(StepFinished), after.last(EffectVerified)
    verdict, because = _outcome(after)
    return Change(
        step=step,
        title=change(plan),
        facts=_facts(plan),
        kubectl=plan.kubectl,
        warnings=plan.warnings,
        applied_at=applied[0] if applied else None,
        verdict=verdict,
        because=because,
        comparisons=tuple(_compared(one) for one in proof[1].comparisons) if proof else (),
    )


def _outcome(after: _After) -> tuple[str, str]:
    """Return the verdict and its reason; what was not proven is never called a success."""
    proof, doubt = after.last(EffectVerified), after.last(StepInDoubt)
    if proof is not None:
        return proof[1].verdict, proof[1].because
    failed = after.last(StepNotApplied)
    if failed is not None:
        return "not applied", failed[1].because
    settled = after.last(DoubtSettled)
    if doubt is not None and settled is not None and doubt[0] > settled[0]:
        # A write that somebody had called off was heard of after all.
        return "in doubt", doubt[1].because
    if settled is not None and not settled[1].applied:
        return "not applied", f"{settled[1].by}: {settled[1].reason}"
    if after.last(StepFinished) is not None or settled is not None:
        return "applied, not verified", "nothing was compared"
    return "in doubt", doubt[1].because if doubt else "claimed, and nothing was heard of it"


def _facts(plan: PlanRecord) -> tuple[Fact, ...]:
    before = dict(plan.before)
    arrows = ", ".join(f"{name} {before.get(name, 'none')} → {to}" for name, to in plan.after)
    rows = (
        ("Object", f"{plan.kind} {plan.namespace}/{plan.name} (cluster {plan.cluster})"),
        ("Change", arrows),
        ("Parameters", pairs(plan.parameters)),
        ("Written to", elsewhere(plan)),
        ("Owner of the field", " ← ".join(plan.owner_path)),
        ("Dry run", plan.dry_run),
        ("Undo", pairs(plan.inverse) or "cannot be undone"),
        ("Plan", plan.digest[:12]),
    )
    return tuple(Fact(name=name, value=value) for name, value in rows if value)


def _compared(one: Comparison) -> Compared:
    return Compared(
        signal=one.signal,
        before=one.before,
        after=one.after,
        shown_before=number(one.before, one.unit),
        shown_after=number(one.after, one.unit),
        expected=one.expected,
        met=one.met,
        note=one.note,
        query=one.query,
    )
