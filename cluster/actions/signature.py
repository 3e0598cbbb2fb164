"""Who stands behind a write: told on the object and in the request, and never impersonated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

INCIDENT: Final = "triaged.dev/incident"
APPROVED: Final = "triaged.dev/approved-by"
"""The annotations beside the one that says which run and step wrote last."""
LONGEST: Final = 120
"""So many characters of a name: servers refuse a request with headers that are too long."""
# What may stand in a comment of a header as it is, less what would end the comment or the part.
# Source: RFC 9110, section 5.6.5.
PLAIN: Final = " @.,:/+_-~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The incident that a write is for, and who approved it; 0 and empty where nobody is behind it.

    `approved_by` are ids of people, as in `anna and bob`.
    """

    incident: int = 0
    approved_by: str = ""


UNSIGNED: Final = Signature()


def notes(signed: Signature) -> Mapping[str, str]:
    """Return the annotations that a signed write leaves; none of an unsigned one."""
    if signed == UNSIGNED:
        return {}
    return {INCIDENT: str(signed.incident), APPROVED: _bounded(signed.approved_by)}


def agent(signed: Signature, key: str) -> str:
    """Return what stands behind `triaged/<version>` in the User-Agent; nothing where unsigned.

    `(incident 12; run-12-1/add/1; approved by anna)`; whatever people and runs are called, it is
    one comment of printable ASCII.
    """
    if signed == UNSIGNED:
        return ""
    by = _safe(signed.approved_by) or "nobody"
    return f"(incident {signed.incident}; {_safe(key)}; approved by {by})"


def _safe(text: str) -> str:
    return quote(_bounded(text), safe=PLAIN, errors="replace")


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
