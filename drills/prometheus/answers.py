"""The bodies of the API's answers, in Prometheus' JSON shapes.

Source: prometheus.io/docs/prometheus/latest/querying/api.
"""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Final, TypeAlias

from starlette.responses import JSONResponse

from drills.prometheus import notation
from drills.prometheus.alerts import Alert, RuleAlerts, State
from drills.prometheus.errors import BadQuery, QueryError
from drills.prometheus.rule_files import AlertingRule, RecordingRule
from drills.prometheus.rules import GroupState, RuleState
from drills.prometheus.values import Matrix, Scalar, Text, Value, Vector

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

# What the API shows for a rule that was never evaluated.
NEVER: Final = "0001-01-01T00:00:00Z"
# The state of a rule is that of its furthest alert.
ORDER: Final = (State.FIRING, State.PENDING)


def success(data: Json, warnings: Sequence[str] = ()) -> JSONResponse:
    """Return an answer with its data; warnings only when there are some."""
    body: dict[str, Json] = {"status": "success", "data": data}
    if warnings:
        body["warnings"] = list(warnings)
    return JSONResponse(body)


def failure(status: HTTPStatus, kind: str, message: str) -> JSONResponse:
    """Return an error with its errorType."""
    return JSONResponse({"status": "error", "errorType": kind, "error": message}, status)


def refusal(error: QueryError) -> JSONResponse:
    """Return 400 bad_data or 422 execution for a query that has no answer."""
    if isinstance(error, BadQuery):
        return failure(HTTPStatus.BAD_REQUEST, "bad_data", str(error))
    return failure(HTTPStatus.UNPROCESSABLE_ENTITY, "execution", str(error))


def query(value: Value, at: int) -> Json:
    """Return resultType and result; `at` in milliseconds."""
    now = notation.seconds(at)
    match value:
        case Scalar(number):
            return {"resultType": "scalar", "result": [now, notation.plain(number)]}
        case Text(text):
            return {"resultType": "string", "result": [now, text]}
        case Vector(samples):
            elements: list[Json] = [
                {"metric": dict(each.labels), "value": [now, notation.number(each.value)]}
                for each in samples
            ]
            return {"resultType": "vector", "result": elements}
        case Matrix():
            return {"resultType": "matrix", "result": _series(value)}


def alerts(groups: Iterable[GroupState]) -> Json:
    """Return what is pending or firing."""
    rules = [rule.alerts for group in groups for rule in group.rules if rule.alerts]
    return {"alerts": [_alert(alert) for rule in rules for alert in rule.active()]}


def rules(groups: Iterable[GroupState], wanted: str) -> Json:
    """Return the groups with their rules; `wanted` is alert, record or empty for both."""
    kinds = {"alert": AlertingRule, "record": RecordingRule}
    kind = kinds.get(wanted, AlertingRule | RecordingRule)
    shown = [
        (group, [each for each in group.rules if isinstance(each.rule, kind)]) for group in groups
    ]
    return {"groups": [_group(group, found) for group, found in shown if found]}


def _series(matrix: Matrix) -> list[Json]:
    return [
        {
            "metric": dict(each.labels),
            "values": [[notation.seconds(at), notation.number(value)] for at, value in each.points],
        }
        for each in matrix.series
    ]


def _alert(alert: Alert) -> Json:
    shown: dict[str, Json] = {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": alert.state.value,
        "activeAt": notation.rfc3339(alert.active_at),
        "value": notation.scientific(alert.value),
    }
    if alert.keep_firing_since:
        shown["keepFiringSince"] = notation.rfc3339(alert.keep_firing_since)
    return shown


def _group(state: GroupState, found: Iterable[RuleState]) -> Json:
    return {
        "name": state.group.name,
        "file": state.group.file,
        "interval": state.group.interval.total_seconds(),
        "limit": 0,
        "rules": [_rule(each) for each in found],
        "evaluationTime": 0,
        "lastEvaluation": notation.rfc3339(state.evaluated_at) if state.evaluated_at else NEVER,
    }


def _rule(state: RuleState) -> Json:
    shown: dict[str, Json] = {
        "name": state.rule.name,
        "query": state.rule.expr,
        "labels": dict(state.rule.labels),
        "health": _health(state),
        "evaluationTime": 0,
        "lastEvaluation": notation.rfc3339(state.evaluated_at) if state.evaluated_at else NEVER,
    }
    if state.error:
        shown["lastError"] = state.error
    if state.alerts is None:
        return shown | {"type": "recording"}
    return shown | _alerting(state.alerts)


def _alerting(state: RuleAlerts) -> dict[str, Json]:
    active = state.active()
    states = {alert.state for alert in active}
    furthest = next((each for each in ORDER if each in states), State.INACTIVE)
    return {
        "type": "alerting",
        "state": furthest.value,
        "duration": state.rule.hold.total_seconds(),
        "keepFiringFor": state.rule.keep_firing.total_seconds(),
        "annotations": dict(state.rule.annotations),
        "alerts": [_alert(alert) for alert in active],
    }


def _health(state: RuleState) -> str:
    if state.evaluated_at is None:
        return "unknown"
    return "err" if state.error else "ok"
