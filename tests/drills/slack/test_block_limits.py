"""Slack's documented limits of Block Kit, from both sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.slack.blockkit.blocks import message_problems, view_block_problems
from drills.slack.blockkit.views import view_problems


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text}


def _mrkdwn(text: str) -> dict[str, object]:
    return {"type": "mrkdwn", "text": text}


def _button(**more: object) -> dict[str, object]:
    return {"type": "button", "action_id": "go", "text": _plain("Go")} | more


def _actions(*elements: dict[str, object]) -> dict[str, object]:
    return {"type": "actions", "elements": list(elements)}


def _option(number: int) -> dict[str, object]:
    return {"text": _plain("one"), "value": str(number)}


def _confirm(**more: object) -> dict[str, object]:
    words = {"title": "Sure?", "text": "Really?", "confirm": "Yes", "deny": "No"} | more
    return {name: _plain(str(text)) for name, text in words.items()}


# Each line: where the text goes, the most characters, and the block that carries it.
LENGTHS = [
    pytest.param(150, lambda t: {"type": "header", "text": _plain(t)}, id="header"),
    pytest.param(3000, lambda t: {"type": "section", "text": _mrkdwn(t)}, id="section"),
    pytest.param(2000, lambda t: {"type": "section", "fields": [_mrkdwn(t)]}, id="field"),
    pytest.param(3000, lambda t: {"type": "context", "elements": [_mrkdwn(t)]}, id="context"),
    pytest.param(255, lambda t: {"type": "divider", "block_id": t}, id="block-id"),
    pytest.param(255, lambda t: _actions(_button(action_id=t)), id="action-id"),
    pytest.param(75, lambda t: _actions(_button(text=_plain(t))), id="button-text"),
    pytest.param(2000, lambda t: _actions(_button(value=t)), id="button-value"),
    pytest.param(100, lambda t: _actions(_button(confirm=_confirm(title=t))), id="confirm-title"),
    pytest.param(300, lambda t: _actions(_button(confirm=_confirm(text=t))), id="confirm-text"),
    pytest.param(30, lambda t: _actions(_button(confirm=_confirm(deny=t))), id="confirm-deny"),
]

COUNTS = [
    pytest.param(50, lambda n: [{"type": "divider"}] * n, id="blocks-of-a-message"),
    pytest.param(
        10, lambda n: [{"type": "section", "fields": [_mrkdwn("x")] * n}], id="fields-of-a-section"
    ),
    pytest.param(
        10, lambda n: [{"type": "context", "elements": [_mrkdwn("x")] * n}], id="context-elements"
    ),
    pytest.param(
        25,
        lambda n: [_actions(*[_button(action_id=str(number)) for number in range(n)])],
        id="elements-of-actions",
    ),
    pytest.param(
        100,
        lambda n: [
            _actions(
                {
                    "type": "static_select",
                    "action_id": "a",
                    "options": [_option(number) for number in range(n)],
                }
            )
        ],
        id="options-of-a-select",
    ),
    pytest.param(
        5,
        lambda n: [
            _actions(
                {
                    "type": "overflow",
                    "action_id": "a",
                    "options": [_option(number) for number in range(n)],
                }
            )
        ],
        id="options-of-an-overflow",
    ),
]


@pytest.mark.parametrize(("most", "block"), LENGTHS)
@given(data=st.data())
def test_text_is_legal_up_to_its_limit_and_not_beyond(most, block, data) -> None:
    """The bot truncates to these numbers: one more or less loses text or the whole message."""
    length = data.draw(st.integers(min_value=1, max_value=most + 50) | st.just(most))

    problems = message_problems([block("x" * length)])

    assert (problems == ()) == (length <= most)


@pytest.mark.parametrize(("most", "blocks"), COUNTS)
def test_so_many_are_legal_and_one_more_is_not(most, blocks) -> None:
    """The bot splits and folds at these numbers."""
    assert message_problems(blocks(most)) == ()
    assert [p.message for p in message_problems(blocks(most + 1))] == [
        f"no more than {most} items allowed"
    ]


ILLEGAL = [
    pytest.param([], "/blocks", "no fewer than 1 items allowed", id="nothing"),
    pytest.param("x", "/blocks", "must be an array", id="text"),
    pytest.param([7], "/blocks/0", "must be an object", id="number"),
    pytest.param([{}], "/blocks/0", "missing required field: type", id="no-type"),
    pytest.param(
        [{"type": "marquee"}], "/blocks/0/type", "unsupported type: marquee", id="unknown-type"
    ),
    pytest.param(
        [{"type": "divider", "colour": "red"}],
        "/blocks/0",
        "invalid additional property: colour",
        id="unknown-field",
    ),
    pytest.param(
        [{"type": "section"}],
        "/blocks/0",
        "must have at least one of: text, fields",
        id="empty-section",
    ),
    pytest.param(
        [{"type": "header", "text": _mrkdwn("x")}],
        "/blocks/0/text/type",
        "unsupported type: mrkdwn",
        id="mrkdwn-header",
    ),
    pytest.param(
        [{"type": "context", "elements": [_button()]}],
        "/blocks/0/elements/0/type",
        "unsupported type: button",
        id="button-in-context",
    ),
    pytest.param(
        [_actions(_button(), _button())],
        "/blocks",
        "action_id already exists: go",
        id="same-action-twice",
    ),
    pytest.param(
        [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}],
        "/blocks",
        "block_id already exists: a",
        id="same-block-twice",
    ),
    pytest.param(
        [{"type": "image", "alt_text": "x"}],
        "/blocks/0",
        "must have exactly one of: image_url, slack_file",
        id="image-of-nothing",
    ),
    pytest.param(
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2,
        "/blocks",
        "only one table allowed",
        id="two-tables",
    ),
    pytest.param(
        [{"type": "markdown", "text": "x" * 6001}] * 2,
        "/blocks",
        "markdown blocks must be less than 12001 characters in all",
        id="markdown-in-all",
    ),
    pytest.param(
        [{"type": "input", "label": _plain("x"), "element": {"type": "plain_text_input"}}],
        "/blocks/0/type",
        "unsupported type: input",
        id="input-in-a-message",
    ),
]


@pytest.mark.parametrize(("blocks", "pointer", "message"), ILLEGAL)
def test_each_mistake_is_named_with_its_place(blocks, pointer, message) -> None:
    """A refusal without its place costs whoever builds the message an hour."""
    found = [(p.pointer, p.message) for p in message_problems(blocks)]

    assert found == [(pointer, message)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "fields", "accessory", "options", "block_id"]
            ),
            inner | st.sampled_from(["section", "actions", "button", "mrkdwn", "rich_text"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_judged_without_falling_over(blocks) -> None:
    """A bug in a view must be answered with invalid_blocks, never with a 500."""
    assert isinstance(message_problems(blocks), tuple)
    assert isinstance(view_block_problems(blocks), tuple)
    assert view_problems(blocks) != ()


def test_a_modal_with_a_question_needs_a_submit_button() -> None:
    """Slack refuses it as soon as one input block exists."""
    question = {
        "type": "input",
        "label": _plain("Why?"),
        "element": {"type": "plain_text_input", "action_id": "a"},
    }
    modal = {"type": "modal", "title": _plain("Why?"), "blocks": [question]}

    problems = view_problems(modal)

    assert [p.message for p in problems] == ["missing required field: submit"]
    assert view_problems(modal | {"submit": _plain("Send")}) == ()
