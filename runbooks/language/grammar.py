"""The shape of a runbook file, for the verbs that there are."""

import re
from collections.abc import Mapping
from datetime import timedelta

from runbooks.language.declaration import SIGNAL, ActionVerb, Kind, StepVerb, kind
from runbooks.language.shapes import (
    Atom,
    Choice,
    Duration,
    Field,
    Integer,
    ListOf,
    MapOf,
    Number,
    Percent,
    Record,
    Shape,
    Tagged,
    Text,
    Variants,
)

MODES = tuple(f"RB-{number:02}" for number in range(1, 33))
"""The failure modes of an llm-d installation that runbooks can cover."""

ROLES = ("decode", "prefill", "both")
"""Values of the pod label `llm-d.ai/role`."""

STEP_ID = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
WORD = r"[a-z][a-z0-9_]*"

ID = Text(pattern=STEP_ID, example="scale-decode", longest=48)
LINE = Text(longest=200)
POSITIVE = Duration(minimum=timedelta(seconds=1), maximum=timedelta(days=30))
TIMEOUTS: Mapping[Kind, timedelta] = {
    Kind.CHECK: timedelta(minutes=1),
    Kind.ACTION: timedelta(minutes=30),
    Kind.ASK: timedelta(hours=1),
    Kind.WAIT: timedelta(days=30),
}
"""How long a step may take when its runbook does not say."""

PRIORITY = 50
LAG = timedelta(minutes=5)
"""Rates look back five minutes, so a window that begins earlier still sees the time before."""

SAMPLES = 5
DAYS = Duration(minimum=timedelta(hours=1), maximum=timedelta(days=365))


INTENDED = ("normal", "least", "most")
"""The sizes of a workload that environments.yaml says and a parameter may have as its value."""

Verbs = Mapping[str, StepVerb]


def named(name: str) -> str | None:
    """Return the name of a runbook, None when it is none."""
    return name if re.fullmatch(STEP_ID, name) else None


def runbook(verbs: Verbs) -> Record:
    """Return the shape of a whole file."""
    return Record(
        fields={
            "title": Field(shape=LINE, required=True, meaning="What the runbook is for, in words"),
            "purpose": Field(shape=Text(), meaning="When it applies, and what it does not do"),
            "covers": Field(shape=ListOf(item=Choice(choices=MODES)), meaning="Failure modes"),
            "priority": Field(
                shape=Integer(minimum=0, maximum=100),
                default=PRIORITY,
                meaning="Decides between runbooks with equally many matchers; the higher runs",
            ),
            "target": Field(
                shape=Choice(choices=ROLES),
                meaning="The role whose workload is meant; without it the alert's, else decode",
            ),
            "match": Field(shape=_match(), meaning="Which alerts it is for"),
            "parameters": Field(
                shape=MapOf(key=WORD, item=_parameter()),
                meaning="What a person may set when it starts; steps name them as $name",
            ),
            "steps": Field(
                shape=ListOf(item=_step(verbs), fewest=1),
                required=True,
                meaning="What is done, in order",
            ),
            "escalate": Field(
                shape=ListOf(item=_criterion()), meaning="When more people are called"
            ),
            "follow_ups": Field(
                shape=ListOf(item=_follow_up()), meaning="What is left to do afterwards"
            ),
        }
    )


def _match() -> Shape:
    return Record(
        fields={
            "labels": Field(
                shape=ListOf(item=Text(longest=500), fewest=1),
                meaning='Matchers as in Alertmanager (alertname="X", =~, !=, !~); all must fit',
            ),
            "runbook_url": Field(
                shape=ListOf(item=Text(longest=500), fewest=1),
                meaning="Patterns for the annotation of that name; one must fit all of it",
            ),
        },
        one_of=("labels", "runbook_url"),
    )


def _parameter() -> Shape:
    numeric: Mapping[str, Atom] = {
        "percent": Percent(),
        "duration": Duration(),
    }
    records = {word: _typed(word, shape, _bounds(shape)) for word, shape in numeric.items()}
    choices = Field(shape=ListOf(item=LINE, fewest=2), required=True, meaning="What may be set")
    records["int"] = _typed("int", Integer(), {**_bounds(Integer()), **_SIZE})
    records["text"] = _typed("text", LINE, _SIZE)
    records["choice"] = _typed("choice", LINE, {"choices": choices})
    return Tagged(key="type", records=records)


def _typed(word: str, shape: Atom, more: Mapping[str, Field]) -> Record:
    return Record(
        fields={
            "type": Field(shape=Choice(choices=(word,)), required=True, meaning="Its type"),
            "default": Field(shape=shape, required=True, meaning="Its value unless one is set"),
            "meaning": Field(shape=LINE, required=True, meaning="What it is, for whoever sets it"),
            **more,
        }
    )


_SIZE: Mapping[str, Field] = {
    "intended": Field(
        shape=Choice(choices=INTENDED),
        meaning="The size in environments.yaml that it is, where the file says one",
    )
}


