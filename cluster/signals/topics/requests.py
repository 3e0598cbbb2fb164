"""Requests as users send them: how many, how long, and how many fail, and of what.

The picker counts a request only once it is scheduled, and refusals among the errors alone; its
`ModelServerError` includes what clients did wrong. Source: pkg/epp/handlers/server.go.
"""

from dataclasses import replace
from typing import Final

from cluster.signals.composites import FAILED, ErrorShare
from cluster.signals.formulas import Part, Quantile, Rate
from cluster.signals.names import NOW, REQUESTS, counter, like, metric, picker, sglang
from cluster.signals.promql import Match, Matcher
from cluster.signals.series import Formula, Metric, Scope
from cluster.signals.signal import Signal

# The completions only: probes and model lists are no requests of users.
ANSWERS: Final = replace(
    metric("http_requests_total"), matchers=(like("handler", "/v1/(chat/)?completions"),)
)
ASKED: Final = picker(REQUESTS, "request_total")
FAILURES: Final = picker(REQUESTS, "request_error_total")
FINISHED: Final = counter("vllm:request_success")
# What does not say how requests ended says nothing about errors: a simulator calls it otherwise.
ENDED: Final = replace(
    FINISHED, matchers=(Matcher(label="finished_reason", how=Match.NOT_EQUAL, value=""),)
)
CHAPTER: Final = metric("llm_d_requests_total")
AT_PICKER: Final = (
    *(f"{prefix}_request_input_tokens_bucket" for prefix in NOW),
    "inference_objective_input_tokens_bucket",
    "inference_model_input_tokens_bucket",
)


def _p95(*names: str, scope: Scope = Scope.PODS) -> tuple[Formula, ...]:
    """Return a way for each name: bounds of two releases make no histogram."""
    return tuple(Quantile(metric=metric(name), quantile=0.95, scope=scope) for name in names)


def _shares(answers: Metric | None) -> tuple[Formula, ...]:
    return tuple(
        ErrorShare(
            errors=metric(f"{era}_request_error_total"),
            total=metric(f"{era}_request_total"),
            answers=answers,
        )
        for era in REQUESTS
    )


SIGNALS: Final = (
    Signal(
        name="request_rate",
        unit="requests/s",
        meaning="Requests that the picker has scheduled",
        without="no traffic at the picker: cannot tell an outage from a quiet hour",
        ways=(
            Rate(metric=ASKED, scope=Scope.ROUTER),
            Rate(metric=CHAPTER, scope=Scope.NAMESPACE),
        ),
    ),
    Signal(
        name="finished_requests",
        unit="requests/s",
        meaning="Requests that ended on the target's engines, by how they ended",
        without="cannot see what the engines complete",
        ways=(
            Rate(metric=FINISHED),
            *(Rate(metric=each) for each in sglang("num_requests_total")),
        ),
        breakdown="finished_reason",
    ),
    Signal(
        name="error_ratio",
        unit="ratio",
        # Where the engines' HTTP statuses are not scraped, clients' mistakes count too.
        meaning="Share of requests that failed, over five minutes",
        without="no error ratio: cannot tell how many users are hit",
        ways=(
            *_shares(ANSWERS),
            *_shares(None),
            Part(metric=CHAPTER, matcher=FAILED, scope=Scope.NAMESPACE),
        ),
    ),
    Signal(
        name="request_errors",
        unit="requests/s",
        meaning="Requests that failed at the picker, by its error code",
        without="cannot say of what requests fail: refused, lost, or the model server",
        ways=(Rate(metric=FAILURES, witness=ASKED, scope=Scope.ROUTER),),
        breakdown="error_code",
    ),
    Signal(
        name="http_answers",
        unit="requests/s",
        meaning="Completions that the engines answered, by HTTP status",
        without="cannot tell clients' mistakes from failures of the server",
        ways=(Rate(metric=ANSWERS),),
        breakdown="status",
    ),
    Signal(
        name="http_error_ratio",
        unit="ratio",
        meaning="Share of completions that the engines answered with 5xx",
        without="server errors cannot be told from clients' mistakes",
        ways=(Part(metric=ANSWERS, matcher=FAILED),),
    ),
    Signal(
        name="engine_error_ratio",
        unit="ratio",
        meaning="Share of requests that the engines themselves ended with an error",
        without="cannot see errors inside the engines",
        ways=(Part(metric=ENDED, matcher=Matcher(label="finished_reason", value="error")),),
    ),
    Signal(
        name="prompt_length_p95",
        unit="tokens",
        meaning="Prompt length that 95 % of requests stay under, over five minutes",
        without="cannot tell longer prompts from more requests",
        ways=(
            *_p95("vllm:request_prompt_tokens_bucket"),
            *_p95(*AT_PICKER, scope=Scope.ROUTER),
        ),
    ),
    Signal(
        name="answer_length_p95",
        unit="tokens",
        meaning="Answer length that 95 % of requests stay under, over five minutes",
        without="cannot tell longer answers from a slower engine",
        ways=_p95("vllm:request_generation_tokens_bucket"),
    ),
)
