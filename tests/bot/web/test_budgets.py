"""The page of error budgets: foreign text is text, and what cannot be told is said."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from bot.app.budgets_shown import FRESH_SECONDS, Shown
from bot.web.access import Access
from bot.web.budgets import build, percent, plain, shown
from cluster.signals.answers import Row, Track, Trouble
from cluster.signals.reading import Why
from incidents.budgets import SLOT, Budget, Ledger, Slot, budget
from incidents.budgets import Trouble as During
from incidents.errors import TriagedError, Unavailable
from incidents.objectives import Objectives
from tests.builders import NOON, desk

HOSTILE = "<script>alert(1)</script>"
HERE, ELSEWHERE = ("127.0.0.1", 50000), ("10.1.2.3", 50000)


def kept(name: str = "availability", *, slots: int = 8640, bad: float = 0.0) -> Budget:
    found = {NOON - n * SLOT: Slot(events=1.0, bad=bad if n < 6 else 0.0) for n in range(slots)}
    ledger = Ledger(
        objective=name,
        kind="availability",
        allowed=0.001,
        window=timedelta(days=30),
        namespace="llm",
        model="llama",
        slots=found,
    )
    start = NOON - timedelta(minutes=30)
    during = During(number=7, start=start, end=NOON, namespace="llm", model="")
    return budget(ledger, [during], NOON)


def get(
    path: str,
    read: Callable[[], object],
    client: tuple[str, int] = HERE,
    *,
    notice: str = "",
) -> httpx.Response:
    app = FastAPI()
    router = build(
        read=read,  # type: ignore[arg-type]  # as given
        access=Access(),
        notice=lambda: notice,
    )
    app.include_router(router)

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=client)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as asking:
            return await asking.get(path)

    return asyncio.run(once())


def refused() -> tuple[object, Sequence[Budget]]:
    message = "the budgets cannot be read: timeout"
    raise Unavailable(message)


def test_the_page_shows_what_is_left_and_who_spent_it() -> None:
    """The first question after an outage is what it has cost."""
    page = get("/slo", lambda: (NOON, [kept(bad=0.5)]))

    assert page.status_code == 200
    assert "Left: <bdi>65.3 %: 28 min 12 s of 43 min 12 s</bdi>" in page.text
    assert '<a href="/incidents/7">INC-7</a> spent 34.7 %' in page.text
    assert "99.9 % availability over 30d" in page.text


def test_what_cannot_be_told_is_never_all_of_it() -> None:
    """No data is no success."""
    found = kept(slots=0)
    page = get("/slo", lambda: (NOON, [found]))

    assert "cannot tell: nothing is recorded" in page.text
    assert "100 %" not in page.text
    assert (plain(found)["left"], plain(found)["spent_elsewhere"]) == (None, None)


def test_what_was_agreed_is_said_where_it_is_due() -> None:
    """A policy that nobody is reminded of is none."""
    page = get("/slo", lambda: (NOON, [replace(kept(), agreed=("only repairs <b>",))]))

    assert "<p>Agreed: <bdi>only repairs &lt;b&gt;</bdi></p>" in page.text


def test_what_is_half_known_is_at_most_that_much() -> None:
    """After a quarter of an hour nobody has kept a promise of thirty days."""
    page = get("/slo", lambda: (NOON, [kept(slots=3)]))

    assert "Left: <bdi>at most 100 %: 43 min 12 s of 43 min 12 s</bdi>" in page.text
    assert "3d cannot tell" in page.text


def test_two_pools_of_one_namespace_are_told_apart() -> None:
    """One of them is down, and it must be seen which."""
    one = kept()
    ledger = replace(one.ledger, model="", pool="llama-pool")
    found = replace(one, ledger=ledger)

    assert shown(found)["about"] == "llm/pool llama-pool"
    assert plain(found)["pool"] == "llama-pool"


def test_a_hostile_name_is_text() -> None:
    """An objective's name comes from a label."""
    page = get("/slo", lambda: (NOON, [kept(HOSTILE)]))

    assert HOSTILE not in page.text
    assert "&lt;script&gt;" in page.text


