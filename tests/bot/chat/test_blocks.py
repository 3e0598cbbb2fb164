"""Messages as Block Kit: whatever stands in them, Slack takes them and nobody is pinged."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.chat.message import (
    Button,
    Buttons,
    Code,
    Context,
    Fields,
    Header,
    Message,
    Section,
    canonical,
    read,
    written,
)
from bot.chat.slack.blocks import payload
from bot.chat.slack.escape import code, mrkdwn, plain, visible
from drills.slack.blockkit.blocks import message_problems
from drills.slack.messages import pings

HOSTILE = (
    "<!here> <!channel|x> <@U0ANN> <!subteam^S1> @here @channel #general",
    "<https://evil.example|grafana.example> https://evil.example",
    "```\nended``` `*bold*` ~gone~ _it_",
    "\u202egpj.exe\u202c \u200b\u2066 \ufeff \u2028 \x00 \x1b[31m \ud800",
    "&lt;!here&gt; &amp;amp; <",
    "",
    "   ",
    "\n\n",
    "🔥" * 4000,
    "&" * 9000,
)
texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=200),
    st.text(alphabet="<>&@!|`*~_# \n\u200b\u202eU0here", max_size=4000),
)
names = st.text(max_size=90)
buttons = st.builds(
    Button,
    action=st.sampled_from(["approve", "reject"]),
    label=texts,
    value=st.text(alphabet="ab|01", min_size=1, max_size=80),
    style=st.sampled_from(["", "primary", "danger"]),
    confirm=texts,
)
blocks = st.one_of(
    st.builds(Header, text=texts),
    st.builds(Section, text=texts, strong=st.one_of(st.just(""), texts)),
    st.builds(Fields, pairs=st.lists(st.tuples(names, texts), min_size=1, max_size=14).map(tuple)),
    st.builds(Code, text=texts),
    st.builds(
        Context, text=texts, page=st.one_of(st.just(""), st.just("https://t.example/1"), texts)
    ),
)
messages = st.builds(
    lambda text, body, row: Message(text=text, blocks=(*body, *row)),
    texts,
    st.lists(blocks, min_size=1, max_size=60),
    st.one_of(
        st.just(()),
        st.tuples(
            st.builds(
                lambda one, other: Buttons(
                    buttons=(one, type(other)(action="other", label="x", value=other.value))
                ),
                buttons,
                buttons,
            )
        ),
    ),
)


@given(messages)
@example(Message(text="x", blocks=tuple(Section(text=one) for one in HOSTILE)))
def test_every_message_is_taken_and_pings_nobody(message) -> None:
    """Text of an alert must not call people, forge a link or break the message."""
    shown = payload(message)

    assert list(message_problems(shown["blocks"])) == []
    assert pings(shown["text"], tuple(shown["blocks"])) == ()
    assert _characters(shown["blocks"]) <= 13_200
    assert 0 < len(shown["text"]) <= 4_000
    links = [found for text in _texts(shown) for found in re.findall(r"<[^>]*>", text)]
    assert {one for one in links if not one.startswith("<http")} == set()


@given(messages)
def test_buttons_are_never_left_out(message) -> None:
    """A card too long to be shown whole must still be decidable."""
    asked = [one for one in message.blocks if isinstance(one, Buttons)]

    shown = [one for one in payload(message)["blocks"] if one["type"] == "actions"]

    assert len(shown) == len(asked)


@given(messages)
def test_a_message_survives_the_outbox(message) -> None:
    """What is sent after a restart is what was wanted before."""
    found = read(written(message))

    assert found == message
    assert canonical(written(found)) == canonical(written(message))


@given(texts, st.integers(min_value=20, max_value=300))
def test_a_cut_is_marked_and_within_its_limit(text, most) -> None:
    """A reader must see that something is missing."""
    for shown in (plain(text, most), mrkdwn(text, most), code(text, most)):
        assert len(shown) <= most
        assert re.search(r"&(?!amp;|lt;|gt;)", mrkdwn(text, most)) is None
    if len(visible(text).strip()) > most:
        assert plain(text, most).endswith("(cut)")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a < b & c > d", "a &lt; b &amp; c &gt; d", id="entities"),
        pytest.param("&lt;", "&amp;lt;", id="what-looks-escaped-is-escaped"),
        pytest.param(
            "*APPROVED*", "\N{ASTERISK OPERATOR}APPROVED\N{ASTERISK OPERATOR}", id="no-forged-bold"
        ),
        pytest.param("vllm:num_preemptions_total", "vllm:num_preemptions_total", id="metrics"),
        pytest.param("a\u202eb\u200bc\x00d", "abcd", id="invisible"),
    ],
)
def test_foreign_text_is_shown_as_text(text, shown) -> None:
    """Three characters are escaped, formatting is taken away, the rest stays as it is."""
    assert mrkdwn(text, 100) == shown


def test_a_command_is_copied_as_it_is() -> None:
    """A look-alike in a command that somebody pastes would be another command."""
    assert code("kubectl get pods -l 'a in (*~)' > x", 100) == (
        "kubectl get pods -l 'a in (*~)' &gt; x"
    )


def test_a_page_of_ours_is_a_link_and_anything_else_is_not() -> None:
    """An address that could end the link would make a link of somebody else's."""
    fine = payload(Message(text="x", blocks=(Context(text="rule", page="https://t.example/1"),)))
    bad = payload(Message(text="x", blocks=(Context(text="rule", page="https://t|a> <!here"),)))

    assert _texts(fine)[-1] == "rule · <https://t.example/1|page>"
    assert _texts(bad)[-1] == "rule"


def test_what_does_not_fit_is_left_out_and_said() -> None:
    """A message that Slack refuses as a whole says nothing at all."""
    long = tuple(Section(text=f"{n} " + "x" * 2700) for n in range(9))

    shown = payload(Message(text="long", blocks=long))["blocks"]

    assert [one["type"] for one in shown] == ["section"] * 4 + ["context"]
    assert _texts(shown[-1]) == ["5 parts are left out here; the incident's page has them all"]


def _characters(value) -> int:
    return sum(len(text) for text in _strings(value))


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


def _texts(shown) -> list[str]:
    """Return the texts of mrkdwn objects."""
    found = []
    if isinstance(shown, dict):
        if shown.get("type") == "mrkdwn":
            assert shown["verbatim"] is True
            found.append(shown["text"])
        for part in shown.values():
            found += _texts(part)
    elif isinstance(shown, list):
        for part in shown:
            found += _texts(part)
    return found
