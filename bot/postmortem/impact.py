"""What users felt, as far as numbers were read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.postmortem.document import Number
from bot.postmortem.story import Story
from incidents.events.run import CheckFinished, EffectVerified, Evidence, StepStarted
from incidents.telling import number

NO_DATA = "no data"

# Signals that people feel; all of them are worse when they are higher.
FELT: Mapping[str, str] = {
    "ttft_p95": "Time to first token, 95th percentile",
    "waiting": "Requests in the queue",
    "preemptions": "Preempted requests",
    "error_ratio": "Requests that failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    at: datetime
    value: float | None
    unit: str
    source: str


def numbers(story: Story) -> tuple[Number, ...]:
    """Return the worst value of each signal; `no data` where none was read, never zero."""
    return tuple(_worst(label, list(_reads(story, signal))) for signal, label in FELT.items())


def _worst(label: str, reads: list[_Read]) -> Number:
    known = [(one.value, one) for one in reads if one.value is not None]
    if not known:
        source = reads[0].source if reads else "nothing read it"
        return Number(name=label, value=NO_DATA, at=None, source=source)
    value, worst = max(known, key=lambda pair: pair[0])
    shown = number(value, worst.unit)
    return Number(name=label, value=shown, at=worst.at, source=worst.source)


def _reads(story: Story, signal: str) -> Iterator[_Read]:
    for _, _, check in story.told(CheckFinished):
        yield from _of(check.evidence, signal, check.step)
    for _, _, claim in story.told(StepStarted):
        yield from _of(claim.before, signal, f"{claim.step}, before")
    for at, _, proof in story.told(EffectVerified):
        for one in proof.comparisons:
            if one.signal == signal and one.after is not None:
                source = f"{proof.step}, after"
                yield _Read(at=at, value=one.after, unit=one.unit, source=source)


def _of(evidence: tuple[Evidence, ...], signal: str, step: str) -> Iterator[_Read]:
    for one in evidence:
        if one.name == signal:
            where = f" of {one.pod}" if one.pod else ""
            missing = f": {one.because}" if one.value is None and one.because else ""
            source = f"{step}{where}{missing}"
            yield _Read(at=one.at, value=one.value, unit=one.unit, source=source)
