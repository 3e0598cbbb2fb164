"""The rules of objectives: what counts, the budget, how fast it burns, and who hears of it.

The alerts are the same for every objective: an objective adds what it counts and its budget.
Source of the windows: the SRE workbook, chapter 5, "alerting on SLOs".
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from cluster.rules import files
from cluster.rules.counting import counted
from cluster.rules.proving import GONE, MODEL, always, series
from cluster.rules.rule import Alert, Group, Proof, Recording, RuleFile
from cluster.signals import promql
from incidents.budgets import SLOT
from incidents.objectives import (
    ALMOST_ALL,
    WINDOW,
    Burn,
    Kind,
    Objective,
    Objectives,
    Planned,
    Urgency,
    budget,
    spent_when_it_rings,
)

EVENTS: Final = "triaged:objective:events"
BAD: Final = "triaged:objective:bad"
BUDGET: Final = "triaged:objective:budget"
PLANNED: Final = "triaged:objective:planned"
SPENT: Final = "triaged:objective:budget_spent"
# A page about a ratio needs a request a minute; a budget of time counts 1 a second.
FLOOR: Final = "1 / 60"
NAMES: Final[Mapping[Kind, str]] = {
    Kind.AVAILABILITY: "LLMDAvailabilitySLOBurn",
    Kind.ERRORS: "LLMDErrorBudgetBurn",
    Kind.TTFT: "LLMDTTFTBudgetBurn",
    Kind.ITL: "LLMDITLBudgetBurn",
    Kind.LATENCY: "LLMDLatencyBudgetBurn",
    Kind.THROUGHPUT: "LLMDThroughputBudgetBurn",
}
WHAT: Final[Mapping[Kind, str]] = {
    Kind.AVAILABILITY: "of the time nobody is served",
    Kind.ERRORS: "of the requests fail",
    Kind.TTFT: "of the requests get their first token too late",
    Kind.ITL: "of the tokens come too late",
    Kind.LATENCY: "of the requests take too long",
    Kind.THROUGHPUT: "of the time too little is served while requests are refused",
}


def file(objectives: Objectives) -> RuleFile:
    """Return the rule file of the objectives that are in force."""
    minute = timedelta(minutes=1)
    return RuleFile(
        name="budgets",
        needs=("signals",),
        about=(
            "Objectives, their error budgets and how fast these burn, from objectives.yaml. A "
            "budget over 30 days needs a Prometheus that keeps 30 days; by default it keeps 15."
        ),
        fed=True,
        pace=5 * minute,
        groups=(
            Group(
                name="triaged-objectives",
                interval=timedelta(seconds=30),
                rules=tuple(_counts(objectives)),
            ),
            Group(
                name="triaged-burn-rates",
                interval=minute,
                rules=tuple(_ratios(objectives.burns)),
            ),
            Group(
                name="triaged-budgets",
                interval=5 * minute,
                rules=tuple(_spent(objectives.in_force)),
            ),
            Group(
                name="triaged-burn-alerts",
                interval=minute,
                rules=(
                    *(_alert(kind, burn) for kind in Kind for burn in objectives.burns),
                    UNSEEN,
                ),
            ),
        ),
    )


def ratio(window: timedelta) -> str:
    """Return the name under which the share of bad ones over a window is recorded."""
    return f"triaged:objective:bad_ratio_{files.duration(window)}"


def _counts(objectives: Objectives) -> Iterator[Recording]:
    for objective in objectives.in_force:
        labels = _labels(objective)
        away = [one for one in objectives.planned if one.concerns(objective)]
        found = counted(objective)
        said = objective.description or objective.name
        if away:
            yield Recording(
                name=PLANNED,
                expr=" or ".join(map(_during, away)),
                labels=labels,
                why=f"Planned maintenance: {'; '.join(one.reason for one in away)}.",
            )
        yield Recording(name=EVENTS, expr=_without(found.events, away), labels=labels, why=said)
        yield Recording(name=BAD, expr=_without(found.bad, away), labels=labels)
        yield Recording(name=BUDGET, expr=f"vector({budget(objective):g})", labels=labels)


def _labels(objective: Objective) -> Mapping[str, str]:
    service = {"service": objective.service} if objective.service else {}
    return {"objective": objective.name, "kind": objective.kind.value, **service}


def _without(query: str, planned: Sequence[Planned]) -> str:
    """Leave out planned maintenance: neither good nor bad."""
    found = f"({query})" if planned else query
    for one in planned:
        on = ", ".join(_place(one))
        found = f"{found} unless on ({on}) {_during(one)}"
    return found


def _during(planned: Planned) -> str:
    """Return 1 during the maintenance, with the labels of what it is about."""
    first, last = (int(moment.timestamp()) for moment in (planned.start, planned.end))
    found = f"(vector(time()) >= {first} < {last}) * 0 + 1"
    for label, value in _place(planned).items():
        # "$" would name a group of the expression.
        texts = (label, value.replace("$", "$$"), "", "")
        quoted = ", ".join(promql.quoted(each) for each in texts)
        found = f"label_replace({found}, {quoted})"
    return f"({found})"


def _place(planned: Planned) -> Mapping[str, str]:
    named = {"namespace": planned.namespace, "model_name": planned.model}
    return {label: value for label, value in named.items() if value}


def _ratios(burns: Sequence[Burn]) -> Iterator[Recording]:
    windows = {length for burn in burns for length in (burn.long, burn.short)}
    for window in sorted(windows):
        yield Recording(
            name=ratio(window),
            expr=_ratio(window),
            why=f"The share of bad ones over {files.duration(window)}.",
        )


def _ratio(window: timedelta) -> str:
    over = files.duration(window)
    return f"avg_over_time({BAD}[{over}]) / (avg_over_time({EVENTS}[{over}]) > 0)"


def _spent(objectives: Sequence[Objective]) -> Iterator[Recording]:
    """Yield the spent share of a budget, for each length of a window."""
    for window in sorted({one.window for one in objectives}):
        meant = "|".join(promql.literal(one.name) for one in objectives if one.window == window)
        over = files.duration(window)
        yield Recording(
            name=SPENT,
            expr=spent(window, only=f"{{objective=~{promql.quoted(meant)}}}"),
            labels={"window": over},
            why=f"The share of the budget of {over} that is surely spent; 1 is all of it. As in "
            "`triaged slo`, what was not seen had as much to do and nothing bad that is known.",
        )


def spent(window: timedelta, *, only: str = "") -> str:
    """Return the share of the whole window's budget that is spent, for objectives `only`.

    Counted in the slots of `incidents.budgets`, so that a Prometheus that is younger than the
    window says what `triaged slo` says: see `incidents.budgets.budget`.
    """
    over, slot = files.duration(window), files.duration(SLOT)
    share = f"avg_over_time({BAD}{only}[{over}]) / (avg_over_time({EVENTS}{only}[{over}]) > 0)"
    planned = f"max by (objective) (count_over_time({PLANNED}{only}[{over}:{slot}]))"
    none = f"0 * max by (objective) ({BUDGET}{only})"
    counts = f"{window // SLOT} - ({planned} or {none})"
    seen = (
        f"count_over_time({EVENTS}{only}[{over}:{slot}]) / on (objective) group_left () ({counts})"
    )
    return f"{share} * clamp_max({seen}, 1) / on (objective) group_left () {BUDGET}{only}"


def _alert(kind: Kind, burn: Burn) -> Alert:
    page = burn.urgency is Urgency.PAGE
    long, short = files.duration(burn.long), files.duration(burn.short)
    floor = f" and {EVENTS} > {FLOOR}" if page else ""
    gone = spent_when_it_rings(burn, WINDOW)
    return Alert(
        name=NAMES[kind],
        expr=f"{_above(kind, burn.long, burn)} and {_above(kind, burn.short, burn)}{floor}",
        hold=burn.hold,
        severity=burn.urgency.value,
        # The catalogue judges by the name alone; a ticket wakes nobody.
        priority="" if page else "P3",
        labels={"burn": f"{burn.factor:g}", "window": long},
        summary=f"The budget of {{{{ $labels.objective }}}} burns {burn.factor:g} times too fast",
        description=(
            f"{{{{ $value | humanizePercentage }}}} {WHAT[kind]}, over {long} and still over "
            f"{short}. At this rate {gone:.0%} of a budget of 30 days is gone in {long}."
        ),
        proofs=tuple(_proofs(kind, burn)),
    )


def _above(kind: Kind, window: timedelta, burn: Burn) -> str:
    """Compare a window's share; nothing can be worse than all, which always rings."""
    return (
        f'{ratio(window)}{{kind="{kind.value}"}} > on (objective) group_left () '
        f"clamp_max({burn.factor:g} * {BUDGET}, {ALMOST_ALL:g})"
    )