def _bounds(shape: Atom) -> Mapping[str, Field]:
    return {
        "minimum": Field(shape=shape, meaning="The least that may be set"),
        "maximum": Field(shape=shape, meaning="The most that may be set"),
    }


def _step(verbs: Verbs) -> Shape:
    records = {name: _verb(verb) for name, verb in sorted(verbs.items())}
    return Tagged(key="do", records=records)


def _verb(verb: StepVerb) -> Record:
    sort = kind(verb)
    needed = any(known.required for known in verb.fields.fields.values())
    known: dict[str, Field] = {
        "id": Field(shape=ID, required=True, meaning="Its name within the runbook"),
        "title": Field(shape=LINE, required=True, meaning="What it is for, in words"),
        "do": Field(shape=Choice(choices=(verb.name,)), required=True, meaning=verb.meaning),
        "with": Field(
            shape=verb.fields,
            required=needed or bool(verb.fields.one_of),
            meaning="The step's own fields",
        ),
        "when": Field(
            shape=MapOf(key=STEP_ID, item=ListOf(item=LINE, fewest=1)),
            meaning="Earlier steps with the verdicts that let this one run",
        ),
        "timeout": Field(
            shape=POSITIVE, default=TIMEOUTS[sort], meaning="How long it may take at most"
        ),
        "on_failure": Field(
            shape=Choice(choices=("stop", "continue")),
            default="stop",
            meaning="What follows when it could not be done",
        ),
    }
    return Record(fields={**known, **_of_kind(verb)}, never=_NEVER[sort])


def _of_kind(verb: StepVerb) -> Mapping[str, Field]:
    if kind(verb) is Kind.CHECK:
        shape = Integer(minimum=0, maximum=5)
        return {"retry": Field(shape=shape, default=0, meaning="Further tries when it is away")}
    if isinstance(verb, ActionVerb):
        proof = _verify(stands=verb.stands)
        return {"verify": Field(shape=proof, required=True, meaning="How it is proven")}
    return {}


_NEVER: Mapping[Kind, Mapping[str, str]] = {
    Kind.CHECK: {"verify": "a check changes nothing that could be verified"},
    Kind.ACTION: {"retry": "an action is never repeated by itself; only checks are"},
    Kind.ASK: {"retry": "people are not asked twice; only checks are repeated"},
    Kind.WAIT: {"retry": "time passes once; only checks are repeated"},
}


def _verify(*, stands: bool) -> Record:
    """Return the shape of a proof; of what `stands` no signal need improve."""
    unless = "; without it that it came about is enough" if stands else ""
    expectation = Record(
        fields={
            "signal": Field(shape=SIGNAL, required=True, meaning="What is compared"),
            "at_most": Field(shape=Number(), meaning="It must end at or below this"),
            "at_least": Field(shape=Number(), meaning="It must end at or above this"),
        },
        one_of=("at_most", "at_least"),
    )
    return Record(
        fields={
            "settle": Field(
                shape=POSITIVE,
                meaning="How long pods may take to become ready; without it twice as long as those "
                "of the workload took, and at least 15m",
            ),
            "window": Field(
                shape=POSITIVE,
                required=not stands,
                meaning="How long is compared, before and after",
            ),
            "lag": Field(
                shape=POSITIVE,
                default=LAG,
                meaning="How long after pods are ready the window begins: rates look back",
            ),
            "samples": Field(
                shape=Integer(minimum=1, maximum=1000),
                default=SAMPLES,
                meaning="Fewer than this in the window are no proof",
            ),
            "expect": Field(
                shape=ListOf(item=expectation, fewest=1),
                required=not stands,
                meaning=f"What must hold at the end{unless}",
            ),
        }
    )


def _criterion() -> Shape:
    known = {
        "id": Field(shape=ID, required=True, meaning="Its name within the runbook"),
        "title": Field(shape=LINE, required=True, meaning="What it means, in words"),
    }
    bound = Record(
        fields={
            **known,
            "signal": Field(shape=SIGNAL, required=True, meaning="What is watched"),
            "above": Field(shape=Number(), meaning="It holds while the signal is above this"),
            "below": Field(shape=Number(), meaning="It holds while the signal is below this"),
            "for": Field(shape=POSITIVE, required=True, meaning="For how long it must hold"),
        },
        one_of=("above", "below"),
    )
    ask = Record(
        fields={
            **known,
            "ask": Field(shape=LINE, required=True, meaning="A question; yes escalates"),
            "after": Field(shape=POSITIVE, required=True, meaning="When it is asked"),
        }
    )
    return Variants(records={"signal": bound, "ask": ask})


def _follow_up() -> Record:
    return Record(
        fields={
            "text": Field(shape=Text(longest=500), required=True, meaning="What is to be done"),
            "owner": Field(shape=ID, required=True, meaning="The role that does it"),
            "due": Field(shape=DAYS, required=True, meaning="How long after the incident"),
        }
    )
