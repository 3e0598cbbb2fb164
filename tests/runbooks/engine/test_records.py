"""Plans in the journal say the same as plans in the cluster."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.actions.plan import Plan
from cluster.targets.target import Target
from incidents.errors import Rejected
from incidents.run import Step
from runbooks.engine import records
from tests import builders

TARGET = Target(
    cluster="local",
    namespace="llm-d",
    kind="Deployment",
    name="decode",
    uid="uid",
    model="llama",
    role="decode",
    pods=("decode-0", "decode-1"),
)
PLAN = Plan(
    action="scale",
    target=TARGET,
    parameters=(("replicas", "+50%"),),
    owner_path=("Deployment decode",),
    before=(("replicas", "4"),),
    after=(("replicas", "6"),),
    uid="uid",
    resource_version="7",
    inverse=(("action", "scale"), ("replicas", "4")),
    kubectl="kubectl scale",
    dry_run="accepted",
    warnings=("a rollout is in progress",),
    reversible=True,
    digest="d1",
    write=builders.plan().write,
)


def test_a_plan_comes_back_from_the_journal_as_it_went_in():
    """After a restart the world is asked about exactly what was approved."""
    whole = replace(PLAN, people=2, loads=timedelta(minutes=4))

    assert records.plan(records.record(whole)) == whole


@pytest.mark.parametrize(
    ("now", "words"),
    [
        pytest.param(
            replace(PLAN, uid="new"), "Deployment llm-d/decode was deleted and made anew", id="uid"
        ),
        pytest.param(
            replace(PLAN, before=(("replicas", "5"),)),
            "meanwhile replicas 4 became replicas 5",
            id="before",
        ),
        pytest.param(
            replace(PLAN, after=(("replicas", "7"),)),
            "it would now become replicas 7, not replicas 6",
            id="after",
        ),
        pytest.param(
            replace(PLAN, owner_path=("Deployment decode", "HPA decode")),
            "its owner is now Deployment decode ← HPA decode",
            id="owner",
        ),
        pytest.param(
            replace(PLAN, write=replace(PLAN.write, kind="HorizontalPodAutoscaler", uid="hpa")),
            "it would now be written to HorizontalPodAutoscaler llm-d/decode,"
            " not to Deployment llm-d/decode",
            id="written-elsewhere",
        ),
        pytest.param(
            replace(PLAN, write=replace(PLAN.write, uid="new")),
            "Deployment llm-d/decode was deleted and made anew",
            id="written-anew",
        ),
        pytest.param(
            replace(PLAN, people=2, digest="d2"),
            "it now takes 2 people to approve it, not 1",
            id="people",
        ),
        pytest.param(replace(PLAN, digest="d2"), "the plan made again differs", id="anything"),
    ],
)
def test_a_plan_that_changed_says_how(now, words):
    """People asked anew want to know what changed since they said yes."""
    assert records.difference(records.record(PLAN), now) == words


def test_a_step_without_a_plan_has_nothing_to_approve():
    """A state that cannot be is refused, not guessed at."""
    with pytest.raises(Rejected, match="more has no plan"):
        records.approved(Step(id="more"))


def test_a_step_that_changed_nothing_has_nothing_to_undo():
    """A plan that was only approved is no way back."""
    with pytest.raises(Rejected, match="more changed nothing"):
        records.applied(Step(id="more", plan=records.record(PLAN)))


def test_a_kept_plan_finds_its_target_again() -> None:
    """A LeaderWorkerSet is of another API than a Deployment: under the wrong one nobody finds it.

    After a restart a plan is all that is left of the target, and its settling is told by it.
    """
    api = "leaderworkerset.x-k8s.io/v1"
    kept = records.record(
        replace(PLAN, target=replace(TARGET, kind="LeaderWorkerSet", api_version=api))
    )

    assert records.plan(kept).target.api_version == api
