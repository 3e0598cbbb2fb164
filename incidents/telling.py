"""What happened, in one sentence an event."""

from collections.abc import Callable, Mapping
from typing import Any  # the table holds functions of many event types

from incidents import facts_seen
from incidents.events import (
    approval,
    desk,
    followups,
    incident,
    kept,
    run,
    shadow,
    silence,
    snooze,
)
from incidents.events.registry import Event

_WHOLE = 1000
"""From here on numbers are shown whole: 1,030 reads better than 1.03e+03."""


def tell(event: Event) -> str:
    """Return one sentence; texts from outside stand in it as they are, escaped by whoever shows."""
    return _TELL[type(event)](event)


def unseen(event: incident.AlertFired) -> str:
    """Return how an occurrence is told that had ended when it was heard of first."""
    why = f"{event.severity}: {event.because}"
    return f"{event.name} resolved (never seen firing) ({why}), reported by {event.source}"


def pairs(items: tuple[tuple[str, str], ...]) -> str:
    """Return pairs as `name value, name value`."""
    return ", ".join(f"{name} {value}" for name, value in items)


def change(plan: run.PlanRecord) -> str:
    """Return what a plan would do: `scale Deployment llm-d/decode: replicas 4 → 6`.

    Where another object than the target is written, it stands at the end.
    """
    before = dict(plan.before)
    steps = [f"{name} {before.get(name, 'none')} → {value}" for name, value in plan.after]
    of = f" of {elsewhere(plan)}" if elsewhere(plan) else ""
    return f"{plan.action} {_target(plan)}: {', '.join(steps)}{of}"


def elsewhere(plan: run.PlanRecord) -> str:
    """Return the object that a plan writes where that is not its target, else nothing."""
    write = plan.write
    written = f"{write.kind} {write.namespace}/{write.name}"
    return "" if written == _target(plan) else written


def _target(plan: run.PlanRecord) -> str:
    return f"{plan.kind} {plan.namespace}/{plan.name}"


def judged(verdict: str, because: str) -> str:
    """Return a verdict with its reason: `no effect: …`, and `reverted by …`."""
    return f"{verdict} {because}" if because.startswith("by ") else f"{verdict}: {because}"


def number(value: float | None, unit: str) -> str:
    """Return a number as people write it, with its unit; `no data` where there is none."""
    if value is None:
        return "no data"
    if unit == "ratio":
        return f"{value * 100:.0f} %"
    shown = f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.3g}"
    return f"{shown} {unit}".strip()


def measured(evidence: run.Evidence) -> str:
    """Return `name value`, or why there is none."""
    where = f" of {evidence.pod}" if evidence.pod else ""
    if evidence.value is None:
        because = evidence.because or "nobody says why"
        said = because if because.startswith("no data") else f"no data ({because})"
        return f"{evidence.name}{where}: {said}"
    return f"{evidence.name}{where} {number(evidence.value, evidence.unit)}"


def progress(ready: tuple[int, int] | None, words: str) -> str:
    """Return how far a change has come: its own words, else its pods (ready, wanted) if known."""
    return words or (f"{ready[0]} of {ready[1]} pods ready" if ready else "")


def _opened(event: incident.IncidentOpened) -> str:
    where = "/".join(part for part in (event.namespace, event.model) if part) or event.key
    found = f" ({event.because})" if event.because else ""
    follows = f"; it follows INC-{event.follows}" if event.follows else ""
    return f"INC-{event.number} opened for {where}{found}{follows}"


def _fired(event: incident.AlertFired) -> str:
    why = f"{event.severity}: {event.because}{facts_seen.blind(event.facts)}"
    return f"{event.name} fired ({why}), reported by {event.source}"


def _kept(event: kept.AlertKept) -> str:
    fired = event.fired
    return f"{fired.name} fires ({fired.severity}) and is kept back: {event.because}"


def _severity(event: incident.SeverityChanged) -> str:
    return f"severity {event.was} → {event.now}: {event.because}"


def _looked(event: incident.LookedAgain) -> str:
    numbers, blind = facts_seen.numbers(event.facts), facts_seen.blind(event.facts)
    return f"looked again at what {event.name} rests on: {numbers or 'nothing seen'}{blind}"


def _target_asked(event: incident.TargetAsked) -> str:
    fit = "; ".join(f"{one.kind} {one.name} ({one.words})" for one in event.candidates)
    more = f"; and {event.more} more" if event.more else ""
    return f"which workload is meant? {len(event.candidates) + event.more} fit: {fit}{more}"


