"""Text from outside never becomes PromQL."""

import re
from datetime import timedelta

import promql_parser
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cluster.signals import promql
from cluster.signals.catalogue import SIGNALS
from cluster.signals.promql import Matcher
from cluster.targets.target import Target
from drills.prometheus import language
from tests.queries import story_queries

HOSTILE = st.text(
    st.one_of(
        st.sampled_from(
            list("\"\\'`{}[]()|,=~!.*+?^$#\n\r\t\0\x7f\x80\x9f\u2028\ud800\U0001f600 au0x")
        ),
        st.characters(),
    ),
    max_size=20,
)


def found(query: str) -> set[tuple[str, str]]:
    parsed = promql_parser.parse(query)
    return {(each.name, each.value) for each in parsed.matchers.matchers}


@settings(max_examples=1500)
@given(st.lists(HOSTILE, min_size=1, max_size=3))
@example(['"} or vector(1) or x{a="'])
@example(["\\"])
@example(["\ufffd", "\ud800"])
def test_every_value_is_read_back_as_it_was_written(values: list[str]) -> None:
    """A pod or model name that closes the quote would read, or hide, what it likes."""
    matchers = [Matcher(label=f"l{index}", value=value) for index, value in enumerate(values)]

    query = promql.selector("up", matchers)

    whole = [value.translate(dict.fromkeys(range(55296, 57344), "�")) for value in values]
    assert found(query) == {(f"l{index}", value) for index, value in enumerate(whole)}
    assert promql.REPLACEMENT not in query


@settings(max_examples=500)
@given(HOSTILE.filter(lambda text: text.isascii()), HOSTILE.filter(lambda text: text.isascii()))
def test_an_alternation_matches_its_values_and_nothing_else(value: str, other: str) -> None:
    """A dot in a pod's name must not match another pod."""
    matcher = promql.one_of("pod", [value])

    ((_, expression),) = found(promql.selector("up", [matcher]))
    # Only operators are escaped, and RE2 and Python read those alike.
    compiled = re.compile(expression)

    assert compiled.fullmatch(value)
    assert bool(compiled.fullmatch(other)) == (other == value)


def test_no_value_is_no_matcher() -> None:
    """`pod=~""` would match every series without a pod."""
    with pytest.raises(ValueError, match="no value for pod"):
        promql.one_of("pod", [])


@pytest.mark.parametrize("name", ["", "1a", "a b", 'a{x="1"}', "a\n", "ä"])
def test_a_metric_name_is_one(name: str) -> None:
    """Names come from the catalogue; a mistake there must not become another query."""
    with pytest.raises(ValueError, match="not a metric name"):
        promql.selector(name)


@pytest.mark.parametrize("name", ["", "1a", "a:b", "a\n", "ä"])
def test_a_label_name_is_one(name: str) -> None:
    """As for metrics."""
    with pytest.raises(ValueError, match="not a label name"):
        Matcher(label=name, value="x")


def test_a_selector_holds_window_and_offset() -> None:
    """The baseline asks for an hour, one hour ago."""
    hour = timedelta(hours=1)

    assert promql.selector("up", window=hour, offset=hour) == "up{}[3600s] offset 3600s"


def test_every_query_of_the_catalogue_is_promql_and_in_the_subset(target: Target) -> None:
    """The stand-in refuses what it does not know; the demo would stop there."""
    queries = story_queries(target)

    assert len(queries) > len(SIGNALS)
    assert [language.read(query) for query in queries]
