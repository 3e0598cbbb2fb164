"""What others are at work on is left to them; what peers depend on takes two people."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.clients import kinds
from cluster.guardrails.guard import Answer, CannotTell, People, Refused, Warned
from drills.kubernetes import resources
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.objects import Object
from incidents.events.run import CopyRecord
from incidents.guardrails import Guardrails, Mark, Sign, VersionPair, Where
from tests.cluster.conftest import NAMESPACE, NOW
from tests.cluster.graphs import made
from tests.cluster.guardrails.scenes import DECODE, PREFILL, Guarding
from tests.cluster.guardrails.test_room_and_budgets import Blind, change, only
from tests.cluster.installs import WRITER

TAINTED = {"taints": [{"key": "karpenter.sh/disrupted", "effect": "NoSchedule"}]}


def annotate(guarding: Guarding, pod: str, **notes: str) -> None:
    def noted(thing: Object) -> Object:
        return thing | {"metadata": {**thing["metadata"], "annotations": notes}}

    guarding.kubernetes.cluster.update(resources.PODS, NAMESPACE, pod, noted, writer=WRITER)


def host(guarding: Guarding, pod: str) -> str:
    found: str = guarding.kubernetes.cluster.get(resources.PODS, NAMESPACE, pod)["spec"]["nodeName"]
    return found


def test_a_pod_on_a_node_that_somebody_empties_is_left_alone(guarding: Guarding) -> None:
    """Two that repair the same node undo each other's work."""
    pod = guarding.find().pods[0]
    node = host(guarding, pod)
    change(guarding, node, TAINTED)

    assert guarding.ask("other_hands", guarding.planned("evict", {"pod": pod})) == (
        Refused(
            f"Node {node} carries the taint karpenter.sh/disrupted: Karpenter is at work on it",
            "leave it to Karpenter, or have that stopped first",
        ),
    )


def test_a_node_that_somebody_empties_is_not_closed_either(guarding: Guarding) -> None:
    """Whoever made the taint takes it away again, and not the cordon."""
    node = host(guarding, guarding.find().pods[0])
    plan = guarding.planned("cordon", {"node": node})
    assert guarding.ask("other_hands", plan) == ()

    change(guarding, node, TAINTED)

    assert isinstance(only(guarding.ask("other_hands", plan)), Refused)


def test_a_change_of_all_pods_is_told_of_such_nodes(guarding: Guarding) -> None:
    """One node of many is no reason to leave the others as they are."""
    node = host(guarding, guarding.find().pods[0])
    change(guarding, node, TAINTED)

    assert guarding.ask("other_hands", guarding.planned("restart", {})) == (
        Warned(f"Node {node} carries the taint karpenter.sh/disrupted, of Karpenter"),
    )


@pytest.mark.parametrize(
    ("notes", "answer"),
    [
        pytest.param({"karpenter.sh/do-not-disrupt": "true"}, Warned, id="told"),
        pytest.param(
            {"descheduler.alpha.kubernetes.io/eviction-in-progress": ""}, Refused, id="refused"
        ),
        pytest.param({"karpenter.sh/do-not-disrupt": "false"}, None, id="another-value"),
    ],
)
def test_a_pod_may_carry_a_mark_itself(
    guarding: Guarding, notes: dict[str, str], answer: type[Answer] | None
) -> None:
    """What it means depends on whose it is, and on its value."""
    pod = guarding.find().pods[0]
    annotate(guarding, pod, **notes)

    found = guarding.ask("other_hands", guarding.planned("evict", {"pod": pod}))

    assert [type(each) for each in found] == ([answer] if answer else [])


@pytest.mark.parametrize(("state", "refused"), [("drain-required", True), ("upgrade-done", False)])
def test_a_state_that_means_nothing_is_passed_over(
    guarding: Guarding,
    state: str,
    refused: bool,  # what is expected
) -> None:
    """The GPU operator leaves its label on every node for ever."""
    pod = guarding.find().pods[0]
    change(guarding, host(guarding, pod), labels={"nvidia.com/gpu-driver-upgrade-state": state})

    found = guarding.ask("other_hands", guarding.planned("evict", {"pod": pod}))

    assert bool(found) is refused