def _target_chosen(event: incident.TargetChosen) -> str:
    why = f": {event.because}" if event.because else ""
    return f"{event.by} chose {event.chosen} of {event.of}{why}"


def _mitigated(event: incident.Mitigated) -> str:
    return f"mitigated: {event.because}"


def _resolved(event: incident.IncidentResolved) -> str:
    kind = "resolved as a false positive" if event.false_positive else "resolved"
    return f"{kind}: {event.because}"


def _checked(event: run.CheckFinished) -> str:
    return f"{event.step}: {event.verdict}: {event.because}"


def _planned(event: run.ActionPlanned) -> str:
    plan = event.plan
    owner = " ← ".join(plan.owner_path)
    undo = f"undo: {pairs(plan.inverse)}" if plan.inverse else "it cannot be undone"
    return f"{event.step} planned: {change(plan)} (owner {owner}; {plan.dry_run}; {undo})"


def _started(event: run.RunStarted) -> str:
    shadow = "; in shadow, so that nothing is changed" if event.mode == run.SHADOW else ""
    digest = event.runbook_digest[:12]
    return f"runbook {event.runbook} ({digest}) runs: {event.because}{shadow}"


def _would_have(event: run.WouldHaveActed) -> str:
    owner = " ← ".join(event.plan.owner_path)
    return (
        f"{event.step} would have: {change(event.plan)} (owner {owner}; {event.plan.dry_run}), "
        f"needs approval of {askable(event)}; in shadow nobody is asked and nothing is done"
    )


def askable(event: run.WouldHaveActed) -> str:
    """Return who would have been asked for approval, as in `2 of alice, bob, carol`."""
    who = ", ".join(event.approvers) or "nobody, as no approver is known"
    return f"{event.needed} of {who}" if event.needed > 1 else who


def _given(event: approval.ApprovalGiven) -> str:
    others = f" together with {' and '.join(event.together_with)}" if event.together_with else ""
    return f"approved by {event.by} through {event.via}{others}"


def _requested(event: approval.ApprovalRequested) -> str:
    who = ", ".join(event.approvers) or "nobody"
    return f"{event.title}: approval asked of {who} until {event.expires_at:%H:%M:%S}"


def _compared(event: run.EffectVerified) -> str:
    return f"{event.step}: {judged(event.verdict, event.because)}"


def _observed(event: run.SettleObserved) -> str:
    return f"{event.step}: {progress((event.ready, event.wanted), event.words)}"


def _edited(event: run.PlanEdited) -> str:
    now = dict(event.parameters)
    steps = (f"{name} {was} → {now.get(name, 'as it was')}" for name, was in event.instead_of)
    return f"{event.step}: {event.by} edited {', '.join(steps)}: {event.because}"


def bundled(bundle: run.BundleRecord) -> str:
    """Return what was kept of pods, in counts, and what is missing."""
    counts = (
        (bundle.pods, "pod", "pods"),
        (bundle.logs, "log", "logs"),
        (bundle.metrics, "page of metrics", "pages of metrics"),
        (bundle.events, "event", "events"),
    )
    there = (f"{count} {one if count == 1 else many}" for count, one, many in counts if count)
    size = f" ({bundle.size:,} characters)" if bundle.text else ""
    missing = f"; missing: {'; '.join(bundle.missing)}" if bundle.missing else ""
    return f"{', '.join(there) or 'nothing'}{size}{missing}"


def _watch_ended(event: run.WatchEnded) -> str:
    if event.verdict == "verified":
        return f"{event.step} stays: {event.because}"
    return f"{event.step}: {judged(event.verdict, event.because)}"


def _watching(event: shadow.ShadowBegan) -> str:
    unseen = f"; not seen: {event.unseen}" if event.unseen else ""
    return f"{event.step}: what people do instead is watched until {event.until:%H:%M:%S}{unseen}"


def _acted(event: shadow.PeopleActed) -> str:
    who = " and ".join(event.who) or "somebody (the API server does not say who)"
    at = f" at {event.at:%H:%M:%S}" if event.at else ""
    return f"{event.step}: {_DID[event.did]}: {event.what}, by {who}{at}"


def _watched(event: shadow.ShadowEnded) -> str:
    better = _BETTER[event.better] if event.better else ""
    return f"{event.step}: the watch is over: {_DID[event.did]}: {event.because}{better}"


