"""The screen: lines that stay, and in a terminal one last line that says what is waited for."""

import shutil
import sys
import textwrap
import time
from collections.abc import Mapping

BOLD, DIM, PLAIN, CLEAR = "\x1b[1m", "\x1b[2m", "\x1b[0m", "\r\x1b[K"
WIDEST = 120
INDENT = " " * 10
# Without a terminal a line now and then shows that it is alive.
SAY_AGAIN_SECONDS = 10.0


class Screen:
    """Writes to standard output; plain lines where that is no terminal."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._terminal = sys.stdout.isatty() and environment.get("TERM") != "dumb"
        self._colour = self._terminal and "NO_COLOR" not in environment
        self._said = time.monotonic()

    def say(self, text: str = "", *, loud: bool = False) -> None:
        """Write a line that stays."""
        start, end = (BOLD, PLAIN) if loud and self._colour else ("", "")
        self._write(f"{start}{text}{end}\n")

    def row(self, moment: str, text: str, *, loud: bool) -> None:
        """Write a row of the timeline; in a terminal it is wrapped below its own text."""
        line = f"{moment}  {text}"
        if self._terminal:
            wide = min(WIDEST, shutil.get_terminal_size().columns)
            line = textwrap.fill(
                line, wide, subsequent_indent=INDENT, break_on_hyphens=False, tabsize=1
            )
        self.say(line, loud=loud)

    def progress(self, text: str) -> None:
        """Say what is being waited for, in place of what was said last."""
        if self._terminal:
            shown = text[: shutil.get_terminal_size().columns - 1]
            start, end = (DIM, PLAIN) if self._colour else ("", "")
            sys.stdout.write(f"{CLEAR}{start}{shown}{end}")
            sys.stdout.flush()
        elif time.monotonic() - self._said > SAY_AGAIN_SECONDS:
            self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        self._said = time.monotonic()
        sys.stdout.write(f"{CLEAR if self._terminal else ''}{text}")
        sys.stdout.flush()
