"""What a command prints: lines for people, or JSON for machines."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any  # whatever a command found

from cyclopts import Parameter

from incidents.codec import plain

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


def show(found: object, lines: Iterable[str], *, as_json: bool) -> None:
    """Print what was found, as JSON or as lines; foreign control characters do not come out."""
    if as_json:
        sys.stdout.write(json.dumps(_readable(found), indent=2, ensure_ascii=True) + "\n")
        return
    for line in lines:
        sys.stdout.write(clean(line) + "\n")


def clean(line: str) -> str:
    """Return the line with control characters made visible: a terminal obeys them."""
    return "".join(
        one if one.isprintable() or one == "\t" else f"\\x{ord(one):02x}" for one in line
    )


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns."""
    widths = (
        [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    )
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def counted(number: object, one: str, many: str) -> str:
    """Return a number with the word that goes with it."""
    return f"{number} {one if number == 1 else many}"


def _readable(found: object) -> Any:  # JSON's own types
    if isinstance(found, datetime):
        return found.isoformat()
    if isinstance(found, dict):
        return {str(key): _readable(value) for key, value in found.items()}
    if isinstance(found, (list, tuple)):
        return [_readable(value) for value in found]
    return plain(found)
