"""What was changed a moment ago is given time, and can be taken back at once."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cluster.actions.plan import Plan
from cluster.actions.registry import verbs
from cluster.guardrails.guard import Answer, CannotTell, Later, Warned
from cluster.guardrails.scene import Change
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.resources import DEPLOYMENTS
from runbooks.engine import records
from tests.cluster.conftest import DECODE, NAMESPACE, NOW
from tests.cluster.guardrails.scenes import Guarding
from tests.cluster.guardrails.test_room_and_budgets import Blind

KEY = "run-1-1/scale/1"
UNDATED = Warned("triaged changed it, and nobody knows when: that may not show yet")


@pytest.fixture
def changed(guarding: Guarding) -> Plan:
    """Scale from 4 to 6 now, as a step of a run."""
    plan = guarding.scaled(6)
    verbs(guarding.kubernetes)["scale"].apply(plan, key=KEY)
    return plan


def asked(
    guarding: Guarding,
    size: int,
    past: Plan | None = None,
    when: datetime | None = NOW,
    **world: object,
) -> tuple[Answer, ...]:
    def known(key: str) -> Change | None:
        return Change(plan=records.record(past), at=when) if past and key == KEY else None

    guarding.more = {"past": known, **world}
    return guarding.ask("cool_down", guarding.scaled(size))


def test_a_second_step_waits(guarding: Guarding, changed: Plan) -> None:
    """Pods that load cannot help yet, and look as if they never would."""
    assert asked(guarding, 8, changed) == (
        Later("triaged changed it at 12:00:00 UTC, by scale; it cools down until 12:05:00 UTC"),
    )


def test_after_the_pause_it_waits_no_more(guarding: Guarding, changed: Plan) -> None:
    """It goes on by itself, and nobody is asked again."""
    assert asked(guarding, 8, changed, at=NOW + timedelta(minutes=5)) == ()


def test_taking_it_back_never_waits(guarding: Guarding, changed: Plan) -> None:
    """What made it worse is undone now."""
    assert asked(guarding, 4, changed) == ()


def test_another_action_does_not_wait_for_it(guarding: Guarding, changed: Plan) -> None:
    """A pause is between steps of one kind."""
    assert asked(guarding, 8, replace(changed, action="autoscaler")) == ()


def test_a_change_that_nobody_remembers_is_told(guarding: Guarding, changed: Plan) -> None:
    """Whether this takes it back cannot be known, so that it is not kept waiting."""
    assert changed.after == (("replicas", "6"),)
    assert asked(guarding, 8) == (UNDATED,)


def test_a_change_without_a_moment_is_told(guarding: Guarding, changed: Plan) -> None:
    """Of what is written through `/scale` the API server keeps none; then the journal's counts."""
    assert asked(guarding, 8, changed, when=None) == (UNDATED,)


def test_a_change_that_the_object_dates_is_told_with_its_moment(guarding: Guarding) -> None:
    """Whoever writes the object itself stands there with a moment."""
    wrote = Writer(manager=f"triaged/{KEY}")

    def longer(thing: Object) -> Object:
        thing["spec"]["replicas"] = 6
        return thing

    guarding.kubernetes.cluster.update(DEPLOYMENTS, NAMESPACE, DECODE, longer, writer=wrote)

    assert asked(guarding, 8) == (
        Warned("triaged changed it at 12:00:00 UTC; what that did may not show yet"),
    )


def test_what_others_changed_does_not_count(guarding: Guarding) -> None:
    """Their changes are the ownership's matter."""
    assert asked(guarding, 8) == ()


def test_a_pause_of_nothing_is_none(guarding: Guarding, changed: Plan) -> None:
    """Where tests are run nobody wants to wait."""
    guarding.limit(cool_down=timedelta())

    assert asked(guarding, 8, changed) == ()


def test_an_object_that_cannot_be_read_is_told(guarding: Guarding) -> None:
    """When it was changed last only the object says."""
    plan = guarding.scaled(8)
    guarding.more = {"objects": Blind(guarding, {"Deployment"})}

    (told,) = guarding.ask("cool_down", plan)

    assert isinstance(told, CannotTell)
