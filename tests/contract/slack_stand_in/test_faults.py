"""Each fault as the real client meets it, and what the workspace knows about it afterwards."""

from http.client import RemoteDisconnected

import pytest
from slack_sdk.errors import SlackApiError

from drills.slack.faults import Fault, FaultKind

GONE = (RemoteDisconnected, ConnectionResetError)


def _plan(slack, kind, **more):
    slack.workspace.faults.plan(Fault(method="chat.postMessage", kind=kind, **more))


def _post(slack, **how):
    return slack.client(**how).chat_postMessage(channel="#incidents", text="once")


@pytest.mark.parametrize(
    ("kind", "committed"),
    [
        pytest.param(FaultKind.CLOSED_BEFORE, False, id="closed-before"),
        pytest.param(FaultKind.CLOSED_AFTER, True, id="closed-after"),
    ],
)
def test_a_cut_connection_looks_the_same_whether_or_not_it_posted(slack, kind, committed) -> None:
    """The caller cannot tell the two apart: it must read back before it posts again."""
    _plan(slack, kind)

    with pytest.raises(GONE):
        _post(slack)

    assert slack.committed("chat.postMessage") == [committed]


@pytest.mark.parametrize(
    ("kind", "committed"),
    [
        pytest.param(FaultKind.HANG_BEFORE, False, id="hang-before"),
        pytest.param(FaultKind.HANG_AFTER, True, id="hang-after"),
    ],
)
def test_a_hanging_call_ends_with_the_patience_of_the_caller(slack, kind, committed) -> None:
    """A server that says nothing must not hold the sender for ever."""
    _plan(slack, kind)

    with pytest.raises(TimeoutError):
        _post(slack, timeout=1)

    assert slack.committed("chat.postMessage") == [committed]


@pytest.mark.parametrize(
    ("kind", "committed"),
    [
        pytest.param(FaultKind.SERVER_ERROR, False, id="before"),
        pytest.param(FaultKind.SERVER_ERROR_AFTER, True, id="after"),
    ],
)
def test_a_server_error_is_an_http_error(slack, kind, committed) -> None:
    """A 5xx is ambiguous: it may come from in front of Slack or from behind the post."""
    _plan(slack, kind, status=502)

    with pytest.raises(SlackApiError) as caught:
        _post(slack)

    assert caught.value.response.status_code == 502
    assert slack.committed("chat.postMessage") == [committed]


def test_a_fatal_error_may_have_posted(slack) -> None:
    """Slack says of fatal_error that some of the operation may have succeeded; here it has."""
    _plan(slack, FaultKind.FATAL_ERROR_AFTER)

    with pytest.raises(SlackApiError) as caught:
        _post(slack)

    assert caught.value.response.data == {"ok": False, "error": "fatal_error"}
    assert slack.committed("chat.postMessage") == [True]


def test_a_rate_limit_names_its_seconds_and_posts_nothing(slack) -> None:
    """Waiting as told and sending again is safe after 429 alone."""
    _plan(slack, FaultKind.RATE_LIMITED, seconds=7)

    with pytest.raises(SlackApiError) as caught:
        _post(slack)

    answer = caught.value.response
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert slack.committed("chat.postMessage") == [False]


def test_a_planned_refusal_is_answered_and_not_carried_out(slack) -> None:
    """A workspace that forbids posting is a state of Slack that no call can bring about."""
    _plan(slack, FaultKind.REFUSED, code="restricted_action")

    with pytest.raises(SlackApiError) as caught:
        _post(slack)

    assert caught.value.response["error"] == "restricted_action"
    assert slack.committed("chat.postMessage") == [False]


def test_a_slow_call_succeeds_late(slack) -> None:
    """Slow is not lost: a sender that gives up too early makes its own doubt."""
    _plan(slack, FaultKind.SLOW, seconds=0.2)

    assert _post(slack)["ok"]


def test_a_fault_hits_as_often_as_it_was_planned(slack) -> None:
    """A drill must end: after the planned calls everything works again."""
    _plan(slack, FaultKind.SERVER_ERROR, times=2)

    for _ in range(2):
        with pytest.raises(SlackApiError):
            _post(slack)

    assert _post(slack)["ok"]


def test_the_client_with_its_own_retries_posts_twice_after_a_cut(slack) -> None:
    """The danger that the outbox exists for is real here, as it is at Slack."""
    _plan(slack, FaultKind.CLOSED_AFTER)
    careless = slack.client()
    careless.retry_handlers = type(careless)(token="x").retry_handlers

    careless.chat_postMessage(channel="#incidents", text="once")

    assert slack.committed("chat.postMessage") == [True, True]
