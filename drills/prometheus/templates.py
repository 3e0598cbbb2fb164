"""Alert texts: the part of Go's templates that rule files use, read when the rule is loaded.

`{{ … }}` holds a pipeline of `$labels.NAME`, `$value`, a "string", `humanize`,
`humanizePercentage` and `printf "%.2f"` (one verb of %f %g %e %s %v). Anything else is refused.
Source: prometheus.io/docs/prometheus/latest/configuration/template_reference.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from drills.prometheus import notation
from drills.prometheus.errors import BadRule

Item: TypeAlias = float | str

BLOCK: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
WORD: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\||[^\s|"]+)\s*')
LABEL: Final = re.compile(r"\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)")
QUOTED: Final = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
FORMAT: Final = re.compile(r"((?:[^%]|%%)*)%(\.\d+)?([fgesv])((?:[^%]|%%)*)")

LARGE: Final = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
SMALL: Final = ("", "m", "u", "n", "p", "f", "a", "z", "y")
THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What a template may show: the labels and the value of one element."""

    labels: Mapping[str, str]
    value: float


Source: TypeAlias = Callable[[Alarm], Item]
Filter: TypeAlias = Callable[[Item], Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text with holes."""

    parts: tuple[str | Source, ...]

    def expand(self, alarm: Alarm) -> str:
        """Fill the holes; a label that is not there is empty.

        A label that is no number cannot be humanized; the text then says so, as Prometheus' does.
        """
        try:
            return "".join(
                part if isinstance(part, str) else _shown(part(alarm)) for part in self.parts
            )
        except ValueError as error:
            return f"<error expanding template: {error}>"


def read(text: str) -> Template:
    """Read a template; raises BadRule for what is outside the subset."""
    parts: list[str | Source] = []
    ends = [0, *(end for found in BLOCK.finditer(text) for end in found.span()), len(text)]
    for index, (start, end) in enumerate(pairwise(ends)):
        piece = text[start:end]
        parts.append(_pipeline(piece[2:-2]) if index % 2 else _literal(piece))
    return Template(parts=tuple(parts))


def humanize(item: Item) -> str:
    """Write with a metric prefix and four digits: 1234567 is 1.235M."""
    value = _number(item)
    if not value or not math.isfinite(value):
        return _four(value)
    if abs(value) >= 1:
        return _scaled(value, LARGE, lambda each: abs(each) < THOUSAND, lambda each: each / 1000)
    return _scaled(value, SMALL, lambda each: abs(each) >= 1, lambda each: each * 1000)


def humanize_percentage(item: Item) -> str:
    """Write a ratio as per cent with four digits: 0.9512 is 95.12%."""
    return _four(_number(item) * 100) + "%"


def _scaled(
    value: float,
    prefixes: Sequence[str],
    fits: Callable[[float], bool],
    scale: Callable[[float], float],
) -> str:
    for prefix in prefixes[:-1]:
        if fits(value):
            return _four(value) + prefix
        value = scale(value)
    return _four(value) + prefixes[-1]


def _literal(piece: str) -> str:
    if "{{" in piece or "}}" in piece:
        message = f"template: unbalanced braces in {piece!r}"
        raise BadRule(message)
    return piece


def _pipeline(block: str) -> Source:
    commands: list[list[str]] = [[]]
    for word in _words(block):
        if word == "|":
            commands.append([])
        else:
            commands[-1].append(word)
    source, *filters = commands
    read_source = _source(source, block)
    steps = [_filter(each, block) for each in filters]

    def value(alarm: Alarm) -> Item:
        item = read_source(alarm)
        for step in steps:
            item = step(item)
        return item

    return value


def _words(block: str) -> list[str]:
    found = list(WORD.finditer(block))
    if "".join(each.group() for each in found) != block:
        message = f"template {{{{{block}}}}} is outside the declared subset"
        raise BadRule(message)
    return [each.group(1) for each in found]


def _source(words: list[str], block: str) -> Source:
    match words:
        case [word]:
            return _atom(word, block)
        case [*command, last]:
            atom, apply = _atom(last, block), _filter(command, block)
            return lambda alarm: apply(atom(alarm))
        case _:
            return _atom("", block)


def _atom(word: str, block: str) -> Source:
    if word == "$value":
        return lambda alarm: alarm.value
    if label := LABEL.fullmatch(word):
        name = label.group(1)
        return lambda alarm: alarm.labels.get(name, "")
    if quoted := QUOTED.fullmatch(word):
        text = _unquoted(quoted)
        return lambda _: text
    message = f"template {{{{{block}}}}}: {word!r} is outside the declared subset"
    raise BadRule(message)


def _filter(words: list[str], block: str) -> Filter:
    match words:
        case ["humanize"]:
            return humanize
        case ["humanizePercentage"]:
            return humanize_percentage
        case ["printf", text] if quoted := QUOTED.fullmatch(text):
            if form := FORMAT.fullmatch(_unquoted(quoted)):
                return lambda item: _printed(form, item)
        case _:
            pass
    message = f"template {{{{{block}}}}}: {' '.join(words)!r} is outside the declared subset"
    raise BadRule(message)


def _printed(form: re.Match[str], item: Item) -> str:
    before, precision, verb, after = form.groups()
    if verb in "sv":
        text = _shown(item)
    elif isinstance(item, str):
        text = f"%!{verb}(string={item})"  # what Go prints for a verb that does not fit
    elif math.isfinite(item) and not (verb == "g" and precision is None):
        text = f"%{precision or ''}{verb}" % item
    else:
        text = notation.go(item)
    return before.replace("%%", "%") + text + after.replace("%%", "%")


def _unquoted(quoted: re.Match[str]) -> str:
    return re.sub(r"\\(.)", r"\1", quoted.group(1))


def _shown(item: Item) -> str:
    return item if isinstance(item, str) else notation.go(item)


def _number(item: Item) -> float:
    return float(item)


def _four(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else notation.go(value)
