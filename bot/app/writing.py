"""What writes postmortems, made from what a command opened."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import structlog
from prometheus_client import Counter

from bot.app.beginning import Beginning, in_force
from bot.app.opening import Opened
from bot.app.settings import PREFIX
from bot.postmortem.writing import Writer
from incidents.aggregates import incident_stream
from incidents.commands.incident import NotePostmortem
from incidents.desk import Desk
from incidents.errors import Rejected, Unavailable
from incidents.leaving import reviews
from runbooks.language.loader import LIBRARY
from runbooks.language.loader import load as load_runbooks

log = structlog.get_logger()

Write = Callable[[int], bool]
"""Writes an incident's postmortem and notes it; returns whether it is there."""


def beginning(desk: Opened) -> Beginning:
    """Return what begins runs; raises Rejected for a runbook that is wrong."""
    return Beginning(
        runbooks=load_runbooks((LIBRARY, *desk.configuration.runbooks)),
        texts=desk.store.texts,
        in_force=in_force(desk.configuration),
        cluster=desk.settings.cluster,
    )


def writer(desk: Opened) -> Writer:
    """Return what writes postmortems.

    Raises Rejected where the folder cannot be written, unless this process writes none: at the
    first postmortem it would be too late for whoever set it.
    """
    folder = desk.settings.postmortems
    if "desk" in desk.settings.roles:
        _check(folder)
    return Writer(
        desk=desk.desk,
        texts=desk.store.texts,
        people=desk.configuration.people,
        folder=folder,
    )


def noting(desk: Opened, writes: Writer, begins: Beginning, *, failures: Counter) -> Write:
    """Return what writes a postmortem and notes it: written twice, it is the same file.

    What the runbooks leave to be done is noted first, so that it stands in there.
    """

    def write(number: int) -> bool:
        _follow_up(desk.desk, begins, number)
        try:
            written = writes.write(number)
        except (Rejected, Unavailable) as error:
            # Until it is noted the incident stays due, so that it is written again and again.
            failures.inc()
            log.error("postmortem not written", incident=number, because=str(error))  # noqa: TRY400  # no bug
            return False
        note = NotePostmortem(name=written.name, digest=written.digest)
        desk.desk.tell(incident_stream(number), note)
        return True

    return write


def _follow_up(desk: Desk, begins: Beginning, number: int) -> None:
    incident, known = desk.incident(number), desk.follow_ups(number)
    found = [one for name in incident.runs for one in begins.follow_ups(desk.run(name))]
    desk.tell(known.id, reviews(incident, found, known))


def _check(folder: Path) -> None:
    """Refuse a folder in which no file can be made; nothing is left in it, nor is it made."""
    whole = folder.absolute()
    try:
        nearest = next(one for one in (whole, *whole.parents) if one.exists())
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        message = f"{PREFIX}POSTMORTEMS: {folder} cannot be written: {error.strerror}"
        raise Rejected(message) from error
