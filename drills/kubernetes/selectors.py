"""Label and field selectors, as the API server reads them."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from drills.kubernetes import refusals
from drills.kubernetes.objects import View
from drills.kubernetes.resources import Resource

Fits: TypeAlias = Callable[[View], bool]
_Labels: TypeAlias = Mapping[str, str]

_KEY = r"(?P<key>[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?)"
_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
_SET = re.compile(rf"^{_KEY}\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUAL = re.compile(rf"^{_KEY}\s*(?P<op>==|=|!=)\s*(?P<value>{_VALUE})$")
_EXISTS = re.compile(rf"^(?P<op>!?)\s*{_KEY}$")
_SPLIT = re.compile(r",(?![^(]*\))")  # commas inside parentheses belong to the set

_EVERYWHERE = frozenset({"metadata.name", "metadata.namespace"})
_FIELDS = {
    "pods": frozenset({"status.phase", "spec.nodeName"}),
    "events": frozenset(
        {
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "reason",
            "type",
        }
    ),
    "namespaces": frozenset({"status.phase"}),
}


def by_labels(selector: str) -> Callable[[_Labels], bool]:
    """Read a label selector, equality- and set-based; raises Refusal 400."""
    terms = [_term(term.strip()) for term in _SPLIT.split(selector) if term.strip()]
    return lambda labels: all(fits(labels) for fits in terms)


def by_fields(selector: str, resource: Resource) -> Fits:
    """Read a field selector; raises Refusal 400 for fields that the kind cannot be selected by."""
    known = _EVERYWHERE | _FIELDS.get(resource.plural, frozenset())
    terms = [_field(term, known) for term in selector.split(",") if term]
    return lambda thing: all((_at(thing, path) == value) == same for path, value, same in terms)


def of_object(selector: View) -> Callable[[_Labels], bool]:
    """Read a LabelSelector object (`matchLabels`, `matchExpressions`)."""
    return by_labels(text_of(selector))


def text_of(selector: View) -> str:
    """Write a LabelSelector object in the string form that /scale shows."""
    equal = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    return ",".join(equal + [_expression(one) for one in selector.get("matchExpressions") or ()])


def _expression(one: View) -> str:
    key, values = one["key"], ",".join(one.get("values") or ())
    match one["operator"]:
        case "In":
            return f"{key} in ({values})"
        case "NotIn":
            return f"{key} notin ({values})"
        case "Exists":
            return str(key)
        case "DoesNotExist":
            return f"!{key}"
        case other:
            msg = f'"{other}" is not a valid label selector operator'
            raise refusals.bad_request(msg)


def _term(term: str) -> Callable[[_Labels], bool]:
    if found := _SET.match(term):
        key, values = found["key"], {value.strip() for value in found["values"].split(",")}
        if found["op"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUAL.match(term):
        key, value = found["key"], found["value"]
        if found["op"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.match(term):
        key, wanted = found["key"], not found["op"]
        return lambda labels: (key in labels) == wanted
    msg = f"unable to parse requirement: {term!r}"
    raise refusals.bad_request(msg)


def _field(term: str, known: frozenset[str]) -> tuple[str, str, bool]:
    found = re.match(r"^([^=!]+)(==|=|!=)(.*)$", term)
    if not found:
        msg = f"invalid selector: {term!r}; can't understand it"
        raise refusals.bad_request(msg)
    path, operator, value = found.groups()
    if path not in known:
        msg = f"field label not supported: {path}"
        raise refusals.bad_request(msg)
    return path, value, operator != "!="


def _at(thing: View, path: str) -> str:
    value: object = thing
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    return str(value)
