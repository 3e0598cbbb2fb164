"""Counts of requests for each model: all, failed and refused; every share of them rests on these.

The picker counts a request in its total only once it is scheduled, refusals among the errors
alone, and a client's 4xx as `ModelServerError`. Where the engines' answers are scraped they tell
which of those are the server's. A counter that is born with its first event is zero where another
one of the same exporter is there; where none is, there is no row.
Source: llm-d-router pkg/epp/handlers/server.go.
"""

from typing import Final

from cluster.rules.rule import Recording
from cluster.signals import promql
from cluster.signals.composites import BY_ENGINE, BY_PICKER, FAILED
from cluster.signals.formulas import MINUTES_5
from cluster.signals.names import like
from cluster.signals.promql import Match, Matcher, Promql
from cluster.signals.topics.requests import CHAPTER

MODEL: Final = ("namespace", "model_name")
ALL: Final = "triaged:requests"
FAILED_REQUESTS: Final = "triaged:failed_requests"
REFUSED: Final = "triaged:refused_requests"
SCHEDULED: Final = "triaged:request_rate"
ERRORS: Final = "triaged:request_errors"
HTTP: Final = "triaged:http_answers"
NEEDED: Final = ("request_rate", "request_errors", "http_answers")
"""The signals that are recorded before these."""
# What the server refuses: neither a client's mistake nor an answer of the engine.
REFUSALS: Final = f"ResourceExhausted|{BY_PICKER}"
JOBS: Final = "(?:.*[/-])?(decode|prefill)"


def with_role(query: Promql) -> Promql:
    """Take the role from the job where that names it, as llm-d's PodMonitors do."""
    texts = (promql.quoted(each) for each in ("role", "$1", "job", JOBS))
    return promql.call("label_replace", query, *texts)


def _sum(name: str, *matchers: Matcher) -> str:
    return promql.aggregate("sum", promql.selector(name, matchers), by=MODEL)


def _else_zero(query: str, where: str) -> str:
    return f"({query} or 0 * ({where}))"


def _code(how: Match, codes: str) -> Matcher:
    return Matcher(label="error_code", how=how, value=codes)


def _of_chapter(*matchers: Matcher) -> str:
    (name,) = CHAPTER.names
    rate = promql.call("rate", promql.selector(name, matchers, window=MINUTES_5))
    return promql.aggregate("sum", rate, by=MODEL)


# A request of a pair runs on prefill first, which no user sees.
_SEEN: Final = Matcher(label="role", how=Match.NOT_EQUAL, value="prefill")
# There is a row without a code wherever the picker counts requests at all.
_PICKER: Final = _sum(ERRORS)
_ANSWERED: Final = _sum(HTTP, _SEEN)
_SERVER: Final = _else_zero(_sum(HTTP, _SEEN, FAILED), _ANSWERED)
_OWN: Final = _else_zero(_sum(ERRORS, _code(Match.LIKE, BY_PICKER)), _PICKER)
_ENGINE: Final = _else_zero(_sum(ERRORS, _code(Match.EQUAL, BY_ENGINE)), _PICKER)
_TURNED_AWAY: Final = _else_zero(
    _sum(ERRORS, _code(Match.NOT_EQUAL, BY_ENGINE)), f"{SCHEDULED} or {_PICKER}"
)

ERROR_RATIO: Final = f"{FAILED_REQUESTS} / ({ALL} > 0)"
HTTP_ERROR_RATIO: Final = (
    '(sum by (namespace, model_name, role) (triaged:http_answers{status=~"5.."})'
    f" or 0 * sum by (namespace, model_name, role) ({HTTP}))"
    f" / (sum by (namespace, model_name, role) ({HTTP}) > 0)"
)

RECORDINGS: Final = (
    Recording(
        name=ALL,
        expr=f"({SCHEDULED} or 0 * {_PICKER}) + {_TURNED_AWAY} or {_ANSWERED}",
        why="Requests per second, those that were turned away among them.",
    ),
    Recording(
        name=FAILED_REQUESTS,
        expr=(
            f"{_OWN} + ({_SERVER} or {_ENGINE})"
            f" or {_else_zero(_of_chapter(FAILED), _of_chapter())} or {_SERVER}"
        ),
        why=(
            "Requests per second that failed for the server's reasons. Without the engines' HTTP "
            "answers a client's mistakes count too: the picker cannot tell."
        ),
    ),
    Recording(
        name=REFUSED,
        expr=(
            f"{_else_zero(_sum(ERRORS, _code(Match.LIKE, REFUSALS)), _PICKER)}"
            f" or {_else_zero(_of_chapter(like('status', '429|503')), _of_chapter())}"
        ),
        why="Requests per second that were refused for want of capacity or of endpoints.",
    ),
)
