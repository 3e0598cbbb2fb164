"""What a template of a Job may say, and the values that its parameters take."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json
from cluster.wording import short
from incidents.errors import Rejected

VARIABLE: Final = r"[A-Z][A-Z0-9_]{0,59}"
SPACE: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
ACCOUNT: Final = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
QUANTITY: Final = r"[1-9][0-9]{0,8}(m|Ki|Mi|Gi)?"
DEFAULT: Final = "default"
"""The account of every namespace: a Job of it gets no token."""
LONGEST: Final = 256
"""So many characters has a value of a parameter."""
DEADLINE: Final = (1, 3600)
KEEP: Final = (600, 7 * 24 * 3600)
"""Seconds: who looks back at a Job must find it."""
FIELDS: Final = frozenset(
    {
        *("meaning", "namespaces", "image", "command", "parameters", "cpu", "memory"),
        *("deadline", "keep", "account"),
    }
)
SHAPES: Final[Mapping[str, frozenset[str]]] = {
    "whole": frozenset({"type", "minimum", "maximum", "default"}),
    "choice": frozenset({"type", "choices", "default"}),
    "text": frozenset({"type", "pattern", "default"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An environment variable of the script; `default` is None where it must be said.

    Of `choices`, `pattern` and the bounds those count that its type has.
    """

    name: str
    type: str
    minimum: int = 0
    maximum: int = 0
    choices: tuple[str, ...] = ()
    pattern: str = ""
    default: str | None = None

    def wrong(self, value: str) -> str:
        """Return what is wrong with a value, empty for nothing."""
        if len(value) > LONGEST or not value.isprintable():
            return f"at most {LONGEST} printable characters"
        match self.type:
            case "whole":
                whole = re.fullmatch(r"-?[0-9]{1,15}", value, re.ASCII)
                within = whole and self.minimum <= int(value) <= self.maximum
                return "" if within else f"a whole number from {self.minimum} to {self.maximum}"
            case "choice":
                return "" if value in self.choices else f"one of {', '.join(self.choices)}"
            case _:
                fits = re.fullmatch(self.pattern, value)
                return "" if fits else f"a text that fits {self.pattern}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A script that may be run; `deadline` and `keep` are in seconds."""

    name: str
    meaning: str
    namespaces: tuple[str, ...]
    image: str
    command: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    cpu: str
    memory: str
    deadline: int
    keep: int
    account: str

    def values(self, said: str) -> Mapping[str, str]:
        """Return the values of all parameters, from `COUNT=3, MODE=fast`; raises Rejected."""
        given: dict[str, str] = {}
        for each in filter(None, (part.strip() for part in said.split(","))):
            name, equals, value = each.partition("=")
            if not equals or name in given:
                message = f"job {self.name}: {short(each)!r} is not NAME=VALUE, once each"
                raise Rejected(message)
            given[name] = value
        known = {one.name: one for one in self.parameters}
        if unknown := sorted(given.keys() - known):
            there = ", ".join(known) or "none"
            message = f"job {self.name}: no parameter {short(unknown[0])!r}; there are: {there}"
            raise Rejected(message)
        return {name: self._value(one, given.get(name)) for name, one in known.items()}

    def _value(self, parameter: Parameter, said: str | None) -> str:
        value = parameter.default if said is None else said
        if value is None:
            message = f"job {self.name}: parameter {parameter.name} must be said"
            raise Rejected(message)
        if wrong := parameter.wrong(value):
            message = f"job {self.name}: {parameter.name}={short(value)!r} is not {wrong}"
            raise Rejected(message)
        return value


def read(name: str, found: object, file: str) -> Template:
    """Return the template that a file holds; raises Rejected with what is wrong in it."""
    if not isinstance(found, Mapping):
        message = f"job {file}: not one mapping"
        raise Rejected(message)
    if unknown := sorted(map(str, found.keys() - FIELDS)):
        message = f"job {file}: unknown field {short(unknown[0])!r}"
        raise Rejected(message)
    return Template(
        name=name,
        meaning=_text(found, "meaning", r".{1,200}", file),
        namespaces=_texts(found, "namespaces", SPACE, file),
        image=_text(found, "image", r"[^\s,]{1,500}", file),
        command=_texts(found, "command", r"(?s).{1,20000}", file),
        parameters=tuple(_parameters(found, file)),
        cpu=_text({"cpu": "500m", **found}, "cpu", QUANTITY, file),
        memory=_text({"memory": "256Mi", **found}, "memory", QUANTITY, file),
        deadline=_within({"deadline": 600, **found}, "deadline", DEADLINE, file),
        keep=_within({"keep": 24 * 3600, **found}, "keep", KEEP, file),
        account=_text({"account": DEFAULT, **found}, "account", ACCOUNT, file),
    )


def _parameters(found: Json, file: str) -> Sequence[Parameter]:
    given = found.get("parameters", {})
    if not isinstance(given, Mapping):
        message = f"job {file}: parameters is not a mapping"
        raise Rejected(message)
    return [_parameter(str(name), given[name], file) for name in given]


def _parameter(name: str, found: object, file: str) -> Parameter:
    about = f"{file}: parameters.{short(name)}"
    shape = found.get("type") if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or not isinstance(shape, str) or shape not in SHAPES:
        message = f"job {about}: its type is one of {', '.join(SHAPES)}"
        raise Rejected(message)
    if not re.fullmatch(VARIABLE, name) or (more := sorted(map(str, found.keys() - SHAPES[shape]))):
        wrong = short(more[0]) if re.fullmatch(VARIABLE, name) else "its name"
        message = f"job {about}: {wrong} is not what a {shape} parameter has"
        raise Rejected(message)
    default = found.get("default")
    bounds = (-(10**15) + 1, 10**15 - 1)
    made = Parameter(
        name=name,
        type=shape,
        minimum=_within(found, "minimum", bounds, about) if shape == "whole" else 0,
        maximum=_within(found, "maximum", bounds, about) if shape == "whole" else 0,
        choices=_texts(found, "choices", r"[^,]{1,100}", about) if shape == "choice" else (),
        pattern=_pattern(found, about) if shape == "text" else "",
        default=None if default is None else str(default),
    )
    if made.default is not None and (wrong := made.wrong(made.default)):
        message = f"job {about}.default: {short(made.default)!r} is not {wrong}"
        raise Rejected(message)
    return made


def _pattern(found: Json, file: str) -> str:
    pattern = _text(found, "pattern", r".{1,200}", file)
    try:
        re.compile(pattern)
    except re.error as error:
        message = f"job {file}.pattern: {error}"
        raise Rejected(message) from error
    return pattern


def _text(found: Json, name: str, pattern: str, file: str) -> str:
    value = parse.text(found, name) if isinstance(found.get(name), str) else ""
    if not re.fullmatch(pattern, value):
        message = f"job {file}: {name} is missing or not a text as it should be"
        raise Rejected(message)
    return value


def _texts(found: Json, name: str, pattern: str, file: str) -> tuple[str, ...]:
    given = found.get(name)
    right = isinstance(given, list) and all(
        isinstance(each, str) and re.fullmatch(pattern, each) for each in given
    )
    if not isinstance(given, list) or not given or not right:
        message = f"job {file}: {name} is not a list of texts as they should be"
        raise Rejected(message)
    return tuple(given)


def _within(found: Json, name: str, bounds: tuple[int, int], file: str) -> int:
    value = found.get(name)
    least, most = bounds
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        message = f"job {file}: {name} is not a whole number from {least} to {most}"
        raise Rejected(message)
    return value
