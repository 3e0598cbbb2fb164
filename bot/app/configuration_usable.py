"""What can be used of a configuration folder in which something is wrong."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bot.app.configuration import Configuration, load
from bot.app.configuration_shapes import (
    ENVIRONMENTS,
    OBJECTIVES,
    OWNERSHIP,
    PEOPLE,
    POLICY,
    SHAPES,
)
from incidents.errors import Rejected

IN_ORDER = (PEOPLE, OWNERSHIP, OBJECTIVES, ENVIRONMENTS, POLICY)
"""Each file rests at most on those before it."""


def usable(folder: Path | None, *, needed: Collection[str]) -> Configuration:
    """Return what is right of a folder; a wrong file that is not `needed` counts as missing.

    `wrong` says what was left out, with file and line. Raises Rejected where a needed file is
    wrong: a mistake in a policy must not keep anybody from looking, or from stopping everything.
    """
    try:
        return load(folder)
    except Rejected as error:
        wrong = str(error)
    found = load(folder, files=needed) if needed else load(None)
    files = set(needed)
    for name in IN_ORDER:
        with suppress(Rejected):
            found = load(folder, files=files | {name})
            files.add(name)
    return replace(found, wrong=wrong)


def needed_beside(policy: Path | None) -> Collection[str]:
    """Return what is needed beside a policy that the command line names: that may name people."""
    return SHAPES if policy is None else (PEOPLE,)