def test_a_mark_on_the_workload_counts_for_more_pods_too(guarding: Guarding) -> None:
    """Whoever is at work on it is in the way of a scale up as of a scale down, ready or not."""
    own = Mark(
        on=Where.WORKLOAD, sign=Sign.ANNOTATION, key="at-work", who="the night shift", refuses=True
    )
    guarding.rules = Guardrails(marks=(own,))
    plan = guarding.scaled(6)
    assert guarding.ask("other_hands", plan) == ()

    def noted(thing: Object) -> Object:
        return thing | {"metadata": {**thing["metadata"], "annotations": {"at-work": "yes"}}}

    name = guarding.find().name
    guarding.kubernetes.cluster.update(resources.DEPLOYMENTS, NAMESPACE, name, noted, writer=WRITER)

    refused = only(guarding.ask("other_hands", plan))
    assert isinstance(refused, Refused)
    assert refused.because.endswith("annotation at-work=yes: the night shift is at work on it")


def test_a_team_has_marks_of_its_own(guarding: Guarding) -> None:
    """A condition counts by its status."""
    own = Mark(on=Where.NODE, sign=Sign.CONDITION, key="Ready", who="the night shift", value="True")
    guarding.rules = Guardrails(marks=(own,))
    pod = guarding.find().pods[0]

    told = only(guarding.ask("other_hands", guarding.planned("evict", {"pod": pod})))

    assert told == Warned(
        f"Node {host(guarding, pod)} carries the condition Ready=True, of the night shift"
    )


def test_nodes_that_may_not_be_seen_are_told(guarding: Guarding) -> None:
    """Somebody may be at work there all the same."""
    plan = guarding.planned("evict", {"pod": guarding.find().pods[0]})
    guarding.more = {"objects": Blind(guarding, {"Node"})}

    told = only(guarding.ask("other_hands", plan))

    assert isinstance(told, CannotTell)
    assert told.because.startswith(
        "whether another controller is at work on 1 nodes: no permission"
    )


@pytest.mark.parametrize(
    ("role", "peers"),
    [
        pytest.param(
            PREFILL,
            "4 decode pods exchange KV blocks with these: what they fetch from",
            id="prefill",
        ),
        pytest.param(
            DECODE, "2 prefill pods exchange KV blocks with these: what is computed", id="decode"
        ),
    ],
)
def test_what_peers_depend_on_takes_two_people(guarding: Guarding, role: str, peers: str) -> None:
    """A restart of prefill has taken decode pods down that nobody thought of."""
    (asked,) = guarding.ask("blast", guarding.planned("restart", {}, role))

    assert isinstance(asked, People)
    assert asked.number == 2
    assert asked.because.startswith(peers)


def test_how_many_people_is_configuration(guarding: Guarding) -> None:
    """A team of one is no team that is never up."""
    guarding.limit(people=1)

    (asked,) = guarding.ask("blast", guarding.planned("restart", {}))

    assert isinstance(asked, People)
    assert asked.number == 1


def test_more_pods_take_no_peers_along(guarding: Guarding) -> None:
    """To add is what is done at night, by one person awake alone."""
    assert guarding.ask("blast", guarding.scaled(6)) == ()


def test_pods_that_do_both_have_no_peers(guarding: Guarding) -> None:
    """There is nobody to take along."""
    plan = guarding.planned("restart", {})
    alone = replace(plan, target=replace(plan.target, roles=("decode",)))

    assert guarding.ask("blast", alone) == ()


