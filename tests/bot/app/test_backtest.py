"""Backtest: from steps of a history to occurrences, from occurrences to notices."""

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app.backtest import grouping, history
from bot.app.backtest.history import Period
from bot.app.backtest.occurrences import MISSED, Occurrence, Sightings
from bot.app.backtest.outcome import outcome
from bot.app.backtest.replay import Replay
from cluster.signals.answers import Track, Trouble
from cluster.signals.promql import Promql
from cluster.signals.reading import Why
from incidents.alert import Alert
from incidents.default_policy import default_policy
from incidents.errors import Rejected, TriagedError, Unavailable
from incidents.policy import Severity
from runbooks.language import duration
from runbooks.language.document import Entries, Items, read

START = datetime(2026, 3, 1, tzinfo=UTC)
STEP = timedelta(minutes=1)
TIMES = ("group_wait", "group_interval")
LABELS = (("alertname", "KVCacheFull"), ("namespace", "llm"))
WANTED = Period(start=START, end=START + timedelta(days=3), step=STEP, because="a test")


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def track(*minutes: float, value: float = 1.0, state: bool = True) -> Track:
    labels = (*LABELS, ("alertstate", "firing")) if state else LABELS
    return Track(labels=labels, points=tuple((at(one), value) for one in minutes))


def seen(*minutes: float, active: float | None = None) -> tuple[Occurrence, ...]:
    """Return the occurrences of a series that fired at these steps, active since one moment."""
    found = Sightings(step=STEP)
    since = () if active is None else (track(*minutes, value=at(active).timestamp(), state=False),)
    found.add([track(*minutes)], since)
    return found.occurrences(start=START, end=at(1000))


def times(found: Sequence[Occurrence]) -> list[tuple[datetime, datetime | None]]:
    return [(one.starts_at, one.ends_at) for one in found]


def test_steps_in_a_row_are_one_occurrence() -> None:
    """It ends when it is seen no more."""
    assert times(seen(5, 6, 7)) == [(at(5), at(8))]


def test_a_gap_is_an_end_where_nobody_says_otherwise() -> None:
    """An alert that ended and fired again is two occurrences, and may be two pages."""
    assert times(seen(5, 6, 9, 10)) == [(at(5), at(7)), (at(9), at(11))]


def test_a_rule_that_was_not_evaluated_ends_nothing() -> None:
    """A restart of Prometheus is no end of what is wrong."""
    assert times(seen(5, 6, 9, 10, active=3)) == [(at(5), at(11))]
    longer = MISSED / STEP + 7
    assert len(seen(5, 6, longer, active=3)) == 2


def test_what_became_active_again_is_another_occurrence() -> None:
    """It ended and fired again between two steps; only ALERTS_FOR_STATE knows."""
    found = Sightings(step=STEP)
    for minute, active in ((5, 3), (6, 5.5)):
        since = track(minute, value=at(active).timestamp(), state=False)
        found.add([track(minute)], [since])

    assert len(found.occurrences(start=START, end=at(1000))) == 2


def test_what_fires_at_both_ends_of_the_history_is_not_cut_to_it() -> None:
    """Where it began is known, and where it ends is not."""
    found = Sightings(step=STEP)
    minutes = range(11)
    since = track(*minutes, value=at(-60).timestamp(), state=False)
    found.add([track(*minutes)], [since])
    (one,) = found.occurrences(start=START, end=at(10))

    assert (one.starts_at, one.ends_at, one.cut) == (at(-60), None, True)


@given(
    cuts=st.lists(st.integers(1, 99), max_size=6),
    fires=st.sets(st.integers(0, 99), min_size=1),
)
def test_how_a_history_is_cut_into_chunks_changes_nothing(cuts: list[int], fires: set[int]) -> None:
    """An alert over a chunk's border is one alert."""
    found = Sightings(step=STEP)
    borders = [0, *sorted(set(cuts)), 100]
    for low, high in itertools.pairwise(borders):
        mine = [minute for minute in sorted(fires) if low <= minute < high]
        found.add([track(*mine)] if mine else [], [])

    assert times(found.occurrences(start=START, end=at(1000))) == times(seen(*sorted(fires)))


