"""Matchers of routes, silences and filters: `name="value"`, `!=`, `=~`, `!~`."""

import re
from dataclasses import dataclass
from enum import Enum

from drills.alertmanager.labels import Labels

_MATCHER = re.compile(r'^\s*([A-Za-z_:][A-Za-z0-9_:]*)\s*(=~|!~|!=|=)\s*("?)(.*?)\3\s*$', re.DOTALL)


class Operator(Enum):
    """How a matcher compares."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One condition on one label; a missing label counts as empty."""

    name: str
    operator: Operator
    value: str

    def __post_init__(self) -> None:
        """Refuse an expression that cannot be compiled: ValueError now, not in a later flush."""
        if self.operator in (Operator.REGEX, Operator.NOT_REGEX):
            try:
                re.compile(self.value)
            except re.error as error:
                msg = f"bad matcher format: {self.value}: {error}"
                raise ValueError(msg) from error

    def fits(self, labels: Labels) -> bool:
        """Tell whether the labels fulfil it; expressions match the whole value."""
        given = labels.get(self.name, "")
        match self.operator:
            case Operator.EQUAL:
                return given == self.value
            case Operator.NOT_EQUAL:
                return given != self.value
            case Operator.REGEX:
                return re.fullmatch(self.value, given) is not None
            case Operator.NOT_REGEX:
                return re.fullmatch(self.value, given) is None

    @property
    def text(self) -> str:
        """Write it as Alertmanager writes matchers in a groupKey."""
        value = self.value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
        return f'{self.name}{self.operator.value}"{value}"'


def parse(text: str) -> Matcher:
    """Read one matcher; raises ValueError when it is none."""
    found = _MATCHER.match(text)
    if not found:
        msg = f"bad matcher format: {text}"
        raise ValueError(msg)
    name, operator, _, value = found.groups()
    unescaped = value.replace(r"\"", '"').replace(r"\n", "\n").replace(r"\\", "\\")
    return Matcher(name=name, operator=Operator(operator), value=unescaped)
