"""Fingerprints, keys and order, against what Debian's Alertmanager 0.25 answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.alertmanager import labels as label_sets
from drills.alertmanager.config import Route, routed
from drills.alertmanager.matchers import parse

LABELS = st.dictionaries(st.sampled_from("abcj") | st.just("job"), st.text(max_size=3), max_size=4)


@pytest.mark.parametrize(
    ("labels", "known"),
    [
        pytest.param({"alertname": "Fut60"}, "467a8584943052c1", id="one-label"),
        pytest.param({"model": "m", "i": "1", "alertname": "B"}, "9b179c939d7e74e2", id="unsorted"),
        pytest.param(
            {"alertname": 'KV "x" é\n&<b>', "severity": "page", "team": "a"},
            "636c24b1dd695573",
            id="beyond-ascii",
        ),
        pytest.param({}, "cbf29ce484222325", id="empty"),
    ],
)
def test_a_fingerprint_is_alertmanagers(labels: dict[str, str], known: str) -> None:
    """Occurrences are told apart by it, also between a stand-in and a real Alertmanager."""
    assert label_sets.fingerprint(labels) == known


def test_a_group_key_is_quoted_as_go_does() -> None:
    """The key is compared as text: one other escape is another key."""
    labels = {"alertname": 'KV "x" é\n&<b>\x01\u00ad', "model": "m"}

    assert label_sets.text(labels) == (r'{alertname="KV \"x\" é\n&<b>\x01\u00ad", model="m"}')


def test_a_child_route_is_named_by_its_matchers() -> None:
    """A groupKey holds the path through the routing tree."""
    child = Route(matchers=(parse('team=~"a|b"'), parse('severity="page"')), group_by=("...",))
    tree = Route(receiver="triaged", routes=(child, Route(receiver="late")))

    assert [one.key for one in routed(tree, {"team": "a", "severity": "page"})] == [
        '{}/{severity="page",team=~"a|b"}'
    ]
    assert [one.receiver for one in routed(tree, {"team": "c"})] == ["late"]


def test_a_route_that_goes_on_lets_the_next_match_too() -> None:
    """`continue` is how one alert reaches two receivers."""
    tree = Route(receiver="root", routes=(Route(receiver="a", going_on=True), Route(receiver="b")))

    assert [one.receiver for one in routed(tree, {"x": "y"})] == ["a", "b"]


@given(LABELS, LABELS)
def test_a_fingerprint_does_not_know_the_order_of_labels(
    one: dict[str, str], other: dict[str, str]
) -> None:
    """Equal label sets are the same alert however they were sent."""
    turned = dict(reversed(one.items()))

    assert label_sets.fingerprint(turned) == label_sets.fingerprint(one)
    assert (label_sets.text(one) == label_sets.text(other)) == (one == other)


@given(LABELS, LABELS)
def test_the_order_of_alerts_has_two_ends(one: dict[str, str], other: dict[str, str]) -> None:
    """A comparison that contradicts itself would shuffle bodies between members."""
    there, back = label_sets.compare(one, other), label_sets.compare(other, one)

    assert (there > 0) == (back < 0)
    assert (there == 0) == (one == other)
