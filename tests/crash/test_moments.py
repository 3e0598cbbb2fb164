"""Twins of points are told apart from the points that must be killed."""

from tests.crash.moments import distinct, twins

STORY = [
    "before commit: keep #1",
    "after commit: keep #1",
    "before commit: append incident-1-1 #1",
    "after commit: append incident-1-1 #1",
    "before request: chat.postMessage incident-1/headline #1",
    "after request: chat.postMessage incident-1/headline #1",
]


def test_before_a_step_is_the_same_moment_as_after_the_last_one() -> None:
    """Killing twice at one moment costs the minutes in which another one is tried."""
    assert twins(STORY) == ["before request: chat.postMessage incident-1/headline #1"]


def test_no_point_is_neither_killed_nor_a_twin() -> None:
    """A point that fell out of both lists would never be tried, and nobody would notice."""
    assert sorted([*distinct(STORY), *twins(STORY)]) == sorted(STORY)


def test_after_a_kept_delivery_somebody_is_answered() -> None:
    """The door answers between its commit and the next step: a kill may come before or after."""
    assert "before commit: append incident-1-1 #1" in distinct(STORY)
