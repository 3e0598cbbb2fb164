"""What is outside the subset is refused by name, never answered half."""

import pytest

from drills.prometheus import language
from drills.prometheus.errors import BadQuery, Unsupported
from drills.prometheus.matchers import pattern
from drills.prometheus.tree import Selector


@pytest.mark.parametrize(
    ("expr", "construct"),
    [
        pytest.param("max_over_time(rate(x[5m])[1h:1m])", "subquery", id="subquery"),
        pytest.param("x @ 1609746000", "@ modifier", id="at"),
        pytest.param("rate(x[5m] @ start())", "@ modifier", id="at-start"),
        pytest.param('{a="1" or b="2"}', "alternative matchers", id="or-in-braces"),
        pytest.param('count_values("v", x)', "aggregation count_values", id="count-values"),
        pytest.param("limitk(2, x)", "aggregation limitk", id="limitk"),
        pytest.param("x atan2 y", "operator atan2", id="atan2"),
        pytest.param("x + on (a) fill (0) y", "fill modifier", id="fill"),
        pytest.param("predict_linear(x[1h], 60)", r"function predict_linear\(\)", id="function"),
        pytest.param("sum(rate(x[5m])) + histogram_sum(y)", "histogram_sum", id="deep-inside"),
        pytest.param(r'x{a=~"\\pL+"}', "regular expression", id="unicode-class"),
        pytest.param('x{a=~"a++"}', "regular expression", id="possessive"),
        pytest.param('x{a=~"(?x)a b"}', "regular expression", id="verbose"),
        pytest.param('x{a=~"a{,3}"}', "regular expression", id="open-repeat"),
        pytest.param('x{a=~"[[:alpha:]]"}', "regular expression", id="posix-class"),
        pytest.param('x{a=~"(?i)É"}', r"'É' under \(\?i\)", id="folded"),
        pytest.param('x{a=~"(?s-i:a)(?si:é)"}', r"'é' under \(\?i\)", id="folded-group"),
        pytest.param(r'x{a=~"(?i)\\xC9"}', r"under \(\?i\)", id="folded-escape"),
        pytest.param('x{a=~"a{1001}"}', "more than 1000 repeats", id="repeat"),
        pytest.param('x{a=~"a{2,1001}"}', "more than 1000 repeats", id="repeat-to"),
        pytest.param('x{a=~"a{1001,}"}', "more than 1000 repeats", id="repeat-from"),
        pytest.param(
            'x{a=~"(b(a{100}|c)*){11}"}', "more than 1000 repeats", id="repeat-of-repeats"
        ),
        pytest.param('x{a=~"a{01}"}', "regular expression", id="leading-zero"),
    ],
)
def test_a_construct_outside_the_subset_is_named(expr: str, construct: str) -> None:
    """A drill whose query is half understood would teach something wrong."""
    with pytest.raises(Unsupported, match=construct):
        language.read(expr)


@pytest.mark.parametrize(
    "expr",
    [
        "",
        "sum(",
        "rate(x)",
        "nope(x)",
        "x{",
        "{}",
        "1 > 2",
        '"a" + 1',
        "x[0s]",
        "1 and 2",
        "-x[5m]",
    ],
)
def test_what_is_not_promql_is_bad(expr: str) -> None:
    """Prometheus says bad_data, and clients tell that apart from a query that failed."""
    with pytest.raises(BadQuery):
        language.read(expr)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("(?i)DECODE-.", True),
        ("decode-[0-9]+", True),
        ("decode", False),
        (".*-1|x", True),
        ("decode-1|É", True),
        ("decode-1|(?-i:É)", True),
        ("decode-1|a{1000}", True),
        ("decode-1|(a{40}){25}(b{40}){25}", True),
        (r"decode-1|[{1001}]|\{1001}", True),
    ],
)
def test_what_both_read_alike_is_read(text: str, fits: bool) -> None:
    """Most expressions in rules are of this kind."""
    assert (pattern(text).fullmatch("decode-1") is not None) is fits


def test_a_number_without_end_is_more_than_a_thousand() -> None:
    """Python reads no number of so many digits, and whoever asks must not see that it does not."""
    with pytest.raises(Unsupported, match="more than 1000 repeats"):
        pattern(f"a{{{'9' * 5000}}}")


def test_an_escaped_backslash_escapes_nothing_after_it() -> None:
    r"""A pod may be named so in a hostile alert: `\\\\0` is a backslash and a zero, not a NUL."""
    assert pattern(r"\\0").fullmatch(r"\0") is not None
    with pytest.raises(Unsupported):
        pattern(r"\\\0")


def test_matchers_are_anchored_at_both_ends() -> None:
    """`decode-1` must not select decode-10."""
    node = language.read('x{pod=~"decode-1|decode-2"}')

    assert isinstance(node, Selector)
    pods = ["decode-1", "decode-10", "a-decode-1", "decode-2", ""]
    assert [node.matchers[0].fits({"pod": pod}) for pod in pods] == [
        True,
        False,
        False,
        True,
        False,
    ]
