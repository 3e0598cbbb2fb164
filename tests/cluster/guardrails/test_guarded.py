"""A guarded action plans what the other one plans, unless a guard says otherwise."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from cluster.actions.digest import agreed_by
from cluster.actions.plan import DryRunRefused, Plan, Verb
from cluster.actions.registry import verbs
from cluster.clients.parse import Malformed
from cluster.guardrails import registry
from cluster.guardrails.guard import (
    Answer,
    CannotTell,
    Guard,
    Later,
    People,
    Refused,
    Warned,
)
from cluster.guardrails.guarded import Guarded, Judged, judge
from cluster.guardrails.scene import Scene
from cluster.targets.target import Target
from incidents.errors import Rejected, Unavailable
from incidents.guardrails import Guardrails, Limits
from tests.cluster.guardrails.scenes import Guarding

ASKED = {"replicas": "5", "at_most": 1000}


def says(*answers: Answer, name: str = "one") -> Mapping[str, Guard]:
    """Return a guard that says this of any plan."""
    return {name: Guard(name=name, meaning="Says it", judge=lambda _: answers)}


def plan(guarding: Guarding, guards: Mapping[str, Guard], verb: Verb | None = None) -> Plan:
    scale = verb or verbs(guarding.kubernetes)["scale"]
    return Guarded(scale, now=guarding.now, guards=guards).plan(guarding.find(), ASKED)


def test_a_plan_that_is_fine_is_the_same_plan(guarding: Guarding) -> None:
    """Guards that have nothing to say leave no trace but the load time."""
    plain = guarding.scaled(5)

    assert replace(plan(guarding, says()), loads=None) == plain


def test_warnings_stand_on_the_card_and_change_no_digest(guarding: Guarding) -> None:
    """Numbers move every second; an approval must not be void for it."""
    plain = guarding.scaled(5)

    found = plan(guarding, says(Warned("a"), CannotTell("b"), Warned("a")))

    assert found.warnings == (*plain.warnings, "a", "cannot tell b")
    assert found.digest == plain.digest


def test_more_people_make_another_plan(guarding: Guarding) -> None:
    """What one person approved must not be done when two are needed."""
    plain = guarding.scaled(5)

    found = plan(guarding, says(People(2, "peers"), People(3, "more peers")))

    assert found.people == 3
    assert found.digest == agreed_by(plain.digest, 3) != plain.digest
    assert found.warnings[-1] == "3 people must agree: more peers"
    assert plan(guarding, says(People(1, "peers"))).digest == plain.digest


def test_a_refusal_says_what_to_do_instead(guarding: Guarding) -> None:
    """Everything that stands in the way is told at once."""
    with pytest.raises(Rejected) as refused:
        plan(guarding, says(Refused("too much", "go slower"), Refused("no room", "free some")))

    assert str(refused.value) == (
        f"scale {guarding.find()}: too much; instead: go slower. no room; instead: free some"
    )


def test_what_has_to_wait_is_tried_again(guarding: Guarding) -> None:
    """Unavailable is what the engine waits for."""
    with pytest.raises(Unavailable, match="it cools down"):
        plan(guarding, says(Later("it cools down")))


def test_a_team_may_refuse_what_cannot_be_told(guarding: Guarding) -> None:
    """Where safety needs it, nothing is done in the dark."""
    guarding.rules = Guardrails(limits=Limits(cannot_tell_refuses=frozenset({"one"})))

    with pytest.raises(Rejected, match="cannot tell x; instead: make it visible"):
        plan(guarding, says(CannotTell("x")))


def test_a_guard_that_is_off_does_not_look(guarding: Guarding) -> None:
    """A team that knows better says so in one word."""
    guarding.rules = Guardrails(off=frozenset({"one"}))

    assert plan(guarding, says(Refused("never", "nothing"))).action == "scale"


def broken(_: Scene) -> Iterator[Answer]:
    """Fail in the middle of it."""
    yield Warned("before")
    message = "spec.template"
    raise Malformed(message)


def test_a_guard_that_cannot_read_what_it_sees_cannot_tell(guarding: Guarding) -> None:
    """Objects are foreign: one that makes no sense must not stop the desk, nor pass."""
    guards = {"one": Guard(name="one", meaning="It is fine", judge=broken)}

    assert judge(guarding.scene(guarding.scaled(5)), guards) == Judged(
        warnings=("cannot tell It is fine: spec.template is not as its API says",)
    )


class NotAllowed:
    """An action whose dry run is not allowed."""

    name = "scale"

    def __init__(self, made: Plan) -> None:
        self.made = made

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        message = f"no right to {target}: {parameters}"
        raise DryRunRefused(message, plan=self.made)


def test_a_plan_without_a_dry_run_is_looked_at_as_well(guarding: Guarding) -> None:
    """In shadow it is all that people read."""
    verb = NotAllowed(guarding.scaled(5))

    with pytest.raises(DryRunRefused) as refused:
        plan(guarding, says(Warned("a")), verb)  # type: ignore[arg-type]  # it only plans

    assert refused.value.plan.warnings[-1] == "a"


def test_a_guarded_action_acts_as_the_other(guarding: Guarding) -> None:
    """Guards look at plans, and stand nowhere else in the way."""
    scale = verbs(guarding.kubernetes)["scale"]
    same = Guarded(scale, now=guarding.now, guards=says())
    made = same.plan(guarding.find(), ASKED)

    assert same.name == "scale"
    same.apply(made, key="run-1-1/s/1")
    assert same.already_done(made, key="run-1-1/s/1") == scale.already_done(made, key="run-1-1/s/1")
    assert same.settled(made) == scale.settled(made)


def test_every_guard_is_asked_of_a_plan(guarding: Guarding) -> None:
    """The wrapper asks all that the folder has."""
    guarding.calm()

    found = guarding.guarded("evict", {"pod": guarding.find().pods[0]})

    assert found.people == 2
    assert any(
        each.startswith("KV use 0.20 on 4 pods would be 0.27 on 3") for each in found.warnings
    )
    assert any(each.startswith("about 8 streams are cut") for each in found.warnings)
    assert any(each.startswith("a new pod takes about 90 s") for each in found.warnings)


def test_a_guard_is_called_like_its_module() -> None:
    """What policy.yaml switches off is found by its name."""
    assert set(registry.guards()) >= {"serving", "capacity", "blast", "cool_down"}
    assert all(name == each.name for name, each in registry.guards().items())
    assert all(right.reads for right in registry.rights())
