"""`triaged run`: what a person may do to a run, step by step, and what a step has kept."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

from cyclopts import App, Parameter

from bot.app.cli import run_editing
from bot.app.cli.output import Json, show
from bot.app.cli.person import known
from bot.app.cli.reason import Reason
from bot.app.configuration_shapes import PEOPLE
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents import run_rules
from incidents.commands import run as commands
from incidents.desk import Told
from incidents.errors import Rejected
from incidents.events.run import PlanEdited, UndoAsked
from incidents.run import Run
from incidents.telling import bundled, tell
from runbooks.engine.shelf import Shelf
from runbooks.language.loader import LIBRARY
from runbooks.language.loader import load as load_runbooks
from runbooks.language.model import Runbook
from runbooks.language.registry import verbs

StepCommand = (
    commands.RetryStep
    | commands.SkipStep
    | commands.ContinueFrom
    | commands.EditPlan
    | commands.AskUndo
    | commands.AnswerAsk
    | commands.SettleDoubt
)

Set = Annotated[
    list[str], Parameter(name="--set", help="NAME=VALUE of an argument; may be repeated.")
]

run = App(name="run", help="What a person may do to a run.")


@run.command
def retry(run_id: str, step: str, /, *, because: Reason, as_json: Json = False) -> None:
    """Send a step round again."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        command = commands.RetryStep(step=step, by=_who(desk), because=because)
        _tell(desk, run_id, command, as_json=as_json)


@run.command
def skip(run_id: str, step: str, /, *, because: Reason, as_json: Json = False) -> None:
    """Leave a step out."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        command = commands.SkipStep(step=step, by=_who(desk), because=because)
        _tell(desk, run_id, command, as_json=as_json)


@run.command(name="continue")
def go_on(run_id: str, step: str, /, *, because: Reason, as_json: Json = False) -> None:
    """Let the run go on from a step."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        command = commands.ContinueFrom(step=step, by=_who(desk), because=because)
        _tell(desk, run_id, command, as_json=as_json)


@run.command
def edit(run_id: str, step: str, /, *, given: Set, because: Reason, as_json: Json = False) -> None:
    """Change arguments of a plan that waits, within the runbook's bounds; it is asked anew."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        stream = _stream(run_id)
        run_now = desk.desk.run(stream)
        command = run_editing.command(
            run_now,
            _runbook(desk, run_now),
            step,
            given=given,
            by=_who(desk),
            because=because,
        )
        _tell(desk, run_id, command, as_json=as_json)


@run.command
def evidence(run_id: str, step: str, /, *, as_json: Json = False) -> None:
    """Print what pods said of themselves before the step changed anything."""
    with opened(load(), needed=()) as desk:
        stream = _stream(run_id)
        kept = desk.desk.run(stream).step(step).evidence
        if kept is None:
            message = f"{stream} {step}: nothing was kept"
            raise Rejected(message)
        text = desk.store.texts.read([kept.text]).get(kept.text, "") if kept.text else ""
        lines = text.splitlines() if text else [bundled(kept) if not kept.text else "erased"]
        show({"run": stream, "step": step, **asdict(kept), "body": text}, lines, as_json=as_json)


@run.command
def undo(run_id: str, step: str, /, *, because: Reason, as_json: Json = False) -> None:
    """Ask for the inverse of an applied step; it is planned and approved like any change."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        command = commands.AskUndo(step=step, by=_who(desk), because=because)
        _tell(desk, run_id, command, as_json=as_json)


@run.command
def normal(run_id: str, step: str, /, *, because: Reason, as_json: Json = False) -> None:
    """Ask to go back to the normal size of environments.yaml; planned and approved like any."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        command = commands.AskUndo(step=step, by=_who(desk), because=because, normal=True)
        _tell(desk, run_id, command, as_json=as_json)


@run.command
def answer(run_id: str, step: str, choice: str, /, *, as_json: Json = False) -> None:
    """Answer what a step asks."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        command = commands.AnswerAsk(step=step, answer=choice, by=_who(desk))
        _tell(desk, run_id, command, as_json=as_json)


@run.command
def settle(
    run_id: str, step: str, /, *, applied: bool, because: Reason, as_json: Json = False
) -> None:
    """Say of a step in doubt whether its change took place."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        command = commands.SettleDoubt(step=step, applied=applied, by=_who(desk), reason=because)
        _tell(desk, run_id, command, as_json=as_json)


def _who(desk: Opened) -> str:
    return known(desk.configuration.people).id


def _tell(desk: Opened, run_id: str, command: StepCommand, *, as_json: bool) -> None:
    stream = _stream(run_id)
    _check(desk, stream, command.step)
    told = desk.desk.tell(stream, command)
    lines = [tell(event) for event in told.events]
    shown = [*lines, *_then(desk, told)] or ["nothing changed"]
    show({"run": stream, "happened": lines}, shown, as_json=as_json)


def _stream(run_id: str) -> str:
    return run_id if run_id.startswith("run-") else f"run-{run_id}"


def _then(desk: Opened, told: Told) -> Iterator[str]:
    """Yield how what is planned anew is approved: an undo may have no channel any more."""
    run_now: Run = told.state
    asked = any(isinstance(one, UndoAsked | PlanEdited) for one in told.events)
    if run_now.started is None or not asked:
        return
    incident = desk.desk.incident(run_now.started.incident)
    if incident.archived:
        yield f"#{incident.channel_name} is archived: Slack shows no card for it"
    approval = run_rules.next_approval(run_now)
    yield f"once it is planned, triaged approve {approval} shows the plan and what to type"


def _check(desk: Opened, stream: str, step: str) -> None:
    """Refuse a step that the run's runbook has not: the journal would take any word for one."""
    run_now = desk.desk.run(stream)
    runbook = _runbook(desk, run_now)
    # A question of an escalation criterion, and an undo, are steps that only the run knows.
    if runbook.step(step) is None and step not in run_now.steps:
        message = (
            f"{stream} has no step {step}; it has {', '.join(one.id for one in runbook.steps)}"
        )
        raise Rejected(message)


def _runbook(desk: Opened, run_now: Run) -> Runbook:
    """Return the runbook that the run began with; raises Rejected where there is no such run."""
    if run_now.started is None:
        message = f"there is no {run_now.id}"
        raise Rejected(message)
    library = load_runbooks((LIBRARY, *desk.configuration.runbooks))
    shelf = Shelf(runbooks=library, texts=desk.store.texts, verbs=verbs())
    return shelf.pinned(run_now.started)
