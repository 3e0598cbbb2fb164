"""Planned work: when it is, also where clocks are changed."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from incidents.maintenance import (
    Interval,
    Once,
    Weekday,
    Weekly,
    Window,
    concerns,
    excuses,
    held,
    intervals,
    standing,
)
from incidents.objectives import Planned
from incidents.patterns import LONGEST, Which


def at(day: int, hour: float, month: int = 3) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC) + timedelta(hours=hour)


def window(when: Once | Weekly, name: str = "upgrade") -> Window:
    return Window(name=name, which=Which(), when=when, reason="new nodes")


ONCE = Once(interval=Interval(start=at(1, 22), end=at(2, 2)))
SUNDAYS = Weekly(
    weekdays=frozenset({Weekday.SUNDAY}),
    at=time(1, 30),
    duration=timedelta(hours=3),
    timezone=ZoneInfo("Europe/Berlin"),
)


@pytest.mark.parametrize(
    ("when", "moment", "found"),
    [
        pytest.param(ONCE, at(1, 21.9), None, id="before"),
        pytest.param(ONCE, at(1, 22), ONCE.interval, id="its-first-moment"),
        pytest.param(ONCE, at(2, 2), None, id="its-end"),
        pytest.param(SUNDAYS, at(1, 0.5), Interval(start=at(1, 0.5), end=at(1, 3.5)), id="winter"),
        # On 2026-03-29 clocks go from 02:00 to 03:00 within the window.
        pytest.param(SUNDAYS, at(29, 3), Interval(start=at(29, 0.5), end=at(29, 3.5)), id="change"),
        pytest.param(
            SUNDAYS, at(5, 1, 4), Interval(start=at(4, 23.5, 4), end=at(5, 2.5, 4)), id="summer"
        ),
        pytest.param(SUNDAYS, at(2, 1), None, id="monday"),
    ],
)
def test_a_window_stands_from_its_start_up_to_its_end(
    when: Once | Weekly, moment: datetime, found: Interval | None
) -> None:
    """Also where the wall clock leaps, and where the day is another one in UTC."""
    stands = standing(window(when), moment)

    assert stands == found
    assert (stands is not None) == (found is not None and found.holds(moment))


@pytest.mark.parametrize(
    ("place", "labels"),
    [
        pytest.param({}, (), id="everywhere"),
        pytest.param({"namespace": "llm"}, (("namespace", "llm"),), id="namespace"),
        pytest.param({"model": "a*[b"}, (("model", "a[*][[]b"),), id="a-star-is-a-star"),
        pytest.param(
            {"namespace": "llm", "model": "m"},
            (("namespace", "llm"), ("model", "m")),
            id="both",
        ),
    ],
)
def test_planned_work_of_objectives_is_a_window_where_it_holds_alerts(
    place: dict[str, str], labels: tuple[tuple[str, str], ...]
) -> None:
    """It is written once, and must mean the same place to both."""
    work = Planned(name="w", start=at(1, 22), end=at(2, 2), reason="new nodes", **place)
    found = held((work, replace(work, holds=True)))

    assert found == (Window(name="w", which=Which(labels=labels), when=ONCE, reason="new nodes"),)


@pytest.mark.parametrize(
    ("which", "all_of_it", "here"),
    [
        pytest.param(Which(), True, True, id="everything"),
        pytest.param(Which(labels=(("namespace", "llm*"),)), True, True, id="namespace"),
        pytest.param(Which(labels=(("namespace", "web"),)), True, False, id="another-namespace"),
        pytest.param(Which(labels=(("model", "m"),)), True, False, id="model-that-is-not-said"),
        pytest.param(Which(labels=(("model", ""),)), True, False, id="what-says-no-model"),
        pytest.param(Which(labels=(("model", "*"),)), True, True, id="any-model"),
        pytest.param(Which(alerts=("KubeNodeNotReady",)), False, True, id="single-alerts"),
        pytest.param(Which(labels=(("role", "prefill"),)), False, False, id="half-of-a-model"),
    ],
)
def test_planned_work_on_a_whole_place_excuses_what_is_promised_there(
    which: Which, *, all_of_it: bool, here: bool
) -> None:
    """Whoever keeps alerts of a namespace back has planned that it fails; of one model, not."""
    planned = replace(window(ONCE), which=which)

    assert excuses(planned) is all_of_it
    assert concerns(planned, namespace="llm", model="") is here


def test_work_of_every_week_is_found_in_a_month() -> None:
    """Each interval is whole, also where the month begins within one."""
    month = Interval(start=at(8, 1), end=at(29, 1))

    found = intervals(window(SUNDAYS), month)

    assert [one.start for one in found] == [at(8, 0.5), at(15, 0.5), at(22, 0.5), at(29, 0.5)]
    assert intervals(window(ONCE), month) == ()


@pytest.mark.parametrize(
    ("which", "fits"),
    [
        pytest.param(Which(), True, id="any"),
        pytest.param(Which(alerts=("A", "Slow*")), True, id="one-of-the-names"),
        pytest.param(Which(alerts=("Slow",)), False, id="whole-names"),
        pytest.param(Which(labels=(("namespace", "llm-*"),)), True, id="label"),
        pytest.param(Which(labels=(("pod", "*"), ("namespace", "x"))), False, id="all-labels"),
        pytest.param(Which(labels=(("pod", ""),)), True, id="missing-is-empty"),
        pytest.param(Which(labels=(("long", "*v"),)), False, id="too-long"),
        pytest.param(Which(labels=(("long", "*"),)), True, id="too-long-but-any"),
    ],
)
def test_a_rule_means_alerts_by_name_and_labels(which: Which, *, fits: bool) -> None:
    """A pattern is of the whole text, and hostile text costs nothing."""
    labels = {"namespace": "llm-d", "long": "v" * (LONGEST + 1)}

    assert which.fits("SlowModel", labels) is fits


def test_what_is_meant_reads_aloud() -> None:
    """It stands in lists and on timelines."""
    both = Which(alerts=("A", "B*"), labels=(("namespace", "llm-d"),))

    assert (str(Which()), str(both)) == ("any alert", "A or B*, namespace=llm-d")
