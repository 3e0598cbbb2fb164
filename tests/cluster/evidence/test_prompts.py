"""What users asked a model stands in no evidence, however it is written into a log."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.evidence.prompts import without_prompts

MARK = "diagnosis"
ODD = st.text(st.sampled_from("[]{}()\"'\\,: \n\té\u2028a"), max_size=12)
PROMPT = st.builds("{}{}{}".format, ODD, st.just(MARK), ODD)
PART = st.one_of(PROMPT, st.lists(st.fixed_dictionaries({"type": ODD, "text": PROMPT}), max_size=3))
MESSAGES = st.lists(st.fixed_dictionaries({"role": ODD, "content": PART}), min_size=1, max_size=3)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param(
            '{"messages": [{"role":"user","content":"see a[0], my diagnosis"}], "n": 1}',
            '{"messages": ***, "n": 1}',
            id="a-bracket-in-a-string",
        ),
        pytest.param(
            "content: [{'type': 'text', 'text': \"it's [my] diagnosis\"}, ['a']] end",
            "content: *** end",
            id="lists-in-lists",
        ),
        pytest.param(
            '"messages": [{"content": "a] my diagn\nINFO ready',
            '"messages": ***\nINFO ready',
            id="cut",
        ),
        pytest.param(
            '"prompt": [\n  "a]",\n  "diagnosis"\n], "n": 1', '"prompt": ***, "n": 1', id="indented"
        ),
        pytest.param("input: [one\nINFO ready", "input: ***\nINFO ready", id="never-closed"),
        pytest.param(
            '2026-03-01T12:00:00.1Z input: [\n2026-03-01T12:00:00.1Z  "a]",\n'
            "2026-03-01T12:00:00.1Z  12,\n2026-03-01T12:00:00.1Z ]\nINFO ready",
            "2026-03-01T12:00:00.1Z input: ***\nINFO ready",
            id="indented-in-a-log-with-moments",
        ),
        pytest.param(
            "input: [1\n2026-03-01T12:00:00.1Z [2026-03-01 12:00:00] ready",
            "input: ***\n2026-03-01T12:00:00.1Z [2026-03-01 12:00:00] ready",
            id="never-closed-before-a-moment",
        ),
        pytest.param("input: [", "input: ***", id="only-begun"),
        pytest.param("prompt: 'a\n[b', n", "prompt: ***, n", id="a-string-of-two-lines"),
    ],
)
def test_a_list_of_prompts_is_hidden_up_to_its_own_end(text: str, kept: str) -> None:
    """A bracket that a user wrote ends nothing; the next line of the log is evidence again."""
    assert without_prompts(text) == kept


@given(messages=MESSAGES, indent=st.sampled_from((None, 2)), ascii_only=st.booleans())
def test_no_word_of_a_message_survives(
    messages: list[object], indent: int | None, *, ascii_only: bool
) -> None:
    """Whatever brackets and quotes a user wrote, as JSON or as Python writes a list."""
    body = {"messages": messages, "n": 1}
    plain = json.dumps(body, indent=indent, ensure_ascii=ascii_only)

    told = [without_prompts(f"body {plain} end"), without_prompts(f"Received: {body!r} end")]

    assert [one for one in told if MARK in one or not one.endswith("} end")] == []


@given(messages=MESSAGES, share=st.floats(0, 1))
def test_no_word_survives_where_the_log_was_cut(messages: list[object], share: float) -> None:
    """A log is read up to a size, which may end amid a word."""
    plain = json.dumps({"messages": messages})

    kept = without_prompts(plain[: int(len(plain) * share)])

    assert MARK not in kept
    assert '{"messages": ***}'.startswith(kept.replace("[", ""))