def test_a_page_that_cannot_be_filled_says_why() -> None:
    """An empty page would read as a service without a promise."""
    page, program = get("/slo", refused), get("/slo.json", refused)

    assert (page.status_code, "the budgets cannot be read: timeout" in page.text) == (200, True)
    assert (program.status_code, program.json()) == (
        503,
        {"error": "the budgets cannot be read: timeout"},
    )


@pytest.mark.parametrize("path", ["/slo", "/slo.json"])
def test_others_are_not_let_in(path: str) -> None:
    """Budgets are as private as incidents."""
    assert get(path, refused, client=ELSEWHERE).status_code == 401


def test_programs_get_the_numbers() -> None:
    """A script compares numbers, not sentences."""
    (one,) = get("/slo.json", lambda: (NOON, [kept(bad=0.5)])).json()["budgets"]

    assert one["left"] == pytest.approx(1 - 3 / 8.64)
    assert one["burn"]["5m"] == pytest.approx(500)
    assert [row["incident"] for row in one["incidents"]] == [7]


@pytest.mark.parametrize(
    ("share", "text"),
    [
        pytest.param(1.0, "100 %", id="all"),
        pytest.param(0.9999, "99.99 %", id="nearly-all-is-not-all"),
        pytest.param(0.999, "99.9 %", id="three-nines"),
        pytest.param(-0.25, "-25 %", id="more-than-all-is-spent"),
    ],
)
def test_a_share_is_never_rounded_to_all(share: float, text: str) -> None:
    """A budget that is touched must not look whole."""
    assert percent(share) == text


def test_a_budget_that_is_spent_is_marked() -> None:
    """It is seen from across the room."""
    assert [shown(kept(bad=bad))["state"] for bad in (0.0, 1.0)] == ["kept", "kept"]
    assert shown(kept(bad=2.0))["state"] == "spent"
    assert shown(kept(slots=0))["state"] == "unknown"


class Counting:
    """A Prometheus that counts how often it is asked, and has nothing."""

    def __init__(self) -> None:
        self.asked = 0

    def instant(self, *_: object, **__: object) -> tuple[Row, ...] | Trouble:
        self.asked += 1
        return Trouble(why=Why.TIMEOUT, detail="slow")

    def range(self, *_: object, **__: object) -> tuple[Track, ...] | Trouble:
        return ()


def test_other_objectives_are_asked_for_at_once() -> None:
    """Whoever has just changed a promise looks whether the page has it."""
    counting, promises = Counting(), [Objectives()]
    read = Shown(desk=desk(), prometheus=lambda: counting, promised=lambda: promises[0])
    for said in (Objectives(), Objectives(notes=("changed",)), Objectives(notes=("changed",))):
        promises[0] = said
        with pytest.raises(TriagedError):
            read()

    assert counting.asked == 2


def test_the_page_says_which_objectives_are_not_in_force() -> None:
    """Otherwise somebody believes in a promise that nobody measures."""
    for read in (refused, lambda: (NOON, [kept()])):
        page = get("/slo", read, notice=f"objectives.yaml:3: {HOSTILE}")

        assert "objectives.yaml:3: &lt;script&gt;" in page.text
    assert "objectives.yaml" not in get("/slo", lambda: (NOON, [kept()])).text


def test_many_readers_ask_once() -> None:
    """A wall of screens during an outage must not be another load on Prometheus."""
    counting, now = Counting(), [0.0]
    read = Shown(desk=desk(), prometheus=lambda: counting, monotonic=lambda: now[0])
    for moment in (0.0, 1.0, FRESH_SECONDS - 1, FRESH_SECONDS + 1):
        now[0] = moment
        with pytest.raises(TriagedError):
            read()

    assert counting.asked == 2
