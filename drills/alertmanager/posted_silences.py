"""Read the body of POST /api/v2/silences into a silence."""

from collections.abc import Mapping
from datetime import datetime

from drills.alertmanager import silences
from drills.alertmanager.matchers import Matcher, Operator
from drills.alertmanager.posted import Given, Malformed, json_of, moment
from drills.alertmanager.silences import Silence

_REQUIRED = ("startsAt", "endsAt", "createdBy", "comment")
_OPERATORS = {
    (True, False): Operator.EQUAL,
    (False, False): Operator.NOT_EQUAL,
    (True, True): Operator.REGEX,
    (False, True): Operator.NOT_REGEX,
}


def fields_of(body: bytes) -> Given:
    """Return the fields of a posted silence; raises Malformed 400, or 422 for what is missing."""
    given = json_of(body)
    if not isinstance(given, Mapping):
        raise Malformed(400, "the body is no silence")
    for name in _REQUIRED:
        if not given.get(name):
            raise Malformed(422, f"{name} in body is required")
    if not isinstance(given.get("matchers"), list) or not given["matchers"]:
        raise Malformed(422, "matchers in body should have at least 1 items")
    return given


def silence_of(given: Given, now: datetime) -> Silence:
    """Make the silence that these fields ask for; raises Malformed."""
    starts_at, ends_at = moment(given, "startsAt"), moment(given, "endsAt")
    rows = given["matchers"]
    try:
        return silences.made(
            [_matcher(row) for row in rows] if isinstance(rows, list) else [],
            starts_at=starts_at or now,
            ends_at=ends_at or now,
            created_by=str(given["createdBy"]),
            comment=str(given["comment"]),
            now=now,
        )
    except ValueError as error:
        raise Malformed(400, str(error)) from error


def _matcher(row: object) -> Matcher:
    """Read `name`, `value`, `isRegex`, and `isEqual`, which is true when it is left out."""
    if not isinstance(row, Mapping) or not {"name", "value", "isRegex"} <= row.keys():
        raise Malformed(422, "name, value and isRegex in matchers are required")
    operator = _OPERATORS[bool(row.get("isEqual", True)), bool(row["isRegex"])]
    return Matcher(name=str(row["name"]), operator=operator, value=str(row["value"]))
