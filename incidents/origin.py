"""What an alert's query says about where it points: the label matchers of `g0.expr`, bounded.

Prometheus and Thanos write the rule's expression into `generatorURL` (`/graph?g0.expr=…`; since
Prometheus 3 `/query?g0.expr=…`). The text is foreign: it is scanned once from left to right, never
evaluated, and only its equality matchers are believed, where all of them say the same.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

LONGEST = 16_000
"""A longer address says nothing: no rule is so long, and reading it would cost."""

MOST = 64
"""So many matchers are read; a rule with more of them says nothing either."""

VALUE = 300
"""A longer label value is no name of anything."""

_FIELD = "g0.expr"
# Strings first: a brace or a comment sign within one is text.
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)"""
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_:]*)"
    r"|(?P<sign>=~|!~|!=|==|[={},])"
)
_PLAIN = re.compile(r"[\w.:/@ +-]+")
# Knowledge of llm-d: these series of the endpoint picker carry the pool as `name`.
_OF_POOLS = re.compile(
    r"\b(?:inference_pool|llm_d(?:_router)?_epp)_"
    r"(?:ready_pods|ready_endpoints|(?:average|std_dev|per_endpoint|per_pod)_[a-z_]+)\b"
)


def told(url: str) -> Mapping[str, str]:
    """Return the labels that the query of an alert's address names, empty where it has none.

    A label for which two matchers say different things is left out. Never raises.
    """
    found = dict[str, str]()
    unsure = set[str]()
    for number, (label, value) in enumerate(_equalities(_expression(url))):
        if number >= MOST:
            return {}
        if found.setdefault(label, value) != value:
            unsure.add(label)
    return {label: value for label, value in found.items() if label not in unsure}


def names_pools(url: str) -> bool:
    """Return whether the query reads series of the endpoint picker whose `name` is a pool."""
    return _OF_POOLS.search(_expression(url)) is not None


def _expression(url: str) -> str:
    if len(url) > LONGEST:
        return ""
    try:
        pairs = parse_qsl(urlsplit(url).query, max_num_fields=MOST)
    except ValueError:
        return ""
    return next((value for name, value in pairs if name == _FIELD), "")


def _equalities(expression: str) -> Iterator[tuple[str, str]]:
    """Yield `label="value"` of every selector, in order."""
    inside, label, sign = False, "", ""
    for token in _TOKEN.finditer(expression):
        kind, word = token.lastgroup or "", token.group()
        if kind == "comment":
            continue
        inside = word == "{" if word in {"{", "}"} else inside
        # The last words decide: a name, an equals sign, a text.
        if inside and label and kind == "text" and sign == "=" and _believed(word):
            yield label, word[1:-1]
        label = word if kind == "name" else label if word == "=" else ""
        sign = word


def _believed(word: str) -> bool:
    """Return whether a quoted text may name something: no escapes, nothing unprintable."""
    return len(word) <= VALUE and _PLAIN.fullmatch(word[1:-1]) is not None
