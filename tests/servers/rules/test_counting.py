"""What counts for an objective, and what is bad of it, for each kind: worked out by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cluster.rules import budget, yaml_text
from cluster.rules.counting import HISTOGRAMS
from cluster.rules.proving import (
    MODEL,
    NAMESPACE,
    always,
    at_picker,
    born_again,
    growing,
    of_pod,
    series,
)
from cluster.rules.rule import Recording
from incidents.objectives import Kind, Objective, Objectives, Planned
from tests.servers.rules import judging
from tests.servers.rules.judging import NEEDS_PROMTOOL, RECORDED
from tests.servers.rules.shown import ALIVE, ANSWERED, CHAPTER, FAILING, POOL, Shown

pytestmark = [pytest.mark.server, NEEDS_PROMTOOL]

Row = tuple[Mapping[str, str], float]
PLACE = {"namespace": NAMESPACE}
READY = series("llm_d_epp_ready_endpoints", namespace=NAMESPACE, name="llama")
UP = series("up", namespace=NAMESPACE, job="llm/chat", instance="a")
UP_TOO = series("up", namespace=NAMESPACE, job="llm/chat", instance="b")
PODS = {**ALIVE, of_pod("kube_pod_status_ready", condition="true"): always(1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """An objective, what is scraped, and all rows of its events and of the bad ones."""

    title: str
    objective: Objective
    shown: Shown
    events: tuple[Row, ...]
    bad: tuple[Row, ...]


def promised(kind: Kind, *, bound: float | None = None, job: str = "") -> Objective:
    """Return an objective of which a tenth may be bad."""
    return Objective(name="o", kind=kind, target=0.9, bound=bound, job=job)


def slow(name: str, *, again: bool = False, **labels: str) -> Shown:
    """Return a histogram of 1 request/s, half of which take up to 1 s and half up to 2 s."""
    grows = born_again if again else growing
    buckets = {
        series(f"{name}_bucket", **MODEL, **labels, le=bound): grows(by)
        for bound, by in (("1", 30), ("2", 60), ("+Inf", 60))
    }
    return {**buckets, series(f"{name}_count", **MODEL, **labels): grows(60)}


def available(title: str, shown: Shown, *rows: tuple[Row, float], job: str = "") -> Counted:
    """Return a case of availability: each row with its part of time that is bad."""
    return Counted(
        title=title,
        objective=promised(Kind.AVAILABILITY, job=job),
        shown=shown,
        events=tuple(row for row, _ in rows),
        bad=tuple((labels, bad) for (labels, _), bad in rows),
    )


def of_model(
    title: str, objective: Objective, shown: Shown, events: float | None, bad: float | None
) -> Counted:
    """Return a case with one row of the model, or with none."""
    return Counted(
        title=title,
        objective=objective,
        shown=shown,
        events=() if events is None else ((MODEL, events),),
        bad=() if bad is None else ((MODEL, bad),),
    )


AVAILABILITY = (
    available("an endpoint is ready", {READY: always(1)}, ((POOL, 1), 0)),
    available("no endpoint is ready", {READY: always(0)}, ((POOL, 1), 1)),
    available("pods where no picker is seen", PODS, ((MODEL, 1), 0)),
    available(
        "no pod is ready",
        {**ALIVE, of_pod("kube_pod_status_ready", condition="true"): always(0)},
        ((MODEL, 1), 1),
    ),
    available("the picker comes before pods", {**PODS, READY: always(0)}, ((POOL, 1), 1)),
    available(
        "one of two targets of the job is down",
        {UP: always(1), UP_TOO: always(0)},
        ((PLACE, 1), 0.5),
        job="chat",
    ),
    # In one namespace they are one service: two rows would be two budgets.
    available(
        "the job's targets come before the picker",
        {UP: always(1), READY: always(0)},
        ((PLACE, 1), 0),
        job="chat",
    ),
    available("the picker where the job has none", {READY: always(0)}, ((POOL, 1), 1), job="chat"),
    available("nothing is seen: cannot tell", {}),
)
ERRORS = (
    of_model("failures of the server", promised(Kind.ERRORS), FAILING, 11.5, 3),
    of_model("no mistakes of clients", promised(Kind.ERRORS), {**FAILING, **ANSWERED}, 11.5, 1.5),
    of_model("the engines alone", promised(Kind.ERRORS), ANSWERED, 10, 0.5),
    of_model("the chapter's own metric", promised(Kind.ERRORS), CHAPTER, 10, 1),
    of_model("nothing is seen: cannot tell", promised(Kind.ERRORS), {}, None, None),
)
THROUGHPUT = (
    of_model(
        "too little, and some are refused", promised(Kind.THROUGHPUT, bound=20), FAILING, 1, 1
    ),
    of_model("enough, and some are refused", promised(Kind.THROUGHPUT, bound=9), FAILING, 1, 0),
    of_model(
        "low traffic is no breach",
        promised(Kind.THROUGHPUT, bound=20),
        {at_picker("llm_d_epp_request_total"): growing(600)},
        1,
        0,
    ),
    of_model("nothing is seen: cannot tell", promised(Kind.THROUGHPUT, bound=20), {}, None, None),
)


def _latency(kind: Kind) -> list[Counted]:
    at_pickers, on_engines, others = HISTOGRAMS[kind]
    pickers = [(name, {"job": "epp"}) for name in at_pickers]
    pods = {"job": f"{NAMESPACE}/decode", "pod": "decode-0"}
    engines = [
        (name, pods)
        for name in (f"vllm:{on_engines}", f"sglang:{on_engines}", f"sglang_{on_engines}", *others)
    ]
    (first, labels), (vllm, _) = pickers[0], engines[0]
    within = promised(kind, bound=1.5)
    return [
        *(
            of_model(f"half are late: {name}", within, slow(name, **where), 1, 0.5)
            for name, where in (*pickers, *engines)
        ),
        of_model("all in time", promised(kind, bound=2), slow(first, **labels), 1, 0),
        of_model("counters that began anew", within, slow(first, again=True, **labels), 1, 0.5),
        # Without a bound under the threshold nobody can tell.
        of_model("no such bound", promised(kind, bound=0.5), slow(first, **labels), None, None),
        of_model(
            "prefill answers nobody",
            within,
            {**slow(vllm, **pods), **slow(vllm, job=f"{NAMESPACE}/prefill", pod="prefill-0")},
            1,
            0.5,
        ),
        of_model("nothing is seen: cannot tell", within, {}, None, None),
    ]


CASES = (
    *AVAILABILITY,
    *ERRORS,
    *THROUGHPUT,
    *_latency(Kind.TTFT),
    *_latency(Kind.ITL),
    *_latency(Kind.LATENCY),
)


def test_every_kind_of_objective_counts_exactly_what_it_promises(tmp_path: Path) -> None:
    """A budget is believed: its events and its bad ones are counted as the page says."""
    tests = [_written(tmp_path / str(number), case) for number, case in enumerate(CASES)]

    judged = judging.judge(tests)

    assert {case.objective.kind for case in CASES} == {*Kind}
    assert judged.good, judged.said


def test_planned_work_is_neither_good_nor_bad(tmp_path: Path) -> None:
    """Between the tenth and the twentieth minute of time itself nothing counts there."""
    begin = datetime.fromtimestamp(0, UTC)
    work = Planned(
        name="w",
        start=begin + timedelta(minutes=10),
        end=begin + timedelta(minutes=20),
        reason="r",
        namespace=NAMESPACE,
    )
    objective = promised(Kind.ERRORS)
    own = {"objective": "o", "kind": "errors"}
    counted = [({**MODEL, **own}, 11.5)]
    tests = [
        judging.unit_test(FAILING, f"round({name}, 0.0001) # {at}", rows, at=at)
        for name, at, rows in (
            (budget.EVENTS, 9, counted),
            (budget.EVENTS, 12, []),
            (budget.BAD, 12, []),
            (budget.EVENTS, 21, counted),
        )
    ]
    tests += [
        judging.unit_test(
            FAILING, f"sum by (objective, kind, namespace) ({name}) # {at}", rows, at=at
        )
        for name, at, rows in (
            (budget.PLANNED, 9, []),
            (budget.PLANNED, 12, [({**PLACE, **own}, 1)]),
            (budget.PLANNED, 21, []),
        )
    ]

    judged = judging.judge([_files(tmp_path / "planned", objective, tests, planned=(work,))])
    assert judged.good, judged.said


def test_a_budget_is_spent_by_the_share_of_bad_ones_and_of_the_window(tmp_path: Path) -> None:
    """Half of a second's requests are late, and a tenth may be: five times the budget burns.

    What is spent of it is that for five of the 8640 slots of thirty days: the rest was not seen.
    """
    (name, *_), *_ = HISTOGRAMS[Kind.TTFT]
    case = of_model("", promised(Kind.TTFT, bound=1.5), slow(name, job="epp"), 1, 0.5)
    labels = {**MODEL, "objective": "o", "kind": "ttft"}
    values = [
        ("triaged:objective:budget", [({"objective": "o", "kind": "ttft"}, 0.1)]),
        *((budget.ratio(timedelta(minutes=over)), [(labels, 0.5)]) for over in (5, 30, 60)),
        (f"8640 * {budget.SPENT}", [({**labels, "window": "30d"}, 5.0 * 5)]),
    ]

    test = _files(
        tmp_path / "spent",
        case.objective,
        [
            judging.unit_test(case.shown, f"round({query}, 0.0001)", rows, at=25)
            for query, rows in values
        ],
    )

    judged = judging.judge([test])
    assert judged.good, judged.said


def _written(folder: Path, case: Counted) -> Path:
    own = {"objective": case.objective.name, "kind": case.objective.kind.value}
    tests = [
        judging.unit_test(
            case.shown,
            f"round({name}, 0.0001) # {case.objective.kind.value}: {case.title}",
            [({**labels, **own}, found) for labels, found in rows],
            at=12,
        )
        for name, rows in ((budget.EVENTS, case.events), (budget.BAD, case.bad))
    ]
    return _files(folder, case.objective, tests)


def _files(
    folder: Path,
    objective: Objective,
    tests: list[Mapping[str, yaml_text.Value]],
    *,
    planned: tuple[Planned, ...] = (),
) -> Path:
    whole = budget.file(Objectives(objectives=(objective,), planned=planned))
    groups = tuple(replace(group, rules=_recorded(group.rules)) for group in whole.groups)
    file = replace(whole, groups=tuple(group for group in groups if group.rules))
    needed = {name for rule in file.rules for name in judging.read_by(rule.expr, RECORDED)}
    document = {
        "rule_files": ["signals.yaml", f"{file.name}.yaml"],
        "evaluation_interval": "1m",
        "tests": tests,
    }
    text = yaml_text.document(document)
    return judging.written(folder, judging.signals(needed), file, tests=text)


def _recorded(rules: tuple[object, ...]) -> tuple[Recording, ...]:
    return tuple(rule for rule in rules if isinstance(rule, Recording))
