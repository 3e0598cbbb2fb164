"""How `objectives.yaml` says what is promised: its fields, their mistakes, and what they mean.

Also read as it stands: the operations chapter's document of the kind ServiceLevelObjective.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final  # Any: what the shapes have checked

from incidents.objectives import (
    BURNS,
    WINDOW,
    Burn,
    Consequence,
    Kind,
    Objective,
    Objectives,
    Planned,
    Urgency,
)
from runbooks.language.positions import Path
from runbooks.language.shapes import (
    Choice,
    Duration,
    Field,
    ListOf,
    Number,
    Percent,
    Record,
    Shape,
    Tagged,
    Text,
    Variants,
)

Wrong = tuple[str, Path]
"""What is wrong, and where it stands."""

Said = Mapping[str, Any]  # see the import

OURS, CHAPTER = "objectives", "spec"
HELD, RING = "held", "ring"
STREAMING: Final = (
    "the time of a whole streamed answer says how long the answer is: promise its first token "
    "(ttft) and the time between tokens (itl), or say `streaming: no`"
)
# The chapter's own share of time for a throughput: it names none.
SUSTAINED: Final = 0.99
_NAME = Text(pattern=r"[a-z0-9][a-z0-9._-]*", example="chat-errors", longest=100)
_LABEL = Text(longest=500)
_TIME = Text(
    pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})",
    example="2026-12-01T22:00:00Z",
)
_SOME_TIME = Duration(minimum=timedelta(minutes=1))
_SECONDS = Number(minimum=0.001, maximum=600)
_COMMON: Mapping[str, Field] = {
    "name": Field(shape=_NAME, meaning="its name, once in the file", required=True),
    "target": Field(
        shape=Percent(minimum=1, maximum=99.9999), meaning="the share that is good", required=True
    ),
    "service": Field(shape=_LABEL, meaning="the service that promises it"),
    "namespace": Field(shape=_LABEL, meaning="the namespace; any without it"),
    "model": Field(shape=_LABEL, meaning="the model; without it each has its own budget"),
    "description": Field(shape=Text(), meaning="what it means to people"),
    "window": Field(shape=Duration(minimum=timedelta(days=1)), meaning="default 30d"),
    "off": Field(shape=Text(), meaning="why it is not in force"),
}


def _kind(extra: Mapping[str, Field]) -> Record:
    return Record(
        fields={"kind": Field(shape=_LABEL, meaning="what kind it is"), **_COMMON, **extra}
    )


def _latency(what: str) -> Field:
    meaning = f"{what}, in seconds; best one of the histogram's bounds"
    return Field(shape=_SECONDS, meaning=meaning, required=True)


_OBJECTIVE = Tagged(
    key="kind",
    records={
        Kind.AVAILABILITY.value: _kind(
            {
                "pool": Field(shape=_LABEL, meaning="the pool; any without it"),
                "job": Field(shape=_LABEL, meaning="a Prometheus job whose targets count first"),
            }
        ),
        Kind.ERRORS.value: _kind({}),
        Kind.TTFT.value: _kind({"within": _latency("time to the first token")}),
        Kind.ITL.value: _kind({"within": _latency("time between tokens")}),
        Kind.LATENCY.value: _kind(
            {
                "within": _latency("time of a whole request"),
                "streaming": Field(
                    shape=Choice(choices=("yes", "no")),
                    meaning="whether answers are streamed; if so, the default, it is off",
                ),
            }
        ),
        Kind.THROUGHPUT.value: _kind(
            {
                "at_least": Field(
                    shape=Number(minimum=0),
                    meaning="requests per second; fewer are bad only while some are refused",
                    required=True,
                )
            }
        ),
    },
)
_BURN = Record(
    fields={
        "factor": Field(
            shape=Number(minimum=1, maximum=1000), meaning="times too fast", required=True
        ),
        "long": Field(shape=_SOME_TIME, meaning="the window that counts", required=True),
        "short": Field(
            shape=_SOME_TIME, meaning="the window that tells that it goes on", required=True
        ),
        "for": Field(shape=Duration(), meaning="how long before it rings", required=True),
        "urgency": Field(
            shape=Choice(choices=tuple(each.value for each in Urgency)),
            meaning="page calls a person, ticket opens a P3",
            required=True,
        ),
    }
)
_POLICY = Record(
    fields={
        "spent": Field(
            shape=Percent(minimum=0, maximum=100), meaning="share of the budget", required=True
        ),
        "then": Field(shape=Text(), meaning="what was agreed for that", required=True),
    }
)
_MAINTENANCE = Record(
    fields={
        "name": Field(shape=_NAME, meaning="its name", required=True),
        "from": Field(shape=_TIME, meaning="when it begins, with its offset", required=True),
        "until": Field(shape=_TIME, meaning="when it ends, with its offset", required=True),
        "reason": Field(shape=Text(), meaning="why it is done", required=True),
        "namespace": Field(shape=_LABEL, meaning="the namespace; any without it"),
        "model": Field(shape=_LABEL, meaning="the model; any without it"),
        "alerts": Field(
            shape=Choice(choices=(HELD, RING)),
            meaning="whether alerts about it open nothing meanwhile; by default they are held "
            "where it names a namespace or a model, and ring where it does not",
        ),
    }
)
_FILE = Record(
    fields={
        OURS: Field(shape=ListOf(item=_OBJECTIVE), meaning="what is promised", required=True),
        "burns": Field(
            shape=ListOf(item=_BURN, fewest=1),
            meaning="how fast a budget may burn; default 14.4, 6, 3 and 1 times",
        ),
        "policy": Field(shape=ListOf(item=_POLICY), meaning="what happens at a spent budget"),
        "maintenance": Field(
            shape=ListOf(item=_MAINTENANCE), meaning="planned work that is no breach"
        ),
    }
)

_FREE = Text()


def _record(*required: str, **fields: Shape) -> Record:
    return Record(
        fields={
            name: Field(
                shape=shape, meaning="as in the operations chapter", required=name in required
            )
            for name, shape in fields.items()
        }
    )


_METRIC = Tagged(
    key="type",
    records={
        "availability": _record("total_query", type=_FREE, good_query=_FREE, total_query=_FREE),
        "latency": _record("threshold", type=_FREE, query=_FREE, threshold=_FREE),
        "ratio": _record("total_query", type=_FREE, good_query=_FREE, total_query=_FREE),
        "throughput": _record("threshold", type=_FREE, query=_FREE, threshold=_FREE),
    },
)
_CHAPTER = _record(
    CHAPTER,
    apiVersion=_FREE,
    kind=Choice(choices=("ServiceLevelObjective",)),
    metadata=_record("name", name=_FREE, namespace=_FREE),
    spec=_record(
        "service",
        OURS,
        service=_LABEL,
        objectives=ListOf(
            item=_record(
                "name",
                "target",
                "metric",
                name=Text(longest=100),
                description=_FREE,
                target=Number(minimum=0),
                metric=_METRIC,
                window=Duration(minimum=timedelta(days=1)),
            ),
            fewest=1,
        ),
        error_budget=_record(
            "alerts",
            policy=Choice(choices=("burn_rate",)),
            alerts=ListOf(
                item=_record(
                    "severity",
                    "burn_rate",
                    "duration",
                    severity=Choice(choices=tuple(each.value for each in Urgency)),
                    burn_rate=Number(minimum=1),
                    duration=Duration(),
                )
            ),
        ),
    ),
)

SHAPE = Variants(records={OURS: _FILE, CHAPTER: _CHAPTER})
"""Ours by its field `objectives`, the chapter's by its field `spec`."""


