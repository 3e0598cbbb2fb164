"""Reads Prometheus rule files; what Prometheus refuses, or we do not do, is refused at load.

Source: prometheus.io/docs/prometheus/latest/configuration/recording_rules and alerting_rules.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from drills.prometheus import language, notation, templates
from drills.prometheus.errors import BadQuery, BadRule, QueryError
from drills.prometheus.templates import Template

# Prometheus' default evaluation_interval.
DEFAULT_INTERVAL: Final = timedelta(minutes=1)

METRIC: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

Texts: TypeAlias = Mapping[str, str]
Fields: TypeAlias = dict[str, Any]  # Any: what stands in a YAML file before it is checked


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertingRule:
    """An alert: what must hold, for how long, and what is said then."""

    name: str
    expr: str
    hold: timedelta
    keep_firing: timedelta
    labels: Texts
    annotations: Texts
    label_templates: Mapping[str, Template]
    annotation_templates: Mapping[str, Template]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRule:
    """A query whose answer is stored under a name of its own."""

    name: str
    expr: str
    labels: Texts


Rule: TypeAlias = AlertingRule | RecordingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated one after the other at the same moment."""

    name: str
    file: str
    interval: timedelta
    rules: tuple[Rule, ...]


def load(path: Path, *, interval: timedelta = DEFAULT_INTERVAL) -> tuple[Group, ...]:
    """Read a rule file; `interval` is for groups that name none.

    Raises BadRule, naming file, group and rule, and OSError.
    """
    try:
        document = YAML(typ="safe", pure=True).load(path)
    except YAMLError as error:
        message = f"{path}: {error}"
        raise BadRule(message) from error
    fields = _fields(document, f"{path}", required={"groups"})
    groups = [_group(each, str(path), interval) for each in _list(fields["groups"], str(path))]
    if len({group.name for group in groups}) < len(groups):
        message = f"{path}: a group name is used twice"
        raise BadRule(message)
    return tuple(groups)


def _group(document: object, file: str, interval: timedelta) -> Group:
    where = f"{file}: group"
    fields = _fields(document, where, required={"name", "rules"}, optional={"interval"})
    where = f"{file}: group {fields['name']}"
    return Group(
        name=str(fields["name"]),
        file=file,
        interval=_duration(fields, "interval", where) or interval,
        rules=tuple(_rule(each, where) for each in _list(fields["rules"], where)),
    )


def _rule(document: object, where: str) -> Rule:
    if isinstance(document, dict) and "record" in document:
        return _recording(document, where)
    return _alerting(document, where)


def _recording(document: object, where: str) -> RecordingRule:
    fields = _fields(document, where, required={"record", "expr"}, optional={"labels"})
    where = f"{where}: record {fields['record']}"
    name = str(fields["record"])
    if not METRIC.fullmatch(name):
        message = f"{where}: not a metric name"
        raise BadRule(message)
    return RecordingRule(
        name=name, expr=_expr(fields, where), labels=_texts(fields, "labels", where)
    )


def _alerting(document: object, where: str) -> AlertingRule:
    optional = {"for", "keep_firing_for", "labels", "annotations"}
    fields = _fields(document, where, required={"alert", "expr"}, optional=optional)
    where = f"{where}: alert {fields['alert']}"
    labels, annotations = _texts(fields, "labels", where), _texts(fields, "annotations", where)
    return AlertingRule(
        name=str(fields["alert"]),
        expr=_expr(fields, where),
        hold=_duration(fields, "for", where) or timedelta(),
        keep_firing=_duration(fields, "keep_firing_for", where) or timedelta(),
        labels=labels,
        annotations=annotations,
        label_templates=_templates(labels, where),
        annotation_templates=_templates(annotations, where),
    )


def _fields(
    document: object,
    where: str,
    *,
    required: set[str],
    optional: frozenset[str] | set[str] = frozenset(),
) -> Fields:
    if not isinstance(document, dict):
        message = f"{where}: a mapping is needed, not {document!r}"
        raise BadRule(message)
    if missing := required - document.keys():
        message = f"{where}: {', '.join(sorted(missing))} is missing"
        raise BadRule(message)
    if unknown := document.keys() - required - optional:
        message = f"{where}: {', '.join(sorted(map(str, unknown)))} is outside the declared subset"
        raise BadRule(message)
    return document


def _list(document: object, where: str) -> Sequence[object]:
    if isinstance(document, list):
        return document
    message = f"{where}: a list is needed, not {document!r}"
    raise BadRule(message)


def _expr(fields: Fields, where: str) -> str:
    expr = str(fields["expr"]).strip()
    try:
        language.read(expr)
    except QueryError as error:
        message = f"{where}: {error}"
        raise BadRule(message) from error
    return expr


def _duration(fields: Fields, name: str, where: str) -> timedelta | None:
    if name not in fields:
        return None
    try:
        return notation.duration(str(fields[name]))
    except BadQuery as error:
        message = f"{where}: {name}: {error}"
        raise BadRule(message) from error


def _texts(fields: Fields, name: str, where: str) -> Texts:
    found = fields.get(name) or {}
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        message = f"{where}: {name} must map names to strings"
        raise BadRule(message)
    for key in found:
        if not LABEL.fullmatch(str(key)):
            message = f"{where}: {name}: {key!r} is not a label name"
            raise BadRule(message)
    return found


def _templates(texts: Texts, where: str) -> Mapping[str, Template]:
    try:
        return {name: templates.read(text) for name, text in texts.items()}
    except BadRule as error:
        message = f"{where}: {error}"
        raise BadRule(message) from error