_DID: Mapping[shadow.Did, str] = {
    shadow.Did.SAME: "people did the same",
    shadow.Did.AMOUNT: "people did it by another amount",
    shadow.Did.OTHERWISE: "people did otherwise",
    shadow.Did.NOTHING: "people did not do it",
    shadow.Did.CANNOT_TELL: "what people did cannot be told",
}
_BETTER: Mapping[shadow.Better, str] = {
    shadow.Better.YES: "; it got better without it",
    shadow.Better.NO: "; it did not get better",
    shadow.Better.CANNOT_TELL: "; whether it got better cannot be told",
}


def _waits(event: run.StepWaits) -> str:
    return f"{event.step or 'the run'} waits: {event.because}"


def _wrote_late(event: run.WroteLate) -> str:
    word = "took place" if event.certain else "may have taken place"
    return f"{event.step}: the write of an earlier try ({event.approval}) {word}: {event.because}"


def _doubt_settled(event: run.DoubtSettled) -> str:
    word = "took place" if event.applied else "did not take place"
    return f"{event.step}: {event.by} says that it {word}: {event.reason}"


def _silence(event: silence.SilenceAsked) -> str:
    what = ", ".join(event.matchers)
    until = f"{event.until:%Y-%m-%d %H:%M:%S}"
    return f"silence until {until} asked for by {event.by}: {what}: {event.because}"


def _silence_failed(event: silence.SilenceFailed) -> str:
    doubt = "" if event.certain else "; it may have been done all the same"
    return f"the silence: {event.address} did not do it: {event.because}{doubt}"


def _left(event: followups.FollowUpMade) -> str:
    kind = "left on purpose" if event.run else "to be done"
    until = f"{event.due:%Y-%m-%d %H:%M} UTC"
    return f"follow-up {event.number}, {kind}: {event.what} ({event.owner}, until {until})"


def _reminded(event: followups.FollowUpReminded) -> str:
    return f"follow-up {event.number} is still open: {event.what} ({event.owner})"


def _put_off(event: followups.FollowUpPutOff) -> str:
    until = f"{event.until:%Y-%m-%d %H:%M} UTC"
    return f"follow-up {event.number} may stay until {until}, says {event.by}: {event.because}"


def _given_to(event: followups.FollowUpGiven) -> str:
    why = f": {event.because}" if event.because else ""
    return f"follow-up {event.number} is {event.owner}'s now, says {event.by}{why}"


def _done(event: followups.FollowUpDone) -> str:
    return f"follow-up {event.number} is done: {event.what}: {event.because}"


def _undo_asked(event: run.UndoAsked) -> str:
    way = f", back to normal ({pairs(event.instead)})" if event.instead else ""
    return f"undo of {event.step} asked for{way}: {event.because}"


