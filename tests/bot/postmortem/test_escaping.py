"""Foreign text in Markdown stays text, whatever it is."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.postmortem.escaping import block, code, text
from bot.postmortem.legible import legible, one_line
from tests.bot.postmortem.hostile import HOSTILE

MEANINGFUL = "\\`*_{}[]()#+-.!|<>&~=:/@$^\"' \t\n0a\u00e9"
foreign = st.one_of(st.text(), st.text(alphabet=MEANINGFUL), st.sampled_from(HOSTILE))


def hostile(test: Callable[..., None], *, texts: int = 1) -> Callable[..., None]:
    """Try the whole corpus as well as what is found by chance."""
    for one in HOSTILE:
        test = example(*[one] * texts)(test)
    return test


def parser() -> MarkdownIt:
    """Return a parser that knows more than ours: links by themselves, HTML, strikethrough."""
    return MarkdownIt("gfm-like", {"html": True, "linkify": False, "typographer": False})


def inlines(markdown: str) -> list[tuple[str, str]]:
    """Return type and content of everything within the blocks of the Markdown."""
    found = [
        (child.type, child.content)
        for token in parser().parse(markdown)
        for child in token.children or ()
    ]
    kinds = [("text" if kind == "text_special" else kind, content) for kind, content in found]
    return [("text", "".join(content for _, content in kinds))] if _plain(kinds) else kinds


def _plain(kinds: list[tuple[str, str]]) -> bool:
    return {kind for kind, _ in kinds} <= {"text"}


@hostile
@given(foreign)
def test_a_paragraph_shows_exactly_the_text(said: str) -> None:
    """A mark that is lost is evidence that is lost; one that works is an attack."""
    shown = one_line(said).strip()

    assert inlines(f"so: {text(said)}") == [("text", f"so: {shown}".rstrip())]


@hostile
@given(foreign)
def test_text_at_the_start_of_a_line_begins_no_block(said: str) -> None:
    """A label that begins with # must not become the document's heading."""
    kinds = [token.type for token in parser().parse(text(said))]

    assert kinds in ([], ["paragraph_open", "inline", "paragraph_close"])


@hostile
@given(foreign)
def test_a_list_item_holds_the_text_and_no_list(said: str) -> None:
    """A gap or a follow-up that begins with a dash must not become a list of its own."""
    kinds = {token.type for token in parser().parse(f"- {text(said)}")}

    inner = {"paragraph_open", "inline", "paragraph_close"}
    assert kinds <= {"bullet_list_open", "bullet_list_close", "list_item_open"} | inner | {
        "list_item_close"
    }
    assert inlines(f"- so: {text(said)}")[0][0] == "text"


@partial(hostile, texts=2)
@given(foreign, foreign)
def test_a_row_keeps_its_cells(first: str, second: str) -> None:
    """A pipe in a label would push every later cell one column on."""
    table = f"| a | b |\n|---|---|\n| {text(first)} | {code(second)} |\n"

    row = [token for token in parser().parse(table) if token.type == "inline"][2:]

    assert [_told(token) for token in row] == [one_line(first), one_line(second)]


@hostile
@given(foreign)
def test_a_block_shows_exactly_the_lines(said: str) -> None:
    """A query that could end its block would write the rest of the document."""
    tokens = parser().parse(block(said))

    assert [token.type for token in tokens] == ["fence"]
    assert tokens[0].content.rstrip("\n") == legible(said).strip("\n")


@pytest.mark.parametrize(
    ("said", "written"),
    [
        pytest.param("ttft_p95 is 8.4 s (at most 5)", "ttft_p95 is 8.4 s (at most 5)", id="plain"),
        pytest.param("https://evil.example", "https\\://evil.example", id="address"),
        pytest.param("www.evil.example", "www\\.evil.example", id="bare-address"),
        pytest.param("@channel", "\\@channel", id="mention"),
        pytest.param("1. one", "1\\. one", id="numbered"),
        pytest.param("a\nb", "a b", id="lines"),
        pytest.param("x\u202ey\x00", "x\\\\u202ey\\\\u0000", id="unseen"),
    ],
)
def test_what_is_harmless_stays_readable(said: str, written: str) -> None:
    """People read the Markdown too: only what could mean something gets a backslash."""
    assert text(said) == written


@given(st.text())
def test_legible_text_can_always_be_written(said: str) -> None:
    """A lone surrogate in one label must not stop a postmortem."""
    assert legible(said).encode("utf-8").decode("utf-8") == legible(said)


def test_a_long_text_is_cut_with_a_mark() -> None:
    """A reader must know that there was more."""
    assert legible("x" * 25, most=20) == f"{'x' * 20}… (5 more characters)"


def _told(token: object) -> str:
    children = getattr(token, "children", None) or ()
    assert {child.type for child in children} <= {"text", "text_special", "code_inline"}
    return "".join(child.content for child in children)