def _proofs(kind: Kind, burn: Burn) -> Iterator[Proof]:
    """Yield when an alert rings and when not, for a budget of one in a thousand."""
    each = timedelta(minutes=5)
    rings = burn.hold + timedelta(minutes=30)
    count = int(rings / each) + 2
    labels = {**MODEL, "objective": "proof", "kind": kind.value}
    budgets = {series(BUDGET, objective="proof", kind=kind.value): always(0.001, 500)}

    def shown(bad: str, events: float = 1) -> Mapping[str, str]:
        counted_events = {series(EVENTS, **labels): always(events, 500)}
        return {**budgets, **counted_events, series(BAD, **labels): bad}

    def proof(
        title: str,
        shown: Mapping[str, str],
        *,
        at: timedelta = rings,
        fires: Mapping[str, str] | None = None,
        unless: Mapping[str, str] | None = None,
    ) -> Proof:
        # The same kind burns at several speeds: this one is looked at.
        only = {"objective": "proof", "burn": f"{burn.factor:g}"}
        return Proof(
            title=title, series=shown, at=at, fires=fires, each=each, only=only, unless=unless
        )

    above, below = (burn.factor * 0.001 * times for times in (1.5, 0.5))
    title = f"{kind.value}, {burn.factor:g} times"
    over = each * 12 + burn.short + timedelta(minutes=30)
    burst = f"{always(1, 12)} {always(0, int(over / each))}"
    yield proof(f"{title}: above", shown(always(above, count)), fires=labels)
    yield proof(f"{title}: below", shown(always(below, count)))
    yield proof(f"{title}: nothing was counted", budgets)
    if kind is not Kind.ERRORS:
        return
    yield proof(
        f"{title}: a burst that is over", shown(burst), at=over, unless=shown(always(1, 500))
    )
    if burn.urgency is Urgency.PAGE:
        few = shown(always(0.001, count), 0.001)
        yield proof(f"{title}: one request in a quarter of an hour", few)


