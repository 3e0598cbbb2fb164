"""The query parameters and DeleteOptions of a request; what we do not know is refused aloud."""

from collections.abc import Mapping
from dataclasses import dataclass

from drills.kubernetes import refusals
from drills.kubernetes.objects import View

_EVERY = frozenset({"pretty"})
_WRITE = _EVERY | {"dryRun", "fieldManager", "fieldValidation"}
_LOG = ("container", "tailLines", "limitBytes", "timestamps", "previous")
_LIST = _EVERY | {
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "timeoutSeconds",
    "watch",
}
_KNOWN = {
    "get": _EVERY | {"resourceVersion", *_LOG},
    "list": _LIST,
    "watch": _LIST,
    "create": _WRITE,
    "update": _WRITE,
    "patch": _WRITE,
    "delete": _EVERY | {"dryRun", "gracePeriodSeconds", "propagationPolicy"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What a DELETE asks for."""

    uid: str
    version: str
    grace: float | None
    dry_run: bool


def check(verb: str, query: Mapping[str, str]) -> None:
    """Refuse with 400 what the stand-in would otherwise silently ignore, 422 a wrong dryRun."""
    if unknown := sorted(query.keys() - _KNOWN[verb]):
        why = f"the rehearsal's Kubernetes does not know the query parameter {unknown[0]!r}"
        raise refusals.bad_request(why)
    if query.get("dryRun", "All") != "All":
        kind = f"{verb.capitalize()}Options.meta.k8s.io"
        wrong = f'Unsupported value: ["{query["dryRun"]}"]: supported values: "All"'
        raise refusals.invalid(kind, "", [("dryRun", wrong)])
    for name in ("limit", "timeoutSeconds", "resourceVersion", "gracePeriodSeconds"):
        number(query, name)
    if query.get("fieldValidation", "Ignore") != "Ignore":
        msg = f"fieldValidation={query['fieldValidation']}"
        raise refusals.not_implemented(msg)
    if query.get("resourceVersionMatch", "NotOlderThan") != "NotOlderThan":
        msg = "resourceVersionMatch=Exact"
        raise refusals.not_implemented(msg)


def number(query: Mapping[str, str], name: str) -> int:
    """Read a whole number, 0 when it is left out; raises Refusal 400."""
    text = query.get(name) or "0"
    if not text.isdecimal():
        why = f"Invalid value: {text!r}: {name} must be a whole number"
        raise refusals.bad_request(why)
    return int(text)


def dry_run(query: Mapping[str, str]) -> bool:
    """Tell whether nothing is to be stored; `check` has looked at the value."""
    return "dryRun" in query


def deletion(query: Mapping[str, str], body: View | None) -> Deletion:
    """Read a DELETE's options: from its DeleteOptions body, without one from the address.

    With a body the address is not read at all: a `dryRun=All` there is then no dry run. Source:
    k8s.io/apiserver pkg/endpoints/handlers/delete.go.
    """
    given = _of_address(query) if body is None else body
    if given.get("propagationPolicy") == "Orphan":
        msg = "propagationPolicy=Orphan"
        raise refusals.not_implemented(msg)
    conditions = given.get("preconditions") or {}
    grace = given.get("gracePeriodSeconds")
    return Deletion(
        uid=str(conditions.get("uid") or ""),
        version=str(conditions.get("resourceVersion") or ""),
        grace=None if grace is None else float(grace),
        dry_run=given.get("dryRun") == ["All"],
    )


def _of_address(query: Mapping[str, str]) -> View:
    return dict(query) | ({"dryRun": ["All"]} if dry_run(query) else {})
