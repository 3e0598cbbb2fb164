"""One flag on an engine's command line: where it stands, and how the line becomes another. Pure.

A line is a list of words, or a script for a shell in one of them. A word is changed where it is, so
that nothing else of the line is written: it may hold secrets. In a script only a number is changed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cluster.clients.things import Json
from incidents.errors import Rejected

PARTS: Final = ("command", "args")
SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "zsh"})
BEHIND: Final = re.compile(r"(?:=|[ \t]+)([0-9]{1,9}(?:\.[0-9]{1,6})?)(?=\s|$)", re.ASCII)
"""A plain number behind a flag in a script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A flag on the line: the word that has its value, and what becomes of it with another.

    `whole` words are the flag's own, to be taken away with it; in a script there are none.
    """

    part: str
    index: int
    value: str
    before: str = ""
    after: str = ""
    whole: tuple[int, ...] = ()

    def word(self, value: str) -> str:
        """Return the word with another value."""
        return f"{self.before}{value}{self.after}"


def find(container: Json, flag: str, *, about: str) -> Found | None:
    """Return where the flag stands; raises Rejected where that cannot be changed safely.

    `about` begins the sentence that says so.
    """
    found = [each for part in PARTS for each in _in(part, _words(container, part), flag, about)]
    if len(found) > 1:
        message = f"{about}: {flag} stands {len(found)} times on the command line"
        raise Rejected(message)
    return found[0] if found else None


def scripted(container: Json) -> bool:
    """Tell whether a shell reads the line."""
    words = [word for part in PARTS for word in _words(container, part)]
    return any(_script(word) for word in words) or (
        bool(words) and words[0].rpartition("/")[2] in SHELLS
    )


def _in(part: str, words: Sequence[str], flag: str, about: str) -> Iterator[Found]:
    name = _either(flag)
    for index, word in enumerate(words):
        if _script(word):
            yield from _within(Found(part=part, index=index, value=""), word, flag, about)
            continue
        said, equals, value = word.partition("=")
        if not name.fullmatch(said):
            continue
        follows = words[index + 1] if index + 1 < len(words) else ""
        if equals:
            before = f"{said}="
            yield Found(part=part, index=index, value=value, before=before, whole=(index,))
        elif follows and not follows.startswith("-"):
            yield Found(part=part, index=index + 1, value=follows, whole=(index, index + 1))
        else:
            message = f"{about}: {flag} stands on the command line without a value"
            raise Rejected(message)


def _within(at: Found, script: str, flag: str, about: str) -> Iterator[Found]:
    """Yield where a script has the flag; refuse what no plain number follows."""
    for match in re.finditer(rf"(?<![\w-])(?:{_either(flag).pattern})(?![\w-])", script):
        number = BEHIND.match(script, match.end())
        if number is None or "#" in script:
            message = f"{about}: {flag} stands in a script for a shell, and not as a plain number"
            raise Rejected(message)
        start, end = number.span(1)
        yield replace(at, value=number[1], before=script[:start], after=script[end:])


def _words(container: Json, part: str) -> Sequence[str]:
    said = container.get(part)
    return [str(word) for word in said] if isinstance(said, list) else []


def _script(word: str) -> bool:
    """Tell a script from a word with spaces in it, such as a flag's value as JSON."""
    return any(letter.isspace() for letter in word) and not word.startswith(("{", "[", "-"))


def _either(flag: str) -> re.Pattern[str]:
    """Return the flag with dashes or underscores: engines take both."""
    return re.compile("--" + re.escape(flag.removeprefix("--")).replace(r"\-", "[-_]"), re.ASCII)
