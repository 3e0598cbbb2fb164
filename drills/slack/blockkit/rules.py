"""The small words in which the rules of Block Kit are written down.

A rule looks at a value and yields problems, each with the JSON pointer at which it was found. The
messages follow the words that Slack's own answers use.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a payload, at a JSON pointer."""

    pointer: str
    message: str

    def sentence(self) -> str:
        """Return the problem as Slack writes it."""
        return f"{self.message} [json-pointer:{self.pointer}]"


Problems = Iterator[Problem]
Rule = Callable[[object, str], Problems]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of an object: its rule, and whether it must be there."""

    rule: Rule
    required: bool = False


Shape = Mapping[str, Field]


def must(rule: Rule) -> Field:
    """Return a field that must be there."""
    return Field(rule=rule, required=True)


def may(rule: Rule) -> Field:
    """Return a field that may be left out."""
    return Field(rule=rule)


def string(low: int, high: int) -> Rule:
    """Accept text of `low` to `high` characters."""

    def rule(value: object, at: str) -> Problems:
        if not isinstance(value, str):
            yield Problem(pointer=at, message="must be a string")
        elif len(value) < low:
            yield Problem(pointer=at, message=f"must be more than {low - 1} characters")
        elif len(value) > high:
            yield Problem(pointer=at, message=f"must be less than {high + 1} characters")

    return rule


def matching(pattern: Callable[[str], object], what: str) -> Rule:
    """Accept text for which `pattern` finds something; `what` names the form."""

    def rule(value: object, at: str) -> Problems:
        if not isinstance(value, str) or not pattern(value):
            yield Problem(pointer=at, message=f"must be {what}")

    return rule


def choice(*options: str) -> Rule:
    """Accept one of these words."""

    def rule(value: object, at: str) -> Problems:
        if value not in options:
            words = ", ".join(options)
            yield Problem(pointer=at, message=f"invalid value: must be one of {words}")

    return rule


def boolean(value: object, at: str) -> Problems:
    """Accept true and false."""
    if not isinstance(value, bool):
        yield Problem(pointer=at, message="must be a boolean")


def integer(low: int, high: int) -> Rule:
    """Accept a whole number from `low` to `high`."""

    def rule(value: object, at: str) -> Problems:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield Problem(pointer=at, message=f"must be an integer from {low} to {high}")

    return rule


def items(low: int, high: int, each: Rule) -> Rule:
    """Accept a list of `low` to `high` values, each of which the rule accepts."""

    def rule(value: object, at: str) -> Problems:
        if not isinstance(value, Sequence) or isinstance(value, str):
            yield Problem(pointer=at, message="must be an array")
            return
        if len(value) < low:
            yield Problem(pointer=at, message=f"no fewer than {low} items allowed")
        if len(value) > high:
            yield Problem(pointer=at, message=f"no more than {high} items allowed")
        for place, item in enumerate(value):
            yield from each(item, f"{at}/{place}")

    return rule


def record(shape: Shape) -> Rule:
    """Accept an object with these fields and no others."""

    def rule(value: object, at: str) -> Problems:
        if not isinstance(value, Mapping):
            yield Problem(pointer=at, message="must be an object")
            return
        for name, field in shape.items():
            if name in value:
                yield from field.rule(value[name], f"{at}/{_escape(name)}")
            elif field.required:
                yield Problem(pointer=at, message=f"missing required field: {name}")
        for name in sorted(str(key) for key in set(value) - set(shape)):
            yield Problem(pointer=at, message=f"invalid additional property: {name}")

    return rule


def typed(kinds: Mapping[str, Rule]) -> Rule:
    """Accept an object whose `type` names one of these rules and which that rule accepts."""

    def rule(value: object, at: str) -> Problems:
        if not isinstance(value, Mapping):
            yield Problem(pointer=at, message="must be an object")
            return
        kind = value.get("type")
        if kind is None:
            yield Problem(pointer=at, message="missing required field: type")
        elif not isinstance(kind, str) or kind not in kinds:
            yield Problem(pointer=f"{at}/type", message=f"unsupported type: {kind}")
        else:
            yield from kinds[kind](value, at)

    return rule


def both(*rules: Rule) -> Rule:
    """Accept what all the rules accept."""

    def rule(value: object, at: str) -> Problems:
        for part in rules:
            yield from part(value, at)

    return rule


def exactly_one(*names: str) -> Rule:
    """Accept an object that has exactly one of these fields."""

    def rule(value: object, at: str) -> Problems:
        if isinstance(value, Mapping) and sum(name in value for name in names) != 1:
            yield Problem(pointer=at, message=f"must have exactly one of: {', '.join(names)}")

    return rule


def at_least_one(*names: str) -> Rule:
    """Accept an object that has one or more of these fields."""

    def rule(value: object, at: str) -> Problems:
        if isinstance(value, Mapping) and not any(name in value for name in names):
            yield Problem(pointer=at, message=f"must have at least one of: {', '.join(names)}")

    return rule


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
