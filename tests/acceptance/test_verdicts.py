"""What is said of a change that did not help, was taken back, or cannot be judged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from incidents.incident import Status
from tests.rehearsing import ACTING, Rehearsal, Stage, rehearsal

SOONER = f"{ACTING}severities:\n  P2: {{escalate_after: 1h}}\n"
"""More people are asked for half an hour after the verdict, and not two hours."""


@pytest.fixture
def desk(stage: Stage, tmp_path: Path, sqlite_url: str) -> Iterator[Rehearsal]:
    """Make a desk that is watched until more people are asked for."""
    with rehearsal(stage, tmp_path, database_url=sqlite_url, acting=SOONER) as made:
        yield made


def judged(desk: Rehearsal) -> str:
    """Let time pass until the change is judged; return the verdict with its reason."""
    desk.until(lambda: desk.has("EffectVerified"), minutes=60)
    return desk.text("EffectVerified").removeprefix("add-decode: ")


def never_called_mitigated(desk: Rehearsal) -> bool:
    """Let half an hour pass; return whether the change was called a success at no time."""
    desk.until(lambda: desk.has("Escalated"), minutes=180)
    return not desk.has("Mitigated")


def told(desk: Rehearsal) -> str:
    """Return all that the channel reads."""
    return "\n".join(str(one["text"]) for one in desk.stage.messages())


def test_pods_that_never_become_ready_are_no_effect(asked: Rehearsal) -> None:
    """A change that did not take must not count as one that helped."""
    asked.stage.put("pods_never_ready")
    asked.stage.press("approve")

    verdict = judged(asked)

    assert verdict.startswith(("no effect", "cannot tell"))
    assert "4 of 6 pods" in verdict
    assert never_called_mitigated(asked)
    assert verdict in told(asked)


def test_doubled_traffic_meanwhile_is_worse(asked: Rehearsal) -> None:
    """What grew worse after the change is said so, whatever caused it."""
    asked.stage.put("traffic", factor=2.0)
    asked.stage.press("approve")

    verdict = judged(asked)

    assert verdict.startswith("worse: ")
    assert never_called_mitigated(asked)
    assert verdict in told(asked)


@pytest.mark.parametrize("fault", ["prometheus_unreachable", "prometheus_gone"])
def test_a_window_without_numbers_cannot_be_judged(asked: Rehearsal, fault: str) -> None:
    """Absent data is no proof: neither that it helped nor that it did not."""
    asked.stage.press("approve")
    asked.until(lambda: "6 of 6" in asked.text("SettleObserved"), minutes=10)
    asked.stage.put(fault)

    verdict = judged(asked)

    assert verdict.startswith("cannot tell: ")
    assert never_called_mitigated(asked)
    assert verdict in told(asked)


def test_somebody_who_scales_back_is_named(stage: Stage, tmp_path: Path, database_url: str) -> None:
    """A success that somebody took back is none; who it was is the first question."""
    with rehearsal(stage, tmp_path, database_url=database_url, acting=SOONER) as desk:
        desk.until(desk.asked, minutes=20)
        stage.put("scaled_back_by_somebody", after=120)
        stage.press("approve")

        verdict = judged(desk)

        assert verdict.startswith("reverted by ")
        assert "kubectl" in verdict
        assert never_called_mitigated(desk)
        assert verdict in told(desk)


def test_a_person_is_told_what_to_do_after_a_change_that_did_not_help(asked: Rehearsal) -> None:
    """An open incident whose runbook has ended must say who acts next, and how."""
    asked.stage.put("pods_never_ready")
    asked.stage.press("approve")
    judged(asked)
    asked.turn()

    headline = next(one for one in asked.stage.messages() if "headline" in str(one["metadata"]))

    assert asked.app.opened.desk.incident(1).status is Status.INVESTIGATING
    assert "look: the runbook is over (stopped: add-decode: no effect: 4 of 6" in headline["text"]
    assert "triaged run undo run-1-1 add-decode takes the change back" in headline["text"]
