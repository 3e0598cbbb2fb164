"""A plan that leaves what is intended says so, and is otherwise the same plan."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.app.reach import NoSignals
from cluster.actions.plan import Plan
from cluster.actions.registry import verbs
from cluster.drift.advice import advised
from cluster.drift.intended import Environment, Environments
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector
from cluster.tools import Tools
from incidents.events.run import LeavesRecord
from tests.cluster.conftest import StandInKubernetes
from tests.cluster.drifting import NAMESPACE, place, size

FIND = Selector(namespace=NAMESPACE, model="llama-3-70b", role="decode")
ASKED = {"replicas": "6", "at_most": 9}


def intended(least: int, most: int) -> Environments:
    """Say a range for the decode workload of the stand-in."""
    workload = place(replicas=size(least, least, most)).workload
    one = Environment(
        name="production", clusters=("west",), namespaces=(NAMESPACE,), workloads=(workload,)
    )
    return Environments(environments=(one,))


def plans(kubernetes: StandInKubernetes, environments: Environments) -> tuple[Plan, Plan]:
    """Return a plan as it is, and the same one advised."""
    tools = Tools(signals=NoSignals(), targets=LabelTargets(kubernetes), verbs=verbs(kubernetes))
    target = tools.targets.find(FIND)
    warned = advised(tools, intended=lambda: environments, own="west")
    return (
        tools.verbs["scale"].plan(target, ASKED),
        warned.verbs["scale"].plan(target, ASKED),
    )


@pytest.mark.parametrize(("least", "most"), [(2, 5), (7, 9)])
def test_a_size_outside_the_range_is_warned_of(
    kubernetes: StandInKubernetes, least: int, most: int
) -> None:
    """The card is where somebody can still say no."""
    plain, warned = plans(kubernetes, intended(least, most))

    (said,) = warned.warnings[len(plain.warnings) :]
    assert said.startswith("6 replicas are outside the intended range: production is meant to have")


def test_nothing_but_the_advice_is_another(kubernetes: StandInKubernetes) -> None:
    """A changed file must not void what was approved: the digest is that of the change."""
    plain, warned = plans(kubernetes, intended(2, 5))

    assert replace(warned, warnings=plain.warnings, leaves=plain.leaves) == plain


def test_another_size_than_the_normal_one_is_not_to_stay(kubernetes: StandInKubernetes) -> None:
    """What was added for an incident costs GPUs every night after it."""
    plain, warned = plans(kubernetes, intended(2, 9))

    assert plain.leaves is None
    assert warned.leaves == LeavesRecord(
        what=f"{warned.target} has 6 replicas, normally 2",
        within=timedelta(days=1),
        back=(("action", "scale"), ("replicas", "2")),
    )


def test_back_to_normal_is_planned_like_any_change(kubernetes: StandInKubernetes) -> None:
    """What the plan says about its way back is a plan that can be made, and leaves nothing."""
    _, warned = plans(kubernetes, intended(2, 9))
    back = dict(warned.leaves.back) if warned.leaves else {}
    tools = Tools(signals=NoSignals(), targets=LabelTargets(kubernetes), verbs=verbs(kubernetes))
    again = advised(tools, intended=lambda: intended(2, 9), own="west")

    made = again.verbs[back.pop("action")].plan(warned.target, back)

    assert (made.after, made.leaves) == ((("replicas", "2"),), None)


@pytest.mark.parametrize(
    "environments",
    [pytest.param(intended(6, 6), id="inside"), pytest.param(Environments(), id="none")],
)
def test_what_is_meant_or_not_spoken_of_is_not_warned_of(
    kubernetes: StandInKubernetes, environments: Environments
) -> None:
    """A warning that always stands there is read by nobody."""
    plain, warned = plans(kubernetes, environments)

    assert warned == plain


def test_an_advised_action_acts_as_the_other(kubernetes: StandInKubernetes) -> None:
    """Advice stands on the card, and nowhere in the way."""
    tools = Tools(signals=NoSignals(), targets=LabelTargets(kubernetes), verbs=verbs(kubernetes))
    scale = advised(tools, intended=Environments, own="local").verbs["scale"]
    plan = scale.plan(tools.targets.find(FIND), ASKED)

    applied = scale.apply(plan, key="run-1-1/s")

    assert applied.resource_version != plan.resource_version
    assert scale.already_done(plan, key="run-1-1/s") == tools.verbs["scale"].already_done(
        plan, key="run-1-1/s"
    )
    assert scale.settled(plan) == tools.verbs["scale"].settled(plan)
    assert set(tools.verbs) == set(advised(tools, intended=Environments, own="local").verbs)
