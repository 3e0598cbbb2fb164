"""A runbook as frozen values, as the loader makes them and the engine reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from runbooks.language.matchers import Matcher
from runbooks.language.shapes import Argument, Atom, Value

TRIAGE = "triage"
"""The runbook for alerts that no other one matches."""
VERIFIED = "verified"
"""The one effect of an action on which later steps may build."""
NOT_DONE = ("refused", "failed")
"""How an action ends that changed nothing: it must not be done, or it could not be, or a person
refused it. Later steps see it where the action's `on_failure` lets the run go on."""


class OnFailure(Enum):
    """What follows when a step could not be done."""

    STOP = "stop"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value that a person may set when the run starts, within its bounds.

    `intended` names the size in environments.yaml that goes before the default, empty for none.
    """

    name: str
    shape: Atom
    default: Value
    meaning: str
    intended: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The step runs only after `step` gave one of the verdicts."""

    step: str
    verdicts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """A change has helped when the signal ends within the bounds; one of them is set."""

    signal: str
    at_most: float | None = None
    at_least: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """How a change is proven: pods get `settle` to become ready, then `window` is judged.

    The window begins `lag` after the pods are ready, because rates still look back to the time
    before; fewer than `samples` samples are "cannot tell". Where nothing is expected of a signal
    the change is proven by having come about: then there is no window. A `settle` of None
    follows from how long pods of the workload are known to take.
    """

    settle: timedelta | None
    window: timedelta
    lag: timedelta
    samples: int
    expect: tuple[Expectation, ...]


def came_about(settle: timedelta | None) -> Verify:
    """Return the proof of a change from which no signal is expected to improve."""
    nothing = timedelta()
    return Verify(settle=settle, window=nothing, lag=nothing, samples=1, expect=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A read that gives a verdict; tried `retry` times more when its sources are away."""

    id: str
    title: str
    verb: str
    arguments: Mapping[str, Argument]
    when: tuple[Condition, ...]
    timeout: timedelta
    on_failure: OnFailure
    verdicts: tuple[str, ...]
    retry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A change, which needs an approval and is verified."""

    id: str
    title: str
    verb: str
    arguments: Mapping[str, Argument]
    when: tuple[Condition, ...]
    timeout: timedelta
    on_failure: OnFailure
    verdicts: tuple[str, ...]
    verify: Verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question that a person answers, or something that they do by hand."""

    id: str
    title: str
    verb: str
    arguments: Mapping[str, Argument]
    when: tuple[Condition, ...]
    timeout: timedelta
    on_failure: OnFailure
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Time that passes."""

    id: str
    title: str
    verb: str
    arguments: Mapping[str, Argument]
    when: tuple[Condition, ...]
    timeout: timedelta
    on_failure: OnFailure
    verdicts: tuple[str, ...]


Step = Check | Action | Ask | Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCriterion:
    """Escalate when the signal stays above or below a number for a duration."""

    id: str
    title: str
    signal: str
    above: float | None
    below: float | None
    lasting: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCriterion:
    """Escalate when a person, asked after a while, says yes."""

    id: str
    title: str
    question: str
    after: timedelta


Criterion = BoundCriterion | AskCriterion


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What is left to do after the incident; `owner` is a role, `due` counts from its end."""

    text: str
    owner: str
    due: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which alerts the runbook is for: all label matchers fit, or one address fits."""

    labels: tuple[Matcher, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """One file of the library; `text` is the whole of it and `digest` the SHA-256 of its bytes."""

    name: str
    title: str
    purpose: str
    covers: tuple[str, ...]
    priority: int
    target: str | None
    match: Match
    parameters: tuple[Parameter, ...]
    steps: tuple[Step, ...]
    escalate: tuple[Criterion, ...]
    follow_ups: tuple[FollowUp, ...]
    digest: str
    text: str

    def step(self, name: str) -> Step | None:
        """Return the step of that id."""
        return next((step for step in self.steps if step.id == name), None)