class Past:
    """A Prometheus that refuses what is longer than it likes, and notes what it was asked."""

    def __init__(
        self,
        *,
        most: int = 10**6,
        why: Why = Why.REFUSED,
        every: tuple[timedelta, ...] = (timedelta(seconds=30), STEP),
    ) -> None:
        self.asked: list[tuple[datetime, datetime]] = []
        self._most, self._why, self._every = most, why, every

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        if "up" in query:
            return ()
        if (end - start) // step > self._most:
            return Trouble(why=self._why, detail="too many samples")
        if "FOR_STATE" in query:
            return ()
        self.asked.append((start, end))
        return (track(5, 6, 7),) if start <= at(5) <= end else ()

    def alert_intervals(self) -> tuple[timedelta, ...] | Trouble:
        return self._every


def test_every_step_is_asked_for_once() -> None:
    """A step that is left out hides an alert, one that is asked for twice splits it."""
    past = Past()
    history.read(past, WANTED, without=(), tell=lambda _: None)

    steps = [
        start + n * STEP for start, end in past.asked for n in range((end - start) // STEP + 1)
    ]
    assert steps == [START + n * STEP for n in range(3 * 24 * 60 + 1)]
    assert max(end - start for start, end in past.asked) < timedelta(days=1)


def test_a_chunk_that_is_too_large_is_cut() -> None:
    """A storm has more samples than a server likes to load at once."""
    past = Past(most=100)
    found = history.read(past, WANTED, without=("Watchdog",), tell=lambda _: None)

    assert times(found.occurrences) == [(at(5), at(8))]
    assert max((end - start) // STEP for start, end in past.asked) <= 100


@pytest.mark.parametrize(
    ("why", "error"),
    [
        pytest.param(Why.REFUSED, Rejected, id="refused"),
        pytest.param(Why.UNREACHABLE, Unavailable, id="away"),
        pytest.param(Why.TIMEOUT, Unavailable, id="slow"),
        pytest.param(Why.PARTIAL, Unavailable, id="by-half"),
    ],
)
def test_half_a_history_is_none(why: Why, error: type[TriagedError]) -> None:
    """What could not be read would look like calm."""
    with pytest.raises(error) as raised:
        history.read(Past(most=2, why=why), WANTED, without=(), tell=lambda _: None)

    assert str(raised.value).startswith("the history from 2026-03-01 00:00 UTC: ")


def test_the_step_is_that_of_the_fastest_rule() -> None:
    """What is looked at less often than it is evaluated is missed."""
    end = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ours = history.period(Past(), end=end, days=30, step=None)
    asked = history.period(Past(), end=end, days=30, step=STEP)

    assert (ours.step, asked.step) == (timedelta(seconds=30), STEP)
    assert ours.end - ours.start == timedelta(days=30)


@pytest.mark.parametrize(
    ("every", "step", "because"),
    [
        pytest.param((0, 30), 30, "as often as the fastest alerting rule is evaluated", id="one"),
        pytest.param((0,), 60, "none of its alerting rules is evaluated every 1 s to 1 h", id="0"),
        pytest.param(
            (-5, 0.01, 7200), 60, "none of its alerting rules is evaluated every 1 s to 1 h", id="-"
        ),
    ],
)
def test_a_step_that_cannot_be_is_not_taken(
    every: Sequence[float], step: float, because: str
) -> None:
    """A server that calls itself Prometheus may say 0, and nothing is divided by that."""
    past = Past(every=tuple(timedelta(seconds=one) for one in every))

    found = history.period(past, end=START, days=1, step=None)

    assert (found.step, found.because) == (timedelta(seconds=step), because)
    assert history.read(past, found, without=(), tell=lambda _: None).occurrences == ()


def test_nothing_recorded_at_all_is_a_gap_over_everything() -> None:
    """No alert, and no history, are two things."""
    found = history.read(Past(), WANTED, without=(), tell=lambda _: None)

    assert found.gaps == ((WANTED.start, WANTED.end),)


def occurrence(
    start: float, end: float | None, pod: str = "a", name: str = "Full", severity: str = "page"
) -> Occurrence:
    labels = (("alertname", name), ("namespace", "llm"), ("pod", pod), ("severity", severity))
    ends = None if end is None else at(end)
    return Occurrence(labels=labels, starts_at=at(start), ends_at=ends)


def test_a_group_waits_and_then_tells_at_its_turns() -> None:
    """As Alertmanager does: a page after 10 s, everything else of it once a minute."""
    told = grouping.notices([occurrence(0, 10), occurrence(0.1, 3, "b"), occurrence(2, 10, "c")])

    assert [(one.at, len(one.firing), len(one.ended)) for one in told] == [
        (at(1 / 6), 2, 0),
        (at(2 + 1 / 6), 3, 0),
        (at(3 + 1 / 6), 2, 1),
        (at(10 + 1 / 6), 0, 2),
    ]


def test_what_ends_before_its_group_is_told_is_never_told() -> None:
    """Alertmanager does not tell of an end of which it told no beginning."""
    assert grouping.notices([occurrence(0, 0.1)]) == ()


def test_other_alerts_are_other_groups() -> None:
    """One that waits must not hold up another."""
    told = grouping.notices([occurrence(0, None), occurrence(0.05, None, name="Other")])

    assert [one.at for one in told] == [at(1 / 6), at(0.05 + 1 / 6)]


def test_what_is_no_page_waits_longer() -> None:
    """Two routes are two groups, also for alerts of one name."""
    told = grouping.notices(
        [occurrence(0, 20, severity="warning"), occurrence(0, 20, "b", severity="critical")]
    )

    assert [one.at for one in told] == [at(1 / 6), at(0.5), at(20 + 1 / 6), at(20.5)]


def test_the_groups_are_those_of_the_alertmanager_that_we_ship() -> None:
    """A backtest of other groups would promise other pages."""
    shipped = Path(__file__).parents[3] / "deploy" / "alertmanager" / "alertmanager.yaml"
    document = read(shipped.read_text(encoding="utf-8"), file=str(shipped))
    route = _plain(document.root)["route"]
    urgent, usual = grouping.TIMINGS
    severities = "|".join(sorted(urgent.severities))
    (page,) = (one for one in route["routes"] if "severity" in str(one["matchers"]))

    assert tuple(route["group_by"]) == grouping.GROUP_BY
    assert [_span(route[name]) for name in TIMES] == [usual.wait, usual.interval]
    assert [_span(page[name]) for name in TIMES] == [urgent.wait, urgent.interval]
    assert page["matchers"] == [f'severity =~ "{severities}"']
    assert "group_by" not in page


def _plain(node: Any) -> Any:  # YAML's own types
    match node:
        case Entries():
            return {name: _plain(value) for name, value in node.entries.items()}
        case Items():
            return [_plain(value) for value in node.items]
        case _:
            return node.value


def _span(text: str) -> timedelta:
    return duration.parse(text)


@given(
    spans=st.lists(
        st.tuples(st.integers(0, 500), st.integers(1, 60), st.sampled_from("abc")), max_size=12
    )
)
def test_what_is_told_to_fire_is_told_to_end(spans: list[tuple[int, int, str]]) -> None:
    """Otherwise an incident would never be over."""
    alone = dict[str, int]()
    found = list[Occurrence]()
    for start, length, pod in sorted(spans):
        begin = max(start, alone.get(pod, 0) + 5)
        found.append(occurrence(begin, begin + length, pod))
        alone[pod] = begin + length
    told = grouping.notices(found)

    firing = {one for notice in told for one in notice.firing}
    assert firing == {one for notice in told for one in notice.ended}
    assert [one.at for one in told] == sorted(one.at for one in told)


def test_a_notice_is_written_as_a_webhook() -> None:
    """What is replayed goes through the parser of what is delivered."""
    (first, last) = grouping.notices([occurrence(0, 2)])

    assert [json.loads(grouping.body(one))["status"] for one in (first, last)] == [
        "firing",
        "resolved",
    ]
    assert json.loads(grouping.body(last))["alerts"][0]["endsAt"] == at(2).isoformat()


def test_pages_go_to_the_roles_of_the_policy() -> None:
    """Before anything is switched on a team sees whom it would have woken, and how often."""
    policy = default_policy()

    def chosen(_: Alert) -> tuple[str, str]:
        return "triage", "nothing else matches"

    replay = Replay(policy=policy, choose=chosen, start=START)
    bad = occurrence(30, 50, "b", "LLMDServiceDown")
    replay.run(grouping.notices([occurrence(0, 60, "a", "Unknown"), bad]), end=at(200))
    result = outcome(replay.desk, (bad,))

    (one,) = result.incidents
    assert (one.severity, one.occurrences, one.alerts) == (
        Severity.P0,
        2,
        ("LLMDServiceDown", "Unknown"),
    )
    assert one.resolved_at is not None
    assert [(page.severity, page.because) for page in result.pages] == [
        (Severity.P2, "it opened"),
        (Severity.P0, "it rose to P0"),
    ]
    assert result.pages[1].roles == policy.demands[Severity.P0].roles
