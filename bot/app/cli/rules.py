"""`triaged rules`: the rule files and dashboards, made from the signals and the objectives."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bot.app.cli.output import Json, show
from bot.app.configuration import objectives_of
from cluster.rules.rule import Alert
from cluster.rules.shipped import rule_files, texts
from incidents.errors import Rejected
from incidents.objectives import Objectives, allowed

SHIPPED = Path(__file__).parents[3] / "deploy" / "prometheus" / "objectives.yaml"
"""The objectives that we ship; a file of your own replaces them."""

File = Annotated[Path, Parameter(name="--objectives", help="Your objectives.yaml.")]
Folder = Annotated[
    Path | None, Parameter(name="--out", help="Where prometheus/ and grafana/ are written.")
]
Check = Annotated[bool, Parameter(name="--check", negative="", help="Only compare with --out.")]


def rules(
    *,
    objectives: File = SHIPPED,
    out: Folder = None,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Write the rule files, their unit tests and the dashboards; without --out, list them.

    With --check nothing is written, and the command fails when a file is missing or another one.
    """
    promised = objectives_of(objectives)
    made = texts(promised)
    if check and out is None:
        message = "--check compares with a folder: name it with --out"
        raise Rejected(message)
    if check and out is not None:
        _compare(made, out)
    elif out is not None:
        _write(made, out)
    show(_plain(promised, made), _lines(promised, made, out), as_json=as_json)


def _compare(made: Mapping[str, str], out: Path) -> None:
    stale = [name for name, text in made.items() if _text(out / name) != text]
    if stale:
        listed = "\n".join(f"{out / name}: not what `triaged rules` writes" for name in stale)
        raise Rejected(listed)


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write(made: Mapping[str, str], out: Path) -> None:
    try:
        for name, text in made.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{error.filename}: {error.strerror}"
        raise Rejected(message) from error


def _plain(promised: Objectives, made: Mapping[str, str]) -> Mapping[str, object]:
    found = rule_files(promised)
    return {
        "files": tuple(made),
        "rules": sum(len(file.rules) for file in found),
        "alerts": tuple(
            {
                "name": rule.name,
                "file": file.name,
                "runbook": rule.runbook,
                "labels": dict(rule.own_labels),
            }
            for file in found
            for rule in file.rules
            if isinstance(rule, Alert)
        ),
        "objectives": tuple(
            {"name": one.name, "kind": one.kind.value, "target": one.target, "off": one.off}
            for one in promised.objectives
        ),
        "notes": promised.notes,
    }


def _lines(promised: Objectives, made: Mapping[str, str], out: Path | None) -> Iterator[str]:
    found = rule_files(promised)
    for file in found:
        alerts = len(file.alerts)
        yield f"{file.name}: {len(file.rules) - alerts} recordings, {alerts} alerts"
    yield from (f"{one.name}: off: {one.off}" for one in promised.objectives if one.off)
    for one in promised.in_force:
        minutes = allowed(one).total_seconds() / 60
        said = f"{minutes:g} minutes of {one.window.days} days" if one.kind.of_time else ""
        yield f"{one.name}: {one.kind.value} {one.target:.4%}" + (
            f", budget {said}" if said else ""
        )
    yield from (f"note: {note}" for note in promised.notes)
    yield f"{len(made)} files" + (f" in {out}" if out is not None else "; name a folder with --out")
