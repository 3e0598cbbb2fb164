"""What stands in a file is what was meant, and every value knows its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.language import document
from runbooks.language.document import Entries, Items, Scalar


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param("no", "no", id="no-is-a-word"),
        pytest.param("on", "on", id="on-is-a-word"),
        pytest.param("true", True, id="true"),
        pytest.param("~", None, id="nothing"),
        pytest.param("", None, id="left-out"),
        pytest.param("12", 12, id="a-number"),
        pytest.param("-1.5", -1.5, id="a-fraction"),
        pytest.param("0x10", "0x10", id="no-hexadecimal"),
        pytest.param("1e3", "1e3", id="no-exponent"),
        pytest.param("12:30", "12:30", id="no-sexagesimal"),
        pytest.param("2026-03-01", "2026-03-01", id="no-date"),
        pytest.param('"12"', "12", id="quotes-are-text"),
        pytest.param("'true'", "true", id="single-quotes-too"),
    ],
)
def test_a_value_is_what_it_looks_like(written, value):
    """YAML 1.1 reads `no` as False and 12:30 as 750."""
    read = document.read(f"key: {written}\n", file="f")

    assert read.root == Entries(
        entries={"key": Scalar(value=value, line=1)}, lines={"key": 1}, line=1
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param(">-\n  one\n  two\n\n  three\n", "one two\nthree", id="folded"),
        pytest.param("|-\n  one\n  two\n", "one\ntwo", id="as-it-stands"),
        pytest.param('"one\\atwo"', "one\atwo", id="a-bell-of-the-author"),
    ],
)
def test_long_text_is_read_without_the_parsers_marks(written, value):
    """The parser keeps a bell where it folds a line; questions were posed with it."""
    read = document.read(f"key: {written}\n", file="f")

    assert isinstance(read.root, Entries)
    assert read.root.entries["key"] == Scalar(value=value, line=1)


def test_every_node_knows_its_line():
    """Errors name lines."""
    read = document.read("a:\n  - 1\n  - b: 2\n", file="f")

    assert read.root == Entries(
        entries={
            "a": Items(
                items=(
                    Scalar(value=1, line=2),
                    Entries(entries={"b": Scalar(value=2, line=3)}, lines={"b": 3}, line=3),
                ),
                line=2,
            )
        },
        lines={"a": 1},
        line=1,
    )


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_and_never_raises(text):
    """A broken file must be one complaint in a list, not the end of the program."""
    read = document.read(text, file="f")

    assert read.root is not None or read.problems