def test_peers_of_another_model_are_none(guarding: Guarding) -> None:
    """Two models of one namespace exchange nothing."""
    plan = guarding.planned("restart", {})
    for pod in guarding.find(PREFILL).pods:
        guarding.kubernetes.cluster.update(
            resources.PODS,
            NAMESPACE,
            pod,
            lambda thing: (
                thing
                | {
                    "metadata": {
                        **thing["metadata"],
                        "labels": {**thing["metadata"]["labels"], "llm-d.ai/model": "other"},
                    }
                }
            ),
            writer=WRITER,
        )

    assert guarding.ask("blast", plan) == ()


def test_pods_that_cannot_be_seen_may_be_peers(guarding: Guarding) -> None:
    """Nobody agrees to what nobody could look at."""
    plan = guarding.planned("restart", {})
    guarding.more = {"objects": Blind(guarding, {"Pod"})}

    told = only(guarding.ask("blast", plan))

    assert isinstance(told, CannotTell)
    assert told.because == "what depends on these pods: no permission to list pods"


def roll(guarding: Guarding, tag: str) -> None:
    """Let the decode Deployment have a new image, which no pod has yet."""

    def rolled(thing: Object) -> Object:
        spec = thing["spec"]
        (engine,) = spec["template"]["spec"]["containers"]
        pod = {**spec["template"]["spec"], "containers": [{**engine, "image": f"reg/vllm:{tag}"}]}
        return thing | {"spec": {**spec, "template": {**spec["template"], "spec": pod}}}

    guarding.kubernetes.cluster.update(
        resources.DEPLOYMENTS, NAMESPACE, guarding.find().name, rolled, writer=WRITER
    )


def with_image(guarding: Guarding, tag: str) -> object:
    """Return a plan that writes another image, as an action on the template would."""
    plan = guarding.planned("restart", {})
    image = (("/spec/template/spec/containers/0/image", f'"reg/vllm:{tag}"'),)
    return replace(plan, write=replace(plan.write, fields=image))


def test_versions_that_differ_afterwards_are_told(guarding: Guarding) -> None:
    """Taking back one role and then the other is the only way, and it is not a calm one."""
    told, asked = guarding.ask("blast", with_image(guarding, "v0.7.0"))  # type: ignore[arg-type]  # a plan

    assert told == Warned(
        "prefill runs v0.8.0 and decode v0.7.0 after it: KV blocks are refused between versions"
        " until the other role follows"
    )
    assert isinstance(asked, People)


def test_versions_that_are_known_not_to_fit_are_refused(guarding: Guarding) -> None:
    """Requests would be answered, and wrongly."""
    pair = VersionPair(prefill="v0.8.*", decode="v0.7.*", because="answers are mixed up")
    guarding.rules = Guardrails(version_pairs=(pair,))

    refused, _ = guarding.ask("blast", with_image(guarding, "v0.7.0"))  # type: ignore[arg-type]  # a plan

    assert refused == Refused(
        "prefill v0.8.0 and decode v0.7.0 must not serve together: answers are mixed up",
        "take both roles to one version, in a pool of their own, and shift the traffic",
    )
    assert len(guarding.ask("blast", with_image(guarding, "v0.8.0"))) == 1  # type: ignore[arg-type]  # a plan


@pytest.mark.parametrize(
    "roles",
    [
        pytest.param((DECODE,), id="of-the-target"),
        pytest.param((PREFILL,), id="of-its-peers"),
        pytest.param((DECODE, PREFILL), id="of-both"),
    ],
)
def test_versions_are_compared_though_no_pod_is_ready(
    guarding: Guarding, roles: tuple[str, ...]
) -> None:
    """A role that does not serve is the one that people roll back, and it will serve."""
    pair = VersionPair(prefill="v0.8.*", decode="v0.7.*", because="answers are mixed up")
    guarding.rules = Guardrails(version_pairs=(pair,))
    plan = with_image(guarding, "v0.7.0")

    for name in (name for role in roles for name in guarding.find(role).pods):
        guarding.kubernetes.cluster.update(
            resources.PODS,
            NAMESPACE,
            name,
            lambda thing: thing | {"status": {**thing["status"], "conditions": []}},
            writer=replace(WRITER, subresource="status"),
        )

    found = guarding.ask("blast", plan)  # type: ignore[arg-type]  # a plan
    assert [type(each) for each in found] == [Refused]


