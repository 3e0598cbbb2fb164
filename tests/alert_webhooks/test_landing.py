"""Landing: answers of a thread reach whoever waits in the event loop."""

import asyncio
from concurrent.futures import Future
from threading import Thread

import pytest

from alert_webhooks.landing import Landing
from incidents.errors import Unavailable


def test_all_answers_of_one_batch_reach_their_own_callers() -> None:
    """One wake-up serves many: a mix-up would acknowledge what was not kept."""

    async def given() -> list[int]:
        landing, answers = Landing[int](), [Future[int]() for _ in range(64)]
        waiting = [landing.of(one) for one in answers]
        Thread(target=_answer, args=(answers,)).start()
        return await asyncio.gather(*waiting)

    assert asyncio.run(given()) == list(range(64))


def test_answers_that_come_one_by_one_reach_their_callers_too() -> None:
    """The second wake-up must not be taken for the first."""

    async def given() -> list[int]:
        landing, found = Landing[int](), []
        for number in range(3):
            answer = Future[int]()
            waiting = landing.of(answer)
            answer.set_result(number)
            found.append(await waiting)
        return found

    assert asyncio.run(given()) == [0, 1, 2]


def test_an_error_is_raised_where_it_is_waited_for() -> None:
    """A store that cannot commit must end in 503."""

    async def given() -> None:
        answer = Future[int]()
        answer.set_exception(Unavailable("the disk is full"))
        await Landing[int]().of(answer)

    with pytest.raises(Unavailable, match="the disk is full"):
        asyncio.run(given())


def test_an_answer_that_nobody_waits_for_any_more_is_cancelled() -> None:
    """What was answered with 503 must not be written afterwards if that can be avoided."""
    answer = Future[int]()

    async def given() -> None:
        async with asyncio.timeout(0):
            await Landing[int]().of(answer)

    with pytest.raises(TimeoutError):
        asyncio.run(given())
    assert answer.cancelled()


def test_an_answer_to_a_loop_that_has_ended_is_dropped() -> None:
    """The pen's thread outlives the server: it must not die of an answer."""
    answer = Future[int]()
    answer.set_running_or_notify_cancel()

    async def given() -> None:
        Landing[int]().of(answer)

    asyncio.run(given())
    answer.set_result(1)

    assert answer.result() == 1


def _answer(answers: list[Future[int]]) -> None:
    for number, answer in enumerate(answers):
        answer.set_result(number)