_TELL: Mapping[type, Callable[[Any], str]] = {  # each takes its own event
    incident.IncidentOpened: _opened,
    incident.AlertFired: _fired,
    incident.AlertResolved: lambda e: f"{e.name or e.fingerprint} ended at {e.ends_at:%H:%M:%S}",
    incident.AlertsTruncated: lambda e: f"a delivery left out {e.count} alerts",
    incident.Gathered: lambda e: e.because,
    incident.Reopened: lambda e: f"reopened: {e.because}",
    incident.FlappingBegan: lambda e: f"{e.name} is {e.because}; it stays open for longer",
    incident.ChildHidden: lambda e: f"{e.because}; listed here",
    incident.Hidden: lambda e: f"listed under INC-{e.under}: {e.because}",
    incident.CameForward: lambda e: f"stands for itself again: {e.because}",
    incident.SeverityChanged: _severity,
    incident.LookedAgain: _looked,
    incident.TargetAsked: _target_asked,
    incident.TargetChosen: _target_chosen,
    incident.Acknowledged: lambda e: f"acknowledged by {e.by} through {e.via}",
    incident.Mitigated: _mitigated,
    incident.Relapsed: lambda e: f"no longer mitigated: {e.because}",
    incident.CalmBegan: lambda e: f"every alert has ended; resolves at {e.until:%H:%M:%S}",
    incident.CalmBroken: lambda _: "an alert fired within the hold time",
    incident.IncidentResolved: _resolved,
    incident.Escalated: lambda e: f"escalated: {e.because}",
    incident.ChannelOpened: lambda e: f"channel #{e.name} opened",
    incident.ChannelArchived: lambda _: "channel archived",
    incident.PostmortemWritten: lambda e: f"postmortem {e.name} written",
    incident.RunBegan: lambda e: f"runbook {e.runbook} began: {e.because}",
    incident.RunEnded: lambda e: f"{e.run} ended: {e.outcome}",
    run.RunStarted: _started,
    run.CheckFinished: _checked,
    run.StepFailed: lambda e: f"{e.step} could not be done: {e.because}",
    run.ActionPlanned: _planned,
    run.WouldHaveActed: _would_have,
    run.ActionRefused: lambda e: f"{e.step} must not be done: {e.because}",
    run.PlanEdited: _edited,
    run.PlanVoided: lambda e: f"{e.step}: the plan no longer holds: {e.because}",
    run.StepWaits: _waits,
    run.StepGoesOn: lambda e: f"{e.step or 'the run'} waits no more",
    run.StepStarted: lambda e: f"{e.step} claimed with {e.approval}",
    run.EvidenceKept: lambda e: f"{e.step}: kept before the write: {bundled(e.bundle)}",
    run.StepFinished: lambda e: f"{e.step} applied: {e.detail}",
    run.StepNotApplied: lambda e: f"{e.step} was not applied: {e.because}",
    run.StepInDoubt: lambda e: f"{e.step} is in doubt: {e.because}",
    run.WroteLate: _wrote_late,
    run.DoubtSettled: _doubt_settled,
    run.SettleObserved: _observed,
    run.EffectVerified: _compared,
    run.WatchEnded: _watch_ended,
    run.AskPosed: lambda e: f"{e.step} asks: {e.question} ({' / '.join(e.choices)})",
    run.AskAnswered: lambda e: f"{e.step}: {e.by} answered {e.answer}",
    run.WaitStarted: lambda e: f"{e.step} waits until {e.until:%H:%M:%S}",
    run.WaitEnded: lambda e: f"{e.step} has waited",
    run.StepSkipped: lambda e: f"{e.step} left out: {e.because}",
    run.StepRetried: lambda e: f"{e.step} again: {e.because}",
    run.RunContinued: lambda e: f"the run goes on from {e.step}: {e.because}",
    run.UndoAsked: _undo_asked,
    run.CriterionMet: lambda e: f"criterion {e.criterion} is met: {e.because}",
    run.RunFinished: lambda e: f"run over: {e.outcome}: {e.because}",
    approval.ApprovalRequested: _requested,
    approval.ApprovalVoted: lambda e: f"{e.by} approved through {e.via}; another is needed",
    approval.ApprovalGiven: _given,
    approval.ApprovalRefused: lambda e: f"refused by {e.by} through {e.via}: {e.reason}",
    approval.ApprovalExpired: lambda _: "the approval expired",
    approval.ApprovalVoided: lambda e: f"the approval no longer stands: {e.because}",
    approval.ApprovalConsumed: lambda e: f"the approval was used for {e.step}",
    approval.ApprovalDenied: lambda e: f"{e.by} tried to decide through {e.via}: {e.because}",
    kept.KeepingBegan: lambda e: f"alerts of {e.key} are kept back",
    kept.AlertKept: _kept,
    kept.KeptOtherwise: lambda e: f"{e.name} is still kept back: {e.because}",
    kept.KeptEnded: lambda e: f"{e.name} ended at {e.ends_at:%H:%M:%S}, kept back",
    kept.KeptReleased: lambda e: f"{e.name} is in INC-{e.incident}",
    snooze.Snoozed: lambda e: f"{e.which} snoozed until {e.until:%H:%M:%S} by {e.by}: {e.reason}",
    snooze.SnoozeEnded: lambda e: f"the snooze is over: {e.because}",
    shadow.ShadowBegan: _watching,
    shadow.PeopleActed: _acted,
    shadow.ActJudged: lambda e: (
        f"{e.step}: verification says of it: {judged(e.verdict, e.because)}"
    ),
    shadow.ShadowEnded: _watched,
    silence.SilenceAsked: _silence,
    silence.SilenceStands: lambda e: f"silenced at {e.address}, as {e.silence}",
    silence.SilenceFailed: _silence_failed,
    silence.SilenceEndAsked: lambda e: f"the silence is ended by {e.by}: {e.because}",
    silence.SilenceGone: lambda e: f"no longer silenced at {e.address}",
    followups.FollowUpMade: _left,
    followups.FollowUpReminded: _reminded,
    followups.FollowUpPutOff: _put_off,
    followups.FollowUpGiven: _given_to,
    followups.FollowUpDone: _done,
    desk.Frozen: lambda e: f"{e.scope} frozen by {e.by}: {e.reason}",
    desk.Thawed: lambda e: f"{e.scope} thawed by {e.by}: {e.reason}",
}
