"""Nothing is taken away that those who stay could not carry."""

import pytest

from cluster.guardrails.guard import Answer, CannotTell, Refused, Warned
from drills.kubernetes import resources
from tests.cluster.guardrails.scenes import Guarding
from tests.cluster.installs import WRITER


def only(answers: tuple[Answer, ...]) -> Answer:
    (answer,) = answers
    return answer


def test_what_the_rest_can_carry_is_told_in_numbers(guarding: Guarding) -> None:
    """Whoever approves sees how much is left to spare."""
    guarding.calm(kv=0.3)

    assert guarding.ask("serving", guarding.scaled(3)) == (
        Warned("KV use 0.30 on 4 pods would be 0.40 on 3; 0 requests wait"),
    )


def test_full_caches_keep_their_pods(guarding: Guarding) -> None:
    """Decode pods that lose a neighbour under load preempt each other's requests."""
    guarding.calm(kv=0.7)

    assert only(guarding.ask("serving", guarding.scaled(3))) == Refused(
        "KV use 0.70 on 4 pods would be 0.93 on 3, and at most 0.85 is safe",
        "add replicas first, or wait until there is less to do",
    )


def test_a_queue_keeps_its_pods(guarding: Guarding) -> None:
    """Caches may be half empty while requests wait for a slot."""
    guarding.calm()
    guarding.every("waiting", 5.0)

    refused = only(guarding.ask("serving", guarding.scaled(3)))

    assert isinstance(refused, Refused)
    assert (
        refused.because
        == "20 requests wait now, 6.7 for each pod that stays, and at most 4 is safe"
    )


@pytest.mark.parametrize(
    ("action", "asked"),
    [("scale", {"replicas": "3", "at_most": 9}), ("restart", {}), ("evict", None)],
)
def test_what_is_not_known_is_never_fine(
    guarding: Guarding, action: str, asked: dict[str, object] | None
) -> None:
    """A Prometheus that is away would otherwise allow everything."""
    given = {"pod": guarding.find().pods[0]} if asked is None else asked

    told = only(guarding.ask("serving", guarding.planned(action, given)))

    assert isinstance(told, CannotTell)
    assert told.because.startswith("whether 3 pods can carry what 4 do: kv_usage: no series")


def test_one_pod_that_says_nothing_is_named(guarding: Guarding) -> None:
    """Three of four tell too little to say that it is fine, and enough to say that it is not."""
    guarding.calm(kv=0.3)
    silent = guarding.find().pods[1]
    del guarding.told.pods["kv_usage"][silent]

    assert only(guarding.ask("serving", guarding.scaled(3))) == CannotTell(
        f"whether 3 pods can carry what 4 do: kv_usage: nothing from {silent}"
    )
    guarding.every("kv_usage", 0.95)
    del guarding.told.pods["kv_usage"][silent]
    assert isinstance(only(guarding.ask("serving", guarding.scaled(3))), Refused)


def test_a_pod_that_hangs_carries_nothing(guarding: Guarding) -> None:
    """It would be kept because it is full, and it is full because it hangs."""
    guarding.calm(kv=0.6)
    hangs = guarding.find().pods[0]
    guarding.told.pods["kv_usage"][hangs] = 1.0
    for name in ("generation_tokens", "prompt_tokens"):
        guarding.told.pods[name][hangs] = 0.0
    plan = guarding.planned("evict", {"pod": hangs})

    assert guarding.ask("serving", plan) == ()
    other = guarding.planned("evict", {"pod": guarding.find().pods[1]})
    assert isinstance(only(guarding.ask("serving", other)), Refused)


def test_the_last_pods_stay_while_anything_runs(guarding: Guarding) -> None:
    """A strategy that takes all pods at once is an outage, whatever their caches say."""
    guarding.calm(kv=0.0)
    name = guarding.find().name
    guarding.kubernetes.cluster.update(
        resources.DEPLOYMENTS, "llm-d", name, _recreate, writer=WRITER
    )
    plan = guarding.planned("restart", {})

    refused = only(guarding.ask("serving", plan))

    assert isinstance(refused, Refused)
    assert refused.because == "none of 4 pods would be left to serve, and they are in use"
    guarding.every("running", 0.0)
    assert only(guarding.ask("serving", plan)) == Warned(
        "none is left to serve meanwhile; nothing runs or waits now"
    )
    guarding.told.pods.clear()
    assert isinstance(only(guarding.ask("serving", plan)), CannotTell)


def test_more_pods_take_nothing_away(guarding: Guarding) -> None:
    """Nothing is asked of Prometheus where nothing depends on it."""
    assert guarding.ask("serving", guarding.scaled(5)) == ()
    assert guarding.told.asked == []


def _recreate(thing: dict[str, object]) -> dict[str, object]:
    spec = thing["spec"]
    assert isinstance(spec, dict)
    return thing | {"spec": spec | {"strategy": {"type": "Recreate"}}}
