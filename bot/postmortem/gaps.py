"""What the document cannot tell, said plainly."""

from collections.abc import Iterator

from bot.postmortem.ringing import MOST
from bot.postmortem.story import Story
from incidents.events.run import CheckFinished, EffectVerified, Evidence
from incidents.incident import Status


def gaps(story: Story) -> tuple[str, ...]:
    """Return every gap that the history shows, a sentence each."""
    return (*_of_alerts(story), *_of_people(story), *_of_numbers(story))


def _of_alerts(story: Story) -> Iterator[str]:
    incident = story.incident
    if incident.truncated:
        yield f"Alertmanager left {incident.truncated} alerts out of its deliveries."
    if len(incident.alerts) > MOST:
        yield f"{len(incident.alerts) - MOST} more occurrences of alerts are in the journal only."
    erased = sum(story.annotations(one.fired) is None for one in incident.alerts.values())
    if erased:
        yield f"The annotations of {erased} alerts were erased or never kept."
    firing = incident.firing
    if incident.status is Status.RESOLVED and firing:
        yield f"{firing} alerts were still firing when the incident was resolved."


def _of_people(story: Story) -> Iterator[str]:
    incident = story.incident
    if incident.status is not Status.RESOLVED:
        yield "The incident was not over when this was written."
    if incident.acknowledged_by is None:
        yield "Nobody is recorded as having taken the incident."
    if incident.mitigated_at is None:
        yield "Nobody and nothing has shown that users were served again before it was resolved."
    if not story.runs:
        yield "No runbook ran, so there is no evidence beyond the alerts."
    if not story.left:
        yield "No follow-ups are known for what happened here."


def _of_numbers(story: Story) -> Iterator[str]:
    missing = dict[str, str]()
    for _, _, check in story.told(CheckFinished):
        for one in check.evidence:
            if one.value is None:
                missing[f"{check.step}: {one.name}"] = _why(one)
    for _, _, proof in story.told(EffectVerified):
        for compared in proof.comparisons:
            if compared.met is None:
                missing[f"{proof.step}: {compared.signal}"] = compared.note or "no reason given"
    for what, why in missing.items():
        yield f"{what} could not be told: {why}."


def _why(one: Evidence) -> str:
    return one.because or "no reason given"
