r"""Writes foreign text into Markdown so that it stays text.

Whatever CommonMark, its tables, and the sites that show Markdown give a meaning gets a backslash,
which every ASCII punctuation mark may have (CommonMark 0.31, section 2.4).
"""

import re

from bot.postmortem.legible import MOST, legible, one_line

# {, $ and @ mean nothing to CommonMark; sites that show it know shortcodes, formulas, mentions.
_ALWAYS = re.compile(r"[\\`*\[\]<>|~&{}$@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def text(foreign: str, *, most: int = MOST) -> str:
    """Return one line of Markdown that shows exactly the text, anywhere but inside code."""
    line = one_line(foreign, most=most)
    escaped = _ALWAYS.sub(lambda found: f"\\{found[0]}", line)
    return _start(_addresses(escaped))


def code(foreign: str, *, most: int = MOST) -> str:
    """Return a code span; where a table's cell could break it, escaped text."""
    line = one_line(foreign, most=most)
    if not line or "|" in line:
        return text(foreign, most=most)
    fence = "`" * (_longest(line) + 1)
    pad = " " if line.startswith(("`", " ")) or line.endswith(("`", " ")) else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def block(foreign: str, *, most: int = MOST) -> str:
    """Return a fenced block; its fence is longer than any run of backticks within."""
    lines = legible(foreign, most=most).strip("\n")
    fence = "`" * max(3, _longest(lines) + 1)
    return f"{fence}text\n{lines}\n{fence}"


def _longest(line: str) -> int:
    return max((len(run) for run in re.findall(r"`+", line)), default=0)


def _addresses(line: str) -> str:
    """Return the line with no address that a site would make a link of by itself."""
    line = re.sub(r"(?i)(?<=mailto):|(?<=xmpp):|:(?=//)", r"\\:", line)
    return re.sub(r"(?i)\b(www)\.", r"\1\\.", line)


def _start(line: str) -> str:
    """Return the line with no mark at its start that makes a heading, a list or a rule of it."""
    number = re.match(r"(\d{1,9})[.)](?=\s|$)", line)
    if number:
        return f"{number[1]}\\{line[number.end(1) :]}"
    return f"\\{line}" if line.startswith(("-", "+", "=", "#")) else line
