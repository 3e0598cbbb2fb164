"""Writes an incident's postmortem into a folder, as Markdown and as a page."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot.postmortem.compose import document
from bot.postmortem.rendering import render
from bot.postmortem.story import Story, collect
from incidents.desk import Desk
from incidents.errors import Rejected, Unavailable
from incidents.people import People
from incidents.ports import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A postmortem in its folder; `digest` is the SHA-256 of the Markdown's bytes, in hex."""

    name: str
    digest: str


class Writer:
    """Writes postmortems."""

    def __init__(self, *, desk: Desk, texts: Texts, people: People, folder: Path) -> None:
        self._desk = desk
        self._texts = texts
        self._people = people
        self._folder = folder

    def write(self, number: int) -> Written:
        """Write `INC-<n>.md` and `INC-<n>.html`; the same history gives the same bytes.

        Raises Rejected where there is no such incident or it cannot be rendered, Unavailable when
        the folder cannot be written.
        """
        rendered = render(document(self._story(number)))
        label, text = f"INC-{number}", rendered.markdown.encode()
        # The page first: whoever finds the Markdown, which is the one noted, finds the page too.
        self._put(f"{label}.html", rendered.html.encode())
        self._put(f"{label}.md", text)
        return Written(name=f"{label}.md", digest=hashlib.sha256(text).hexdigest())

    def _story(self, number: int) -> Story:
        story = collect(number, desk=self._desk, texts=self._texts, people=self._people)
        if story is None:
            message = f"there is no INC-{number}"
            raise Rejected(message)
        return story

    def _put(self, name: str, body: bytes) -> None:
        """Put the file there whole, or not at all."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _replace(self._folder / name, body)
        except OSError as error:
            message = f"{self._folder / name}: {error.strerror}"
            raise Unavailable(message) from error


def _replace(file: Path, body: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(body)
            out.flush()
            os.fsync(out.fileno())
        # mkstemp makes files for their owner alone; a postmortem is there to be read.
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