def wrong(says: Said) -> Iterator[Wrong]:
    """Yield what a shape cannot see: names twice, windows that end before they begin."""
    if CHAPTER in says:
        yield from _wrong_chapter(says[CHAPTER])
        return
    first = dict[str, int]()
    for index, one in enumerate(says.get(OURS, ())):
        if first.setdefault(one["name"], index) != index:
            yield f"objective {one['name']!r} stands here twice", (OURS, index, "name")
    for index, one in enumerate(says.get("burns", ())):
        if one["short"] >= one["long"]:
            yield "the short window must be shorter than the long one", ("burns", index, "short")
    for index, one in enumerate(says.get("maintenance", ())):
        yield from _wrong_times(one, ("maintenance", index))


def objectives(says: Said) -> Objectives:
    """Return the objectives of what was found right; nothing at all is none."""
    if CHAPTER in says:
        return _of_chapter(says[CHAPTER])
    return Objectives(
        objectives=tuple(map(_objective, says.get(OURS, ()))),
        burns=tuple(map(_burn, says.get("burns", ()))) or BURNS,
        policy=tuple(
            Consequence(spent=one["spent"] / 100, then=one["then"])
            for one in says.get("policy", ())
        ),
        planned=tuple(map(_planned, says.get("maintenance", ()))),
    )


def _wrong_times(one: Said, here: Path) -> Iterator[Wrong]:
    found = dict[str, datetime]()
    for word in ("from", "until"):
        try:
            found[word] = datetime.fromisoformat(one[word])
        except ValueError as error:
            yield str(error), (*here, word)
    if len(found) == len(("from", "until")) and found["until"] <= found["from"]:
        yield "it ends before it begins", (*here, "until")


def _objective(one: Said) -> Objective:
    kind = Kind(one["kind"])
    streamed = kind is Kind.LATENCY and one.get("streaming", "yes") == "yes"
    return Objective(
        name=one["name"],
        kind=kind,
        target=round(one["target"] / 100, 9),
        bound=one.get("within", one.get("at_least")),
        service=one.get("service", ""),
        namespace=one.get("namespace", ""),
        model=one.get("model", ""),
        pool=one.get("pool", ""),
        job=one.get("job", ""),
        description=one.get("description", ""),
        window=one.get("window", WINDOW),
        off=one.get("off", STREAMING if streamed else ""),
    )


