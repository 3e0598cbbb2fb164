"""Makes the runbook from what was read; everything here has its shape already."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, cast  # what was read has the shape of the grammar

from cluster.verification import Verdict
from runbooks.language import grammar, matchers
from runbooks.language.declaration import (
    WAITED,
    ActionVerb,
    AskVerb,
    CheckVerb,
    Kind,
    StepVerb,
    WaitVerb,
)
from runbooks.language.model import (
    NOT_DONE,
    Action,
    Ask,
    AskCriterion,
    BoundCriterion,
    Check,
    Condition,
    Criterion,
    Expectation,
    FollowUp,
    Match,
    OnFailure,
    Parameter,
    Runbook,
    Step,
    Verify,
    Wait,
    came_about,
)
from runbooks.language.shapes import Argument, Atom, Choice, Duration, Integer, Percent, Value

Plain = Mapping[str, Any]  # see the import


def runbook(plain: Plain, verbs: grammar.Verbs, *, name: str, text: str, raw: bytes) -> Runbook:
    """Return the runbook; raises ValueError where a matcher, a pattern or a default is wrong."""
    return Runbook(
        name=name,
        title=plain["title"],
        purpose=plain.get("purpose", ""),
        covers=tuple(plain.get("covers", ())),
        priority=plain.get("priority", grammar.PRIORITY),
        target=plain.get("target"),
        match=match(plain.get("match", {})),
        parameters=tuple(parameter(k, p) for k, p in plain.get("parameters", {}).items()),
        steps=tuple(step(one, verbs[one["do"]]) for one in plain["steps"]),
        escalate=tuple(_criterion(one) for one in plain.get("escalate", ())),
        follow_ups=tuple(FollowUp(**one) for one in plain.get("follow_ups", ())),
        digest=sha256(raw).hexdigest(),
        text=text,
    )


def match(plain: Plain) -> Match:
    """Return which alerts are meant; raises ValueError for a matcher or pattern that is none."""
    addresses = tuple(plain.get("runbook_url", ()))
    for pattern in addresses:
        matchers.check_pattern(pattern)
    labels = tuple(matchers.parse(text) for text in plain.get("labels", ()))
    return Match(labels=labels, addresses=addresses)


def parameter(name: str, plain: Plain) -> Parameter:
    """Return the parameter, its bounds in its shape."""
    return Parameter(
        name=name,
        shape=_shape(plain),
        default=plain["default"],
        meaning=plain["meaning"],
        intended=plain.get("intended", ""),
    )


def step(plain: Plain, verb: StepVerb) -> Step:
    """Return the step of the verb's kind."""
    common: dict[str, Any] = {  # see the import
        "id": plain["id"],
        "title": plain["title"],
        "verb": verb.name,
        "arguments": _arguments(plain.get("with", {}), verb),
        "when": tuple(
            Condition(step=name, verdicts=frozenset(given))
            for name, given in plain.get("when", {}).items()
        ),
        "on_failure": OnFailure(plain.get("on_failure", "stop")),
    }
    match verb:
        case CheckVerb():
            timeout = _timeout(plain, Kind.CHECK)
            retry = plain.get("retry", 0)
            return Check(**common, timeout=timeout, verdicts=verb.verdicts, retry=retry)
        case ActionVerb():
            timeout = _timeout(plain, Kind.ACTION)
            given = (*(effect.value for effect in Verdict), *NOT_DONE)
            verify = _verify(plain["verify"])
            return Action(**common, timeout=timeout, verdicts=given, verify=verify)
        case AskVerb():
            timeout = _timeout(plain, Kind.ASK)
            return Ask(**common, timeout=timeout, verdicts=_choices(verb, common["arguments"]))
        case WaitVerb():
            timeout = _timeout(plain, Kind.WAIT)
            return Wait(**common, timeout=timeout, verdicts=(WAITED,))


def _arguments(plain: Plain, verb: StepVerb) -> Mapping[str, Argument]:
    defaults = {n: f.default for n, f in verb.fields.fields.items() if f.default is not None}
    written = {
        name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
    }
    return {**defaults, **written}


def _choices(verb: AskVerb, arguments: Mapping[str, Argument]) -> tuple[str, ...]:
    # What an ask offers must be known before it runs, so its fields take no parameters.
    return verb.pose(cast("Mapping[str, Value]", arguments)).choices


def _timeout(plain: Plain, sort: Kind) -> timedelta:
    written: timedelta | None = plain.get("timeout")
    return written or grammar.TIMEOUTS[sort]


def _verify(plain: Plain) -> Verify:
    if "expect" not in plain:
        return came_about(plain.get("settle"))
    return Verify(
        settle=plain.get("settle"),
        window=plain["window"],
        lag=plain.get("lag", grammar.LAG),
        samples=plain.get("samples", grammar.SAMPLES),
        expect=tuple(Expectation(**one) for one in plain["expect"]),
    )


def _criterion(plain: Plain) -> Criterion:
    name, title = plain["id"], plain["title"]
    if "ask" in plain:
        return AskCriterion(id=name, title=title, question=plain["ask"], after=plain["after"])
    return BoundCriterion(
        id=name,
        title=title,
        signal=plain["signal"],
        above=plain.get("above"),
        below=plain.get("below"),
        lasting=plain["for"],
    )


def _shape(plain: Plain) -> Atom:
    least, most = plain.get("minimum"), plain.get("maximum")
    match plain["type"]:
        case "int":
            return Integer(minimum=least, maximum=most)
        case "percent":
            return Percent(minimum=least, maximum=most)
        case "duration":
            return Duration(minimum=least, maximum=most)
        case "choice":
            return Choice(choices=tuple(plain["choices"]))
        case _:
            return grammar.LINE
