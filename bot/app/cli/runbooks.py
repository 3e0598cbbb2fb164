"""`triaged runbooks`: look at runbooks before they are needed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from cyclopts import App

from bot.app import classifying
from bot.app.cli.output import Json, clean, show, table
from bot.app.clock import world_clock
from bot.app.configuration import load as load_configuration
from bot.app.dry_running import DryRun, Found, dry_runs
from bot.app.settings import load
from incidents.errors import Rejected
from runbooks.language.grammar import runbook as grammar
from runbooks.language.loader import LIBRARY, lint
from runbooks.language.loader import load as load_runbooks
from runbooks.language.registry import verbs
from runbooks.language.schema import published

runbooks = App(
    name="runbooks", help="Runbooks: list them, check them, try one, print their schema."
)


@runbooks.command(name="lint")
def lint_folder(folder: Path | None = None, /, *, as_json: Json = False) -> None:
    """Check every runbook of a folder, of all that are in force where none is named.

    Fails with file and line of everything wrong.
    """
    folders = _in_force() if folder is None else (folder,)
    problems = [problem for one in folders for problem in lint(one)]
    if problems and not as_json:
        raise Rejected("\n".join(clean(str(problem)) for problem in problems))
    show({"problems": problems}, [f"{one}: nothing is wrong" for one in folders], as_json=as_json)
    if problems:
        message = f"{len(problems)} problems"
        raise Rejected(message)


@runbooks.command(name="list")
def list_runbooks(*, as_json: Json = False) -> None:
    """List the runbooks that are in force, with what they cover."""
    found = sorted(load_runbooks(_in_force()).values(), key=lambda one: one.name)
    rows = [[one.name, ", ".join(one.covers), one.title, one.digest[:12]] for one in found]
    plain = [
        {"name": one.name, "covers": one.covers, "title": one.title, "digest": one.digest}
        for one in found
    ]
    show(plain, table(rows), as_json=as_json)


@runbooks.command
def schema(*, as_json: Json = True) -> None:  # noqa: ARG001  # it is JSON, asked for or not
    """Print the JSON Schema of a runbook, for editors."""
    show(published(grammar(verbs())), (), as_json=True)


@runbooks.command(name="dry-run")
def dry_run(webhook: Path, /, *, as_json: Json = False) -> None:
    """Say what the runbook for a saved webhook body would find and propose; act on nothing.

    WEBHOOK is a body as Alertmanager posts it (version 4). Checks read the live cluster and
    metrics; a plan asks the API server for a dry run of its one write, and nothing is applied.
    """
    settings = load()
    delivery = classifying.read(webhook)
    # Imported here: the cluster's clients take a second to load, and only this needs them.
    from bot.app.reach import tools  # noqa: PLC0415  # see above
    from cluster.drift.advice import advised  # noqa: PLC0415  # see above

    with ExitStack() as closing:
        configuration = load_configuration(settings.config)
        reached = tools(settings, closing=closing)
        found = dry_runs(
            delivery,
            configuration=configuration,
            tools=advised(
                reached, intended=lambda: configuration.environments, own=settings.cluster
            ),
            at=world_clock(settings.clock_url)() if settings.clock_url else datetime.now(UTC),
            cluster=settings.cluster,
        )
    first, *others = map(_plain, found)
    lines = [line for one in found for line in _told(one)]
    show({**first, "others": others}, lines, as_json=as_json)


def _plain(one: DryRun) -> Mapping[str, object]:
    return {
        "runbook": one.runbook.name,
        "title": one.runbook.title,
        "because": one.because,
        "covers": one.runbook.covers,
        "alerts": one.alerts,
        "target": {
            "namespace": one.namespace,
            "model": one.model,
            "role": one.role,
            "workload": one.target,
        },
        "verdicts": {each.step: _verdict(each) for each in one.found},
        "diagnosis": _diagnosis(one),
        "proposed": _proposed(one),
        "reason": one.reason,
        "asks": one.asks,
        "left_out": {each.step: each.because for each in one.left_out},
    }


def _verdict(one: Found) -> Mapping[str, object]:
    return {
        "check": one.check,
        "title": one.title,
        "verdict": one.verdict,
        "because": one.because,
        "evidence": one.evidence,
    }


def _diagnosis(one: DryRun) -> Mapping[str, object]:
    chosen = one.diagnosis
    return {
        "step": chosen.step if chosen else None,
        "verdict": chosen.verdict if chosen else None,
        "because": chosen.because if chosen else _nothing(one),
        "for": [_short(each) for each in one.found if each.speaks == "for"],
        "against": [_short(each) for each in one.found if each.speaks == "against"],
        "cannot_tell": [_short(each) for each in one.found if each.verdict == "cannot_tell"],
    }


def _short(one: Found) -> Mapping[str, object]:
    return {"step": one.step, "verdict": one.verdict, "because": one.because}


def _nothing(one: DryRun) -> str:
    unknown = [each.step for each in one.found if each.verdict == "cannot_tell"]
    if unknown:
        return f"nothing was found wrong, and it cannot be told of {', '.join(unknown)}"
    return "nothing that this runbook looks at is wrong"


def _proposed(one: DryRun) -> Mapping[str, object] | None:
    plan = one.plan
    if plan is None:
        return None
    return {
        "step": one.step,
        "action": plan.action,
        "target": f"{plan.kind} {plan.namespace}/{plan.name}",
        "owner_path": plan.owner_path,
        "before": dict(plan.before),
        "after": dict(plan.after),
        "warnings": plan.warnings,
        "reversible": plan.reversible,
        "kubectl": plan.kubectl,
        "dry_run": plan.dry_run,
        "digest": plan.digest,
    }


def _told(one: DryRun) -> Iterator[str]:
    covers = f" ({', '.join(one.runbook.covers)})" if one.runbook.covers else ""
    yield f"{', '.join(one.alerts)}: {one.runbook.name}{covers}, because {one.because}"
    yield f"target: {one.target or 'not found'}"
    yield ""
    yield from table([[each.step, each.verdict, each.because] for each in one.found])
    yield ""
    yield f"diagnosis: {_said(one)}"
    if one.plan is None:
        yield f"proposed: nothing: {one.reason}"
    else:
        plan = one.plan
        change = f"{_pairs(plan.before)} → {_pairs(plan.after)}"
        yield f"proposed: {plan.action} {plan.kind} {plan.namespace}/{plan.name}: {change}"
        yield f"  owner: {' ← '.join(plan.owner_path)}"
        yield f"  equal: {plan.kubectl}"
        yield f"  dry run at the API server: {plan.dry_run}"
        yield from (f"  warning: {each}" for each in plan.warnings)
    for asked in one.asks:
        yield f"asks: {asked.title}: {asked.question} ({', '.join(asked.choices)})"
    yield "nothing was changed"


def _said(one: DryRun) -> str:
    chosen = one.diagnosis
    return f"{chosen.step} is {chosen.verdict}: {chosen.because}" if chosen else _nothing(one)


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in pairs)


def _in_force() -> Sequence[Path]:
    return (LIBRARY, *load_configuration(load().config, files=()).runbooks)