def _burn(one: Said) -> Burn:
    return Burn(
        factor=float(one["factor"]),
        long=one["long"],
        short=one["short"],
        hold=one["for"],
        urgency=Urgency(one["urgency"]),
    )


def _planned(one: Said) -> Planned:
    # Work on everything would keep every alert back: that must be said.
    usual = HELD if one.get("namespace") or one.get("model") else RING
    return Planned(
        name=one["name"],
        start=datetime.fromisoformat(one["from"]),
        end=datetime.fromisoformat(one["until"]),
        reason=one["reason"],
        namespace=one.get("namespace", ""),
        model=one.get("model", ""),
        holds=one.get("alerts", usual) == HELD,
    )


def _wrong_chapter(spec: Said) -> Iterator[Wrong]:
    for index, one in enumerate(spec[OURS]):
        here: Path = (CHAPTER, OURS, index)
        metric, target = one["metric"], one["target"]
        if metric["type"] != "throughput" and not 1 <= target < 100:  # noqa: PLR2004  # percent
            yield f"target: expected a percentage below 100, found {target:g}", (*here, "target")
        if "threshold" in metric and _amount(metric["threshold"]) is None:
            what = f"threshold: expected 2s, 200ms or a number, found {metric['threshold']!r}"
            yield what, (*here, "metric", "threshold")
    for index, one in enumerate(spec.get("error_budget", {}).get("alerts", ())):
        if one["burn_rate"] not in {burn.factor for burn in BURNS}:
            known = ", ".join(f"{burn.factor:g}" for burn in BURNS)
            what = f"burn_rate: windows are known for {known}; write objectives.yaml for others"
            yield what, (CHAPTER, "error_budget", "alerts", index, "burn_rate")


def _of_chapter(spec: Said) -> Objectives:
    read = [_chapter_objective(one, spec["service"]) for one in spec[OURS]]
    asked = {one["burn_rate"]: one for one in spec.get("error_budget", {}).get("alerts", ())}
    return Objectives(
        objectives=tuple(one for one, _ in read),
        burns=tuple(_burn_of_chapter(burn, asked.get(burn.factor)) for burn in BURNS),
        notes=tuple(f"{one.name}: {note}" for one, note in read if note),
    )


def _burn_of_chapter(burn: Burn, asked: Said | None) -> Burn:
    """Return our windows with the chapter's duration and severity; it knows only the fast ones."""
    if asked is None:
        return burn
    return Burn(
        factor=burn.factor,
        long=burn.long,
        short=burn.short,
        hold=asked["duration"],
        urgency=Urgency(asked["severity"]),
    )


def _chapter_objective(one: Said, service: str) -> tuple[Objective, str]:
    metric = one["metric"]
    kind, note, off = CHAPTER_KINDS[metric["type"]]
    sustained = kind is Kind.THROUGHPUT
    job = re.search(r"job\s*=\s*['\"]([^'\"]+)['\"]", metric.get("total_query", ""))
    return (
        Objective(
            name=one["name"],
            kind=kind,
            target=SUSTAINED if sustained else round(one["target"] / 100, 9),
            bound=_amount(metric["threshold"]) if "threshold" in metric else None,
            service=service,
            job=job[1] if job and kind is Kind.AVAILABILITY else "",
            description=one.get("description", ""),
            window=one.get("window", WINDOW),
            off=off,
        ),
        note,
    )


CHAPTER_KINDS: Final[Mapping[str, tuple[Kind, str, str]]] = {
    "availability": (
        Kind.AVAILABILITY,
        (
            "the targets of its job count where there are any, else the picker's ready endpoints; "
            "30 days at 99.9 % are 43.2 minutes, the 43.8 that it names are a calendar month's"
        ),
        "",
    ),
    "latency": (
        Kind.LATENCY,
        "a 95th percentile cannot say whether 95 % were fast; the share of requests under the "
        "threshold is counted instead, and it is off: " + STREAMING,
        STREAMING,
    ),
    "ratio": (
        Kind.ERRORS,
        "counted from the endpoint picker and the engines, whatever their metrics are called",
        "",
    ),
    "throughput": (
        Kind.THROUGHPUT,
        (
            "the target is a rate and no share: the threshold must hold for 99 % of the time; low "
            "traffic is no breach, refused traffic is"
        ),
        "",
    ),
}
"""How a type of metric is counted, the note on that, and why it is off."""


def _amount(text: str) -> float | None:
    """Return seconds, or a plain number; None for anything else."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|)", text.strip())
    if found is None:
        return None
    return float(found[1]) * {"ms": 0.001, "s": 1, "m": 60, "": 1}[found[2]]
