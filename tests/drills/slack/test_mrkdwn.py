"""mrkdwn becomes HTML in which foreign text can do nothing."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.slack.console.mrkdwn import mrkdwn, plain
from drills.slack.text import escaped, unescaped

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAMES = {"U1": "alice", "C1": "general", "S1": "oncall-sre"}
ALLOWED = {"strong", "em", "s", "q", "br", "pre", "code", "b", "a", "time"}
ATTRIBUTES = {"class", "href", "target", "rel", "datetime", "title"}


class Reader(HTMLParser):
    """Collects tags and attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text += data


SAID = [
    pytest.param("*bold* and _it_", "<strong>bold</strong> and <em>it</em>", id="styles"),
    pytest.param("2 * 3 * 4, a_b_c", "2 * 3 * 4, a_b_c", id="no-styles"),
    pytest.param("`a*b*c`", "<code>a*b*c</code>", id="code-is-left-alone"),
    pytest.param("```x\n<y>```", "<pre>x\n&lt;y&gt;</pre>", id="preformatted"),
    pytest.param("a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c", id="escaped"),
    pytest.param("one\n&gt; two", "one<br><q>two</q>", id="quote"),
    pytest.param("<@U1>", '<b class="mention">@alice</b>', id="person"),
    pytest.param("*<@U1>*", '<strong><b class="mention">@alice</b></strong>', id="bold-person"),
    pytest.param("<#C1>", '<b class="mention">#general</b>', id="channel"),
    pytest.param("<!subteam^S1>", '<b class="mention">@oncall-sre</b>', id="group"),
    pytest.param("<!here>", '<b class="call">@here</b>', id="here"),
    pytest.param(":fire: :nope:", "🔥 :nope:", id="emoji"),
    pytest.param("<javascript:alert(1)|click>", "click", id="no-script-link"),
    pytest.param(
        "<!date^1795262400^{date_num} {time_secs} {ago}|then>",
        '<time datetime="2026-11-21T12:00:00+00:00" title="then">2026-11-21 12:00:00 now</time>',
        id="date",
    ),
    pytest.param("<!date^x^{time}|then>", "then", id="bad-date"),
]


@pytest.mark.parametrize(("text", "html"), SAID)
def test_marks_become_html(text, html) -> None:
    """The console shows what Slack would show."""
    assert mrkdwn(text, NAMES, NOW) == html


@given(st.text(alphabet="<>&;\"'`*_~|:/!@#^ \nabht\ue000\ue0010", max_size=60))
def test_nothing_but_our_own_tags_ever_appears(text) -> None:
    """Whatever an alert says, it brings no tag, no attribute and no script into the page."""
    read = Reader(str(mrkdwn(text, NAMES, NOW)))

    assert read.tags <= ALLOWED
    assert read.attributes <= ATTRIBUTES
    assert all(link.startswith(("http://", "https://", "mailto:")) for link in read.links)


@given(st.text(max_size=60))
def test_escaping_is_undone_exactly(text) -> None:
    """A person reads what another person wrote."""
    assert unescaped(escaped(text)) == text


@given(st.text(alphabet="<>&\"'ab ", max_size=40))
def test_plain_text_has_no_tags(text) -> None:
    """Button labels and headers are text."""
    read = Reader(str(plain(escaped(text))))

    assert (read.tags, read.text) == (set(), text)