def test_the_version_of_a_rollback_is_that_of_its_revision(guarding: Guarding) -> None:
    """A rollback copies a template, and the plan does not hold it."""
    roll(guarding, "v0.9.0")
    controllers = Controllers(guarding.kubernetes.cluster, ready_after=lambda _: 0.0)
    for step in range(60):
        controllers.reconcile(NOW + step * timedelta(seconds=5))
    plan = guarding.planned("rollback", {})

    # Back at the version that prefill has.
    assert [type(each) for each in guarding.ask("blast", plan)] == [People]
    lost = replace(
        plan, write=replace(plan.write, copied=(replace(plan.write.copied[0], name="x"),))
    )
    unknown, _ = guarding.ask("blast", lost)
    assert unknown == CannotTell("which version these pods will run: ReplicaSet x is gone")


@pytest.mark.parametrize(
    ("role", "told"),
    [
        (DECODE, "prefill runs v0.8.0 and decode v0.6.0 after it"),
        (PREFILL, "prefill runs v0.7.0 and decode v0.8.0 after it"),
    ],
)
def test_the_versions_of_a_service_are_those_of_the_role(
    guarding: Guarding, role: str, told: str
) -> None:
    """Its templates are specs of pods themselves, and both roles stand in one object."""
    parts = {DECODE: ("/template", "v0.6.0"), PREFILL: ("/prefill/template", "v0.7.0")}
    specs = {
        name: {"containers": [{"name": "main", "image": f"reg/vllm:{tag}"}]}
        for name, (_, tag) in parts.items()
    }
    data = {"spec": {"template": specs[DECODE], "prefill": {"template": specs[PREFILL]}}}
    guarding.kubernetes.cluster.create(
        resources.REVISIONS,
        made(kinds.CONTROLLER_REVISION, "earlier") | {"data": data, "revision": 1},
        writer=WRITER,
    )
    plan = guarding.planned("restart", {}, role)
    copied = tuple(
        CopyRecord(
            field=f"/spec{where}",
            api_version=kinds.CONTROLLER_REVISION.api_version,
            kind=kinds.CONTROLLER_REVISION.name,
            name="earlier",
            uid="",
            source=f"/data/spec{where}",
            without=(),
            digest="",
        )
        for where, _ in parts.values()
    )
    kind = kinds.INFERENCE_SERVICE.name
    back = replace(plan, write=replace(plan.write, kind=kind, fields=(), copied=copied))

    warned, *_ = guarding.ask("blast", back)

    assert isinstance(warned, Warned)
    assert warned.because.startswith(told)


@pytest.mark.parametrize(
    ("images", "told"),
    [
        pytest.param("proxy=envoy:2, vllm=reg/vllm:v0.7.0", "v0.7.0", id="the-engine"),
        pytest.param("", "", id="not-told"),
    ],
)
def test_the_version_of_a_manifest_is_what_its_plan_tells(
    guarding: Guarding, images: str, told: str
) -> None:
    """A known-bad image is refused although the plan holds no word of the manifest."""
    pair = VersionPair(prefill="v0.8.*", decode="v0.7.*", because="answers are mixed up")
    guarding.rules = Guardrails(version_pairs=(pair,))
    plan = guarding.planned("restart", {})
    applied = replace(
        plan,
        before=(("replicas", "4"), ("template", "1")),
        after=(("replicas", "4"), ("template", "2"), *((("images", images),) if images else ())),
        write=replace(plan.write, fields=()),
    )

    found, *_ = guarding.ask("blast", applied)

    if told:
        assert isinstance(found, Refused)
        assert told in found.because
    else:
        assert found == CannotTell(
            "which version these pods will run: what is applied names no image of an engine"
        )
