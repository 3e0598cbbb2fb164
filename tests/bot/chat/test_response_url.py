"""Where an answer may be sent: to Slack, or to the Slack of a rehearsal, and nowhere else."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.chat.slack.response_url import slacks

REAL = "https://slack.com/api/"
STAND_IN = "http://127.0.0.1:8123/api/"
OURS = "https://hooks.slack.com/commands/T024BE7LD/4182/abcDEF-_"


@pytest.mark.parametrize("api", [REAL, STAND_IN])
def test_slacks_own_addresses_are_taken(api) -> None:
    """The answer reaches the person through them, wherever the Web API is asked."""
    assert slacks(OURS, api=api)


def test_a_rehearsals_slack_is_taken_where_it_was_configured() -> None:
    """The stand-in speaks the same protocol at another address."""
    url = "http://127.0.0.1:8123/response/Ab_-9"

    assert slacks(url, api=STAND_IN)
    assert not slacks(url, api=REAL)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("http://169.254.169.254/latest/meta-data", id="cloud-metadata"),
        pytest.param("http://hooks.slack.com/commands/a", id="without-tls"),
        pytest.param("https://hooks.slack.com.evil.example/a", id="host-goes-on"),
        pytest.param("https://hooks.slack.com@evil.example/a", id="as-a-name"),
        pytest.param("https://hooks.slack.com:x@evil.example/a", id="as-name-and-password"),
        pytest.param("https://hooks.slack.com\\@evil.example/a", id="backslash"),
        pytest.param("https://hooks.slack.com:8443/a", id="another-port"),
        pytest.param("https://hooks.slack.com/a#@evil.example/", id="fragment"),
        pytest.param("https://hooks.slack.com/a?next=http://evil.example", id="query"),
        pytest.param("https://hooks.slack.com/../api", id="way-up"),
        pytest.param("https://hooks.slack.com/a\r\nHost: evil.example", id="header"),
        pytest.param("https://hooks.slack.com/a\n", id="end-of-line"),
        pytest.param(" https://hooks.slack.com/a", id="blank"),
        pytest.param("https://HOOKS.slack.com/a", id="capitals"),
        pytest.param("https://hooks.slack.com", id="no-path"),
        pytest.param("https://hooks.slack.com/\N{CYRILLIC SMALL LETTER A}", id="not-ascii"),
        pytest.param("https://hooks.slack.com/" + "a" * 501, id="endless"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("http://127.0.0.1:8124/response/a", id="another-door-of-the-machine"),
        pytest.param("http://127.0.0.1:81230/response/a", id="port-goes-on"),
        pytest.param("http://127.0.0.1/response/a", id="no-port"),
        pytest.param("http://localhost:8123/response/a", id="another-name"),
    ],
)
def test_nothing_else_is_ever_asked(url) -> None:
    """What stands in an envelope must not make us knock at doors inside the network."""
    assert not slacks(url, api=STAND_IN)


PIECES = (
    "https://hooks.slack.com http://127.0.0.1:8123 http: / \\ @ : . # ? evil.example 8123 a %2f [ ]"
)


@given(
    st.lists(st.sampled_from(PIECES.split()) | st.characters(), max_size=12).map("".join),
)
@example("https://hooks.slack.com/a")
@example("http://127.0.0.1:8123/a")
def test_whatever_is_taken_leads_to_one_of_two_hosts(url) -> None:
    """However an address is put together, what parses it afterwards sees Slack."""
    if slacks(url, api=STAND_IN):
        seen = urlsplit(url)
        assert (seen.scheme, seen.netloc) in {
            ("https", "hooks.slack.com"),
            ("http", "127.0.0.1:8123"),
        }
