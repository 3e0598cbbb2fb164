"""What Slack's answers mean for one request: delivered, put off, hopeless, or nobody can tell."""

import http.client
from collections.abc import Mapping
from typing import Any  # Slack's JSON

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.chat.slack.response_url import ResponseUrls
from bot.delivery.deliverer import Hopeless, PutOff, Unknown

TIMEOUT = 10
SERVER_ERROR, TOO_MANY = 500, 429
# "Some aspect of the operation may have succeeded", as Slack says of these.
AMBIGUOUS = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
LIMITED = frozenset({"ratelimited", "rate_limited", "too_many_requests"})
LOCKED_OUT = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
)
LOCKED_OUT_SECONDS = 60.0
DEFAULT_WAIT = 5.0


class Refused(Hopeless):
    """Slack said no: `code` is its error."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"Slack: {code}{detail}")
        self.code = code


class Caller:
    """Calls Web API methods once each and says what became of them."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._responses = ResponseUrls(
            api=client.base_url, proxy=client.proxy, timeout=client.timeout
        )

    def read(self, method: str, **arguments: Any) -> Mapping[str, Any]:  # each method's own
        """Return what a reading method answers; raises as `call`.

        Arguments go as a form: several of these methods ignore a body of JSON.
        """
        return self._answer(method, params=arguments)

    def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:  # each method's own
        """Return the answer; raises PutOff, Refused or Unknown."""
        return self._answer(method, json=arguments)

    def respond(self, url: str, shown: Mapping[str, Any]) -> bool:  # Block Kit
        """Answer at a response URL, as `ResponseUrls.post`."""
        return self._responses.post(url, shown)

    def _answer(self, method: str, **sent: Any) -> Mapping[str, Any]:  # as api_call takes it
        try:
            answer = self._client.api_call(method, **sent)
        except SlackApiError as error:
            raise _meaning(method, error) from error
        except (OSError, http.client.HTTPException, SlackClientError) as error:
            message = f"{method}: {error}"
            raise Unknown(message) from error
        data = answer.data
        return data if isinstance(data, dict) else {}


def client(token: str, base_url: str, *, timeout: int = TIMEOUT) -> WebClient:
    """Return a client that repeats nothing by itself: a repeated post is a second post."""
    return WebClient(token=token, base_url=base_url, timeout=timeout, retry_handlers=[])


def _meaning(method: str, error: SlackApiError) -> PutOff | Refused | Unknown:
    response = error.response
    status, headers = response.status_code, response.headers or {}
    data = response.data if isinstance(response.data, dict) else {}
    code = str(data.get("error", ""))
    if status == TOO_MANY or code in LIMITED:
        seconds = _seconds(headers)
        return PutOff(f"{method}: limited for {seconds:g} s", seconds=seconds, method=method)
    # An answer that is no JSON, as of a proxy, comes as a sentence where the code should be.
    if status >= SERVER_ERROR or code in AMBIGUOUS or not code or " " in code:
        return Unknown(f"{method}: {code[:80] or status}")
    if code in LOCKED_OUT:
        return PutOff(f"{method}: {code}", seconds=LOCKED_OUT_SECONDS, method=method)
    return Refused(code, _detail(data))


def _seconds(headers: Mapping[str, Any]) -> float:
    found = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    text = found[0] if isinstance(found, list) else found
    return float(text) if str(text).isdigit() else DEFAULT_WAIT


def _detail(data: Mapping[str, Any]) -> str:
    needed = data.get("needed")
    if needed:
        return f" (needs the scope {needed})"
    messages = (data.get("response_metadata") or {}).get("messages") or ()
    return f" ({'; '.join(map(str, messages))})"[:400] if messages else ""
