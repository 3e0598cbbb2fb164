"""What a comparison of the intended with the live comes to."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Verdict(Enum):
    """How one thing stands to what is intended."""

    AS_INTENDED = "as intended"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nothing can be told, for this reason."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Who last wrote a field, as `metadata.managedFields` tells it.

    `at` is when they last wrote anything of theirs: this field was written then or before.
    """

    by: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was compared: what is intended, what is live, and who wrote that.

    `thing` is the object that was looked at, empty where none was found. Of what cannot be told
    `because` says why, and `live` is empty.
    """

    what: str
    verdict: Verdict
    intended: str
    live: str = ""
    thing: str = ""
    because: str = ""
    written: Written | None = None


def judged(
    what: str,
    intended: str,
    told: str | Unknown,
    *,
    same: bool,
    thing: str,
    written: Written | None = None,
) -> Finding:
    """Return the finding of what was told; `same` counts only where anything was."""
    if isinstance(told, Unknown):
        return cannot_tell(what, intended, told, thing=thing)
    verdict = Verdict.AS_INTENDED if same else Verdict.DIFFERENT
    return Finding(
        what=what,
        verdict=verdict,
        intended=intended,
        live=told,
        thing=thing,
        written=None if same else written,
    )


def cannot_tell(what: str, intended: str, why: Unknown, *, thing: str = "") -> Finding:
    """Return the finding of what nothing is known of."""
    return Finding(
        what=what,
        verdict=Verdict.CANNOT_TELL,
        intended=intended,
        because=why.because,
        thing=thing,
    )