OF_PROOF: Final = {**MODEL, "objective": "proof", "kind": Kind.ERRORS.value}
ONLY: Final = {"objective": "proof"}


def _proof(name: str) -> str:
    """Return a recorded series of an objective that is there for a proof only."""
    return series(name, **OF_PROOF)


UNSEEN: Final = Alert(
    name="LLMDObjectiveUnseen",
    expr=f"{BUDGET} unless on (objective) ({EVENTS} or {PLANNED})",
    hold=timedelta(minutes=30),
    severity="ticket",
    summary="Nothing is known of {{ $labels.objective }}",
    description=(
        "No series tells for 30 minutes whether {{ $labels.objective }} is met: not scraped, "
        "renamed, or there is no such model. Its budget is not spent meanwhile, and not kept."
    ),
    proofs=(
        Proof(
            title="a budget and nothing that counts",
            series={_proof(BUDGET): always(0.001, 90)},
            at=timedelta(minutes=45),
            fires=OF_PROOF,
            only=ONLY,
        ),
        Proof(
            title="something counts",
            series={_proof(BUDGET): always(0.001, 90), _proof(EVENTS): always(3, 90)},
            at=timedelta(minutes=45),
            unless={_proof(EVENTS): GONE},
            only=ONLY,
        ),
        Proof(title="no objective is in force", series={}, at=timedelta(minutes=45), only=ONLY),
        Proof(
            title="nothing counts because maintenance is planned",
            series={_proof(BUDGET): always(0.001, 90), _proof(PLANNED): always(1, 90)},
            at=timedelta(minutes=45),
            unless={_proof(PLANNED): GONE},
            only=ONLY,
        ),
    ),
)
