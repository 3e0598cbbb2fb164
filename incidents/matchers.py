"""Matchers of a silence: conditions on labels, as Alertmanager writes and compares them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from incidents.errors import Rejected

EQUAL, NOT_EQUAL, LIKE, NOT_LIKE = "=", "!=", "=~", "!~"
_WRITTEN = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*("?)(.*)\3', re.DOTALL)
# Values of no label that anybody has: an expression that takes one of them takes nearly all.
_ANYTHING = ("", "0", "q", "Qx", "9.7", "qzx-4 !_", "Qzxq-zqxqz-xzqqz-0", "ü")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One condition on one label; a label that is missing counts as empty."""

    name: str
    operator: str
    value: str

    def __str__(self) -> str:
        """Return it as Alertmanager writes it, with its value in quotes."""
        value = self.value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
        return f'{self.name}{self.operator}"{value}"'

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Tell whether the labels fulfil it; an expression has to match the whole value."""
        given = labels.get(self.name, "")
        same = (
            re.fullmatch(self.value, given, re.DOTALL) is not None
            if self.operator in {LIKE, NOT_LIKE}
            else given == self.value
        )
        return same is (self.operator in {EQUAL, LIKE})

    @property
    def narrows(self) -> bool:
        """Tell whether it takes some alerts only; those that exclude leave nearly all of them."""
        chooses = self.operator in {EQUAL, LIKE}
        return chooses and not any(self.fits({self.name: one}) for one in _ANYTHING)


def parse(text: str) -> Matcher:
    r"""Return a matcher from `name=value`, `name!=value`, `name=~"…"` or `name!~"…"`.

    Inside quotes `\"`, `\\` and `\n` are read as Alertmanager does. Raises Rejected.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        message = f'matcher {text!r}: expected name=value, name!=value, name=~"…" or name!~"…"'
        raise Rejected(message)
    name, operator, quote, value = found.groups()
    matcher = Matcher(name=name, operator=operator, value=_plain(value) if quote else value)
    if operator in {LIKE, NOT_LIKE}:
        _compiles(text, matcher.value)
    return matcher


def checked(matchers: Sequence[Matcher]) -> None:
    """Raise Rejected unless the matchers together take some alerts only."""
    if not any(one.narrows for one in matchers):
        told = ", ".join(map(str, matchers)) or "no matcher"
        message = f'{told}: this silences nearly everything; name a label, as alertname="…"'
        raise Rejected(message)


def fits(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Tell whether the labels fulfil all of them."""
    return all(one.fits(labels) for one in matchers)


def _compiles(text: str, expression: str) -> None:
    try:
        re.compile(expression)
    except re.error as error:
        message = f"matcher {text!r}: the expression does not compile: {error}"
        raise Rejected(message) from error


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", lambda it: "\n" if it[1] == "n" else it[1], value, flags=re.DOTALL)
