"""The page about the shipped runbooks says what is there, and all of it."""

import re
from pathlib import Path

import pytest

from runbooks.language.declaration import CheckVerb
from runbooks.language.loader import load
from runbooks.language.matching import choose
from runbooks.language.model import Action, Ask, Check
from runbooks.language.registry import verbs

PAGE = (Path(__file__).parents[3] / "docs" / "runbooks.md").read_text("utf-8")
LIBRARY = load()
SEVEN = (
    *("service-down", "high-latency", "high-error-rate", "gpu-utilization"),
    *("memory-pressure", "cache-evictions", "bad-rollout"),
)
KINDS = {"check": Check, "action": Action, "ask": Ask}
CHAPTER = "https://runbooks.company.com/llm-d"
OF_PROMETHEUS = {"signal", "trend", "kv_cache"}


def rows(heading: str) -> dict[str, list[str]]:
    """Return the cells of a section's table by their first one."""
    section = f"\n{PAGE}".split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    found = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return {cells[0].strip("`"): cells for cells in found[2:]}


CHAPTER_ROWS = rows("## The chapter, row by row")
NAMED = [
    pytest.param(row, *named, id=f"{row}-{named[1]}-{named[3]}")
    for row, cells in CHAPTER_ROWS.items()
    for named in re.findall(r"(check|action|ask|criterion) `([a-z-]+)([/!])([a-z-]+)`", cells[2])
]


def test_every_row_of_the_chapter_stands_there() -> None:
    """24 to 36: from the verification of an alert to what users are told."""
    assert list(CHAPTER_ROWS) == [str(number) for number in range(24, 37)]
    assert all(re.search(r"check|action|ask|criterion|follow-ups", x[2]) for x in rows_of())


def rows_of() -> list[list[str]]:
    """Return the rows of the chapter."""
    return list(CHAPTER_ROWS.values())


@pytest.mark.parametrize(("row", "kind", "runbook", "mark", "name"), NAMED)
def test_what_a_row_names_is_there(row, kind, runbook, mark, name) -> None:
    """A table that names a step which is gone promises what nobody does."""
    if mark == "!":
        assert kind == "criterion"
        assert name in {one.id for one in LIBRARY[runbook].escalate}
    else:
        assert isinstance(LIBRARY[runbook].step(name), KINDS[kind]), row


@pytest.mark.parametrize("runbook", ["service-down", "high-latency"])
def test_every_step_of_the_chapters_own_runbooks_is_named_or_goes_beyond_it(runbook) -> None:
    """Both ways: what these two do must come from a row, or stand here as ours."""
    ours = {
        "service-down": {
            *("bring-back", "let-past", "picker", "images", "not-made", "open-node", "capacity"),
            *("close-node", "forget-pod", "nodes-by-hand", "volumes", "by-hand"),
        },
        "high-latency": {
            *("between-tokens", "probes", "rollout", "roll-back", "take-back", "take-back-by-hand"),
            *("dead-engine", "dead-engine-by-hand", "engine-first", "by-hand"),
        },
    }
    named = {x.values[4] for x in NAMED if x.values[2] == runbook and x.values[3] == "/"}

    assert {step.id for step in LIBRARY[runbook].steps} == named | ours[runbook]
    assert not named & ours[runbook]


def test_every_check_is_used_by_a_row_and_explained() -> None:
    """A check that no row of the chapter needs, or that nobody explains, is lost."""
    checks = {name for name, verb in verbs().items() if isinstance(verb, CheckVerb)}
    steps = [LIBRARY[x.values[2]].step(x.values[4]) for x in NAMED if x.values[3] == "/"]

    assert {step.verb for step in steps if isinstance(step, Check)} == checks
    assert set(rows("## The checks")) == checks - OF_PROMETHEUS


def test_the_seven_runbooks_are_listed_with_what_they_cover_and_match() -> None:
    """The first table is what somebody reads who chooses."""
    table = rows("# The runbooks that are shipped")

    assert tuple(table) == SEVEN
    assert set(LIBRARY) == {*SEVEN, "triage"}
    for name, cells in table.items():
        assert tuple(cells[4].split(", ")) == LIBRARY[name].covers
        for alert in re.findall(r"`(\w+)`", cells[2]):
            assert choose({"alertname": alert}, "", runbooks=LIBRARY).runbook.name == name


@pytest.mark.parametrize("name", SEVEN)
def test_the_chapters_addresses_lead_to_their_runbooks(name) -> None:
    """Alerts of teams that took the chapter's rules as they stand."""
    found = choose({"alertname": "X"}, f"{CHAPTER}/{name}", runbooks=LIBRARY)

    assert found.runbook.name == name


def test_follow_ups_are_as_many_as_the_page_says() -> None:
    """Four of the chapter's own, two of ours."""
    assert "four follow-ups of `high-latency`, two of `service-down`" in PAGE
    assert len(LIBRARY["high-latency"].follow_ups) == 4
    assert len(LIBRARY["service-down"].follow_ups) == 2
