"""How large a step may be, what may be touched, and that nothing goes to zero."""

from dataclasses import replace

import pytest

from cluster.clients import kinds
from cluster.drift.intended import Environment, Environments
from cluster.guardrails.guard import CannotTell, Refused
from incidents.events.run import WriteRecord
from incidents.guardrails import Allowed, Exceptions, Guardrails
from tests.cluster import drifting
from tests.cluster.conftest import DECODE, NAMESPACE
from tests.cluster.guardrails.scenes import Guarding
from tests.cluster.test_scale_kinds import put


def intended(normal: int) -> Environments:
    """Say what is normal for the decode workload."""
    workload = drifting.place(replicas=drifting.size(normal, 1, 100)).workload
    one = Environment(
        name="production", clusters=("local",), namespaces=(NAMESPACE,), workloads=(workload,)
    )
    return Environments(environments=(one,))


@pytest.mark.parametrize("size", [2, 3, 5, 6, 8])
def test_a_step_within_the_bounds_is_fine(guarding: Guarding, size: int) -> None:
    """Half, double and a few more or less are what runbooks do."""
    assert guarding.ask("largest_step", guarding.scaled(size)) == ()


@pytest.mark.parametrize(
    ("size", "how", "first"),
    [
        pytest.param(9, "by more than a factor of 2", 8, id="more-than-double"),
        pytest.param(13, "by more than 8 replicas", 8, id="many-more"),
        pytest.param(1, "by more than a factor of 2", 2, id="less-than-half"),
    ],
)
def test_a_larger_step_is_refused_with_the_one_to_take(
    guarding: Guarding, size: int, how: str, first: int
) -> None:
    """A slip in a number takes the model away, or all GPUs of a team."""
    assert guarding.ask("largest_step", guarding.scaled(size)) == (
        Refused(
            f"4 → {size} replicas changes the size {how} at once",
            f"go to {first} first, and on when that has settled",
        ),
    )


def test_the_step_that_is_told_is_allowed(guarding: Guarding) -> None:
    """Advice that is refused in its turn is none."""
    guarding.limit(largest_step=3, largest_factor=3.0)

    (refused,) = guarding.ask("largest_step", guarding.scaled(12))

    assert isinstance(refused, Refused)
    assert refused.instead.startswith("go to 7 first")
    assert guarding.ask("largest_step", guarding.scaled(7)) == ()


def test_back_to_what_is_intended_is_no_step_too_large(guarding: Guarding) -> None:
    """What was raised in several steps may go back in one."""
    guarding.more = {"environments": intended(12)}

    assert guarding.ask("largest_step", guarding.scaled(12)) == ()


def test_limits_are_others_for_some_environments(guarding: Guarding) -> None:
    """Production is held tighter than where people try things."""
    tight = Exceptions(limits={"largest_step": 1, "small_step": 1}, environments=("production",))
    guarding.rules = Guardrails(exceptions=(tight,))
    plan = guarding.scaled(6)

    assert guarding.ask("largest_step", plan) == ()
    guarding.more = {"environments": intended(4)}
    assert isinstance(guarding.ask("largest_step", plan)[0], Refused)


@pytest.mark.parametrize(
    ("allowed", "what"),
    [
        pytest.param(Allowed(namespaces=("stage-*",)), f"namespace {NAMESPACE}", id="namespace"),
        pytest.param(Allowed(kinds=("StatefulSet",)), "kind Deployment", id="kind"),
        pytest.param(Allowed(names=("chat-*",)), f"name {DECODE}", id="name"),
    ],
)
def test_what_is_in_no_list_is_not_touched(guarding: Guarding, allowed: Allowed, what: str) -> None:
    """A team lets triaged at one pool before it lets it at all of them."""
    guarding.rules = Guardrails(allowed=allowed)

    (refused,) = guarding.ask("allowed", guarding.scaled(5))

    assert isinstance(refused, Refused)
    assert refused.because.startswith(f"the {what} may not be touched: allowed are ")


def test_what_is_written_elsewhere_is_in_no_list_of_the_target(guarding: Guarding) -> None:
    """What stops GitOps is written where Argo CD is, and that is another team's namespace."""
    guarding.rules = Guardrails(allowed=Allowed(namespaces=("llm-*",)))
    plan = guarding.scaled(5)
    elsewhere = replace(plan, write=replace(plan.write, namespace="argocd"))
    of_a_node = replace(plan, write=replace(plan.write, namespace=""))

    (refused,) = guarding.ask("allowed", elsewhere)

    assert isinstance(refused, Refused)
    assert refused.because.startswith("the namespace argocd may not be touched")
    assert guarding.ask("allowed", of_a_node) == ()


def test_what_is_in_every_list_is_touched(guarding: Guarding) -> None:
    """Lists narrow, and forbid nothing else."""
    guarding.rules = Guardrails(
        allowed=Allowed(namespaces=("llm-*",), kinds=("Pod", "Depl*"), names=(DECODE,))
    )
    pod = guarding.planned("evict", {"pod": guarding.find().pods[0]})

    assert guarding.ask("allowed", guarding.scaled(5)) == ()
    # The name of a pod is made up: of its workload is what a list can say.
    assert guarding.ask("allowed", pod) == ()


def to_zero(guarding: Guarding) -> object:
    plan = guarding.scaled(1)
    return replace(plan, write=replace(plan.write, fields=(("/spec/replicas", "0"),)))


def test_a_size_of_zero_under_an_autoscaler_is_refused(guarding: Guarding) -> None:
    """It would switch the autoscaler off, and nothing would scale the model up again."""
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": DECODE},
        "maxReplicas": 8,
    }
    plan = to_zero(guarding)
    assert guarding.ask("never_zero", plan) == ()  # type: ignore[arg-type]  # a plan

    put(guarding.kubernetes.cluster, kinds.AUTOSCALER, "x", spec)

    assert guarding.ask("never_zero", plan) == (  # type: ignore[arg-type]  # a plan
        Refused("a size of 0 switches HPA x off", "lower its floor, or take the traffic away"),
    )


@pytest.mark.parametrize("guard", ["largest_step", "never_zero"])
def test_a_workload_that_cannot_be_seen_is_not_taken_for_fine(
    guarding: Guarding, guard: str
) -> None:
    """What was deleted while it was planned has no size."""
    plan = guarding.scaled(5)
    gone = replace(plan, target=replace(plan.target, uid="another"))

    (told,) = guarding.ask(guard, gone)

    assert isinstance(told, CannotTell)
    assert "made anew" in told.because


def test_a_write_that_is_no_size_is_no_step(guarding: Guarding) -> None:
    """A route has weights and no replicas."""
    plan = guarding.scaled(20)
    route = WriteRecord(
        api_version="gateway.networking.k8s.io/v1",
        kind="HTTPRoute",
        namespace=NAMESPACE,
        name="chat",
        uid="r",
        subresource="",
        fields=(("/spec/rules/0/backendRefs/0/weight", "100"),),
    )

    assert guarding.ask("largest_step", replace(plan, write=route)) == ()
