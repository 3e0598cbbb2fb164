"""Who may deliver."""

import pytest

from alert_webhooks.tokens import Tokens, read_tokens
from incidents.errors import Rejected


@pytest.fixture
def tokens() -> Tokens:
    """Return two sources; `prod` is exchanging its token."""
    return read_tokens("# source token\nprod old-token\n\nprod new-token\nstaging other-token\n")


@pytest.mark.parametrize(
    ("header", "source"),
    [
        pytest.param("Bearer old-token", "prod", id="the-old-one"),
        pytest.param("Bearer new-token", "prod", id="the-new-one"),
        pytest.param("bearer other-token", "staging", id="scheme-in-small-letters"),
        pytest.param("Bearer  other-token ", "staging", id="spaces"),
        pytest.param("Bearer wrong", None, id="wrong"),
        pytest.param("Bearer", None, id="no-token"),
        pytest.param("Basic old-token", None, id="other-scheme"),
        pytest.param("old-token", None, id="no-scheme"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="missing"),
        pytest.param("Bearer ü\udcff", None, id="no-ascii"),
    ],
)
def test_a_token_names_its_source(tokens: Tokens, header: str | None, source: str | None) -> None:
    """Two valid tokens let one be exchanged without losing an alert; nothing else gets in."""
    assert tokens.source_of(header) == source


def test_tokens_do_not_stay_in_memory(tokens: Tokens) -> None:
    """A core dump or an error report must not give them away."""
    held = repr([getattr(tokens, name) for name in vars(tokens)])

    assert "token" not in held


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("prod a\nprod b\nprod c", "prod has 3; at most 2", id="three-at-once"),
        pytest.param("prod a\nstaging a", "one token stands twice", id="shared"),
        pytest.param("prod", "line 1 must be", id="no-token"),
        pytest.param("\nprod a b", "line 2 must be", id="too-many-words"),
        pytest.param("pröd a", "a source's name is", id="name"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(text: str, complaint: str) -> None:
    """A door with a misread token file is either shut or open to all."""
    with pytest.raises(Rejected, match=complaint):
        read_tokens(text)


def test_no_line_is_no_token() -> None:
    """The door asks whether there are any before it lets this machine in without."""
    assert not read_tokens("# nobody yet\n")
