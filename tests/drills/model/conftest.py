"""Pools of the model in a state that a test names."""

from collections.abc import Callable
from copy import deepcopy

import pytest

from drills.faults import LongContext, causes_with
from drills.model.llm_d import LlmD, Pod, Role

MINUTE = 60


@pytest.fixture(scope="session")
def pods() -> Callable[[int], list[Pod]]:
    """Return what makes so many ready decode pods, and two for prefill."""

    def made(decode: int) -> list[Pod]:
        return [
            *(Pod(name=f"decode-{n}", role=Role.DECODE) for n in range(decode)),
            *(Pod(name=f"prefill-{n}", role=Role.PREFILL) for n in range(2)),
        ]

    return made


@pytest.fixture(scope="session", params=range(1, 4), ids="seed-{}".format)
def _healthy(request: pytest.FixtureRequest, pods: Callable[[int], list[Pod]]) -> LlmD:
    model = LlmD(seed=request.param)
    model.place(pods(4))
    model.run(5 * MINUTE)
    return model


@pytest.fixture(scope="session")
def _exhausted(_healthy: LlmD) -> LlmD:
    model = deepcopy(_healthy)
    model.traffic = causes_with([LongContext()]).traffic
    model.run(10 * MINUTE)
    return model


@pytest.fixture
def healthy(_healthy: LlmD) -> LlmD:
    """Return four decode pods after five minutes of normal traffic."""
    return deepcopy(_healthy)


@pytest.fixture
def exhausted(_exhausted: LlmD) -> LlmD:
    """Return the same pods ten minutes after long contexts came."""
    return deepcopy(_exhausted)
