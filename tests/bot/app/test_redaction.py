"""Nothing that looks like a secret gets into a log, whichever way it comes."""

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from bot.app import telemetry
from bot.app.redaction import without_secrets
from bot.app.telemetry import CUT, LONGEST

CANARY = "C4n4ryC4n4ryC4n4ryC4n4ry"
KINDS = {
    "slack-bot-token": f"xoxb-1234-{CANARY}",
    "slack-user-token": f"xoxp-1234-{CANARY}",
    "slack-config-token": f"xoxe.xoxp-1-{CANARY}",
    "slack-app-token": f"xapp-1-A1-{CANARY}",
    "slack-webhook": f"https://hooks.slack.com/services/T1/B1/{CANARY}",
    "slack-command": f"https://hooks.slack.com/commands/T1/1/{CANARY}",
    "slack-click": f"https://hooks.slack.com/actions/T1/1/{CANARY}",
    "slack-answer": f"{{'response_url': 'http://127.0.0.1:1/response/{CANARY}'}}",
    "bearer-header": f"Authorization: Bearer {CANARY}",
    "bearer-alone": f"sent bearer {CANARY} to it",
    "basic-header": f"Authorization: Basic {CANARY}==",
    "cookie": f"Cookie: triaged_pages={CANARY}; a=b",
    "set-cookie": f"Set-Cookie: id={CANARY}",
    "database-address": f"postgresql://triaged:{CANARY}@db/triaged",
    "redis-address": f"redis://:{CANARY}@cache/0",
    "query-of-an-address": f"GET /incidents/1?token={CANARY}&x=1",
    "json-web-token": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{CANARY}",
    "private-key": f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
    "private-key-cut": f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
    "github": f"ghp_{CANARY}",
    "gitlab": f"glpat-{CANARY}",
    "hugging-face": f"hf_{CANARY}",
    "model-provider": f"sk-proj-{CANARY}",
    "aws-access-key": "AKIAC4N4RYC4N4RYC4N4",
    "conninfo": f"host=db user=triaged password={CANARY}",
    "json": f'{{"client_secret": "{CANARY}", "a": 1}}',
    "yaml": f"api_key: {CANARY}",
    "environment": f"SLACK_BOT_TOKEN={CANARY}",
    "python-dict": f"{{'password': '{CANARY} with blanks'}}",
}
ALL = [pytest.param(text, id=name) for name, text in KINDS.items()]


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Configure logging as the process has it, and put it back afterwards."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    lines = StringIO()
    telemetry.configure(form="json", out=lines)
    yield lines
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level, sys.excepthook = handlers, level, hook


def said(log: StringIO) -> str:
    """Return what was logged; every line of it is JSON."""
    lines = log.getvalue()
    assert [json.loads(line) for line in lines.splitlines()]
    return lines


@pytest.mark.parametrize("text", ALL)
def test_no_event_carries_a_secret(text: str, log: StringIO) -> None:
    """Whatever is logged, in the event or beside it, nested or not."""
    structlog.get_logger().info(text, because=text, nested={"a": [text]})

    assert "C4n4ry".lower() not in said(log).lower()


@pytest.mark.parametrize("text", ALL)
def test_no_library_logs_a_secret(text: str, log: StringIO) -> None:
    """Clients log requests with their headers; their lines go the same way as ours."""
    error = OSError(text)

    logging.getLogger("urllib3").error("request failed: %s", text, exc_info=error)

    found = said(log)
    assert "C4n4ry".lower() not in found.lower()
    assert '"library": "urllib3"' in found


@pytest.mark.parametrize("text", ALL)
def test_no_exception_shows_a_secret(text: str, log: StringIO) -> None:
    """Errors of clients quote the request; nobody thinks of it when they log one."""
    error = RuntimeError(text)

    structlog.get_logger().error("loop failed", error=repr(error), exc_info=error)
    sys.excepthook(RuntimeError, error, None)

    found = said(log)
    assert "C4n4ry".lower() not in found.lower()
    assert found.count("RuntimeError") > 1


def test_warnings_go_the_same_way(log: StringIO) -> None:
    """A log that is half JSON is dropped by the log store."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"old: token={CANARY}", stacklevel=1)

    assert "token=***" in said(log)


def test_a_value_that_is_named_like_a_secret_is_hidden() -> None:
    """A token of a shape that nobody has heard of is still a token."""
    event = {"event": "asked", "page_token": "plain", "key": "k1", "password": 1, "tokens": 7}

    assert telemetry.redact(None, "", event) == {
        "event": "asked",
        "page_token": "***",
        "key": "k1",
        "password": "***",
        "tokens": 7,
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("tokens: line 3 must be a source's name and a token", id="speaks-of-tokens"),
        pytest.param("the token is wrong", id="no-value"),
        pytest.param("scale Deployment llm-d/decode: replicas 4 → 6", id="a-plan"),
        pytest.param("http://prometheus:9090/api/v1/query", id="an-address"),
        pytest.param("13:04:05 mac 0a1b2c3d", id="a-mac"),
    ],
)
def test_what_is_no_secret_stays_legible(text: str) -> None:
    """A log in which everything is hidden helps nobody."""
    assert without_secrets(text) == text


def test_the_name_of_a_secret_stays() -> None:
    """Who reads the log must know which one it was."""
    hidden = without_secrets(f"user=a password={CANARY} host=b")

    assert hidden == "user=a password=*** host=b"


def test_a_text_that_is_cut_says_so() -> None:
    """What looks whole and is not leads astray."""
    event = telemetry.redact(None, "", {"event": "x" * (LONGEST + 1)})

    assert event == {"event": "x" * LONGEST + CUT}


def test_a_hostile_text_is_searched_in_no_time() -> None:
    """Ten thousand beginnings without an end must not stop the loop that logs them."""
    begun = "password= " * 10_000 + "xoxb" * 10_000 + "://a" * 10_000 + "-----BEGIN A KEY " * 10_000

    assert without_secrets(begun).endswith("://a***")
