"""Whatever the plan and the scene: what serves is kept, and what is not known is never fine."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cluster.actions.plan import Plan
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.parse import thing as read
from cluster.clients.things import Thing
from cluster.guardrails import registry, room
from cluster.guardrails.guard import Answer, CannotTell, Refused
from cluster.guardrails.scene import Scene, World
from cluster.targets.target import Target
from incidents.errors import Rejected
from incidents.events.run import WriteRecord
from incidents.guardrails import Guardrails, Limits
from tests.cluster.conftest import NOW
from tests.cluster.graphs import NAMESPACE, made
from tests.cluster.guardrails.scenes import Told

LABELS = {"app": "decode", "llm-d.ai/role": "decode"}
SIGNALS = ("kv_usage", "waiting", "running", "generation_tokens", "prompt_tokens")
ONCE = settings(max_examples=120, deadline=None)


class Listed:
    """A cluster of these objects; kinds in `hidden` may not be seen."""

    def __init__(
        self, *objects: Mapping[str, object], hidden: frozenset[str] = frozenset()
    ) -> None:
        self._things = [read(each) for each in objects]
        self._hidden = hidden

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        for each in self.things(namespace, kinds.BY_NAME[reference.group, reference.kind]):
            if each.itself.name == reference.name:
                return each
        message = f"there is no {reference}"
        raise Rejected(message)

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> list[Thing]:
        if kind.name in self._hidden:
            message = f"no permission to list {kind.plural} of {namespace}{selector}"
            raise Rejected(message)
        return [each for each in self._things if each.itself.kind == kind.name]


def pod(name: str, node: str, *, ready: bool) -> dict[str, object]:
    limits = {"limits": {"nvidia.com/gpu": "1"}}
    containers = [{"name": "vllm", "image": "vllm:v1", "resources": limits}]
    body = made(kinds.POD, name, {"nodeName": node, "containers": containers}, labels=LABELS)
    since = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-03-01T11:00:00Z"}
    told = {"startTime": "2026-03-01T10:58:00Z", "conditions": [since] if ready else []}
    return {**body, "status": {"phase": "Running", **told}}


def node(name: str, gpus: int) -> dict[str, object]:
    body = made(kinds.NODE, name, namespace="")
    ready = [{"type": "Ready", "status": "True"}]
    return {**body, "status": {"allocatable": {"nvidia.com/gpu": str(gpus)}, "conditions": ready}}


def deployment(size: int) -> dict[str, object]:
    return made(
        kinds.DEPLOYMENT, spec={"replicas": size, "selector": {"matchLabels": {"app": "decode"}}}
    )


def scaled(names: tuple[str, ...], size: int, after: int) -> Plan:
    """Return the plan of a scale, as the action would make it."""
    target = Target(
        cluster="local",
        namespace=NAMESPACE,
        kind="Deployment",
        name="decode",
        uid="uid-Deployment-decode",
        model="llama",
        role="decode",
        pods=names,
        roles=("decode",),
    )
    write = WriteRecord(
        api_version="apps/v1",
        kind="Deployment",
        namespace=NAMESPACE,
        name="decode",
        uid=target.uid,
        subresource="scale",
        fields=(("/spec/replicas", str(after)),),
    )
    return Plan(
        action="scale",
        target=target,
        parameters=(),
        owner_path=(),
        before=(("replicas", str(size)),),
        after=(("replicas", str(after)),),
        uid=target.uid,
        resource_version="7",
        inverse=(),
        kubectl="",
        dry_run="",
        warnings=(),
        reversible=True,
        digest="d",
        write=write,
    )


def ask(guard: str, plan: Plan, objects: Listed, told: Told, rules: Guardrails) -> list[Answer]:
    world = World(objects=objects, signals=told, at=NOW, rules=rules)
    return list(registry.guards()[guard].judge(Scene(plan, world)))


shares = st.floats(min_value=0.0, max_value=1.0)
# Mostly calm: a queue that is always too long would refuse before the caches are looked at.
queues = st.sampled_from((0, 0, 0, 1, 3, 9))


@ONCE
@given(data=st.data(), size=st.integers(2, 8), limit=st.floats(0.3, 0.95))
def test_no_scale_below_what_serves_is_let_through(
    data: st.DataObject, size: int, limit: float
) -> None:
    """Where all numbers are there, the rest always stays below the limits, or it is refused."""
    after = data.draw(st.integers(1, size - 1))
    ready = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    names = tuple(f"decode-{index}" for index in range(size))
    pods = [pod(name, "n", ready=up) for name, up in zip(names, ready, strict=True)]
    usage = {name: data.draw(shares) for name in names}
    waiting = {name: float(data.draw(queues)) for name in names}
    told = Told(pods={"kv_usage": usage, "waiting": waiting})
    for name in ("running", "generation_tokens", "prompt_tokens"):
        told.pods[name] = dict.fromkeys(names, 1.0)
    serving = [name for name, up in zip(names, ready, strict=True) if up]
    left = min(after, len(serving))
    rules = Guardrails(limits=Limits(kv_usage=limit))

    found = ask("serving", scaled(names, size, after), Listed(deployment(size), *pods), told, rules)

    refused = any(isinstance(each, Refused) for each in found)
    unknown = any(isinstance(each, CannotTell) for each in found)
    kv, queue = sum(usage[x] for x in serving), sum(waiting[x] for x in serving)
    too_much = left > 0 and (kv / left > limit or queue / left > rules.limits.waiting)
    assert refused is (left < len(serving) and too_much)
    assert not unknown


@ONCE
@given(data=st.data(), size=st.integers(2, 5))
def test_a_number_that_is_missing_is_never_fine(data: st.DataObject, size: int) -> None:
    """Whatever is not told of a pod: it is refused, or said that it cannot be told."""
    names = tuple(f"decode-{index}" for index in range(size))
    told = Told(pods={name: dict.fromkeys(names, 0.1) for name in SIGNALS})
    for signal in data.draw(st.sets(st.sampled_from(("kv_usage", "waiting")), min_size=1)):
        for name in data.draw(st.sets(st.sampled_from(names), min_size=1)):
            del told.pods[signal][name]
    plan = scaled(names, size, size - 1)
    pods = [pod(name, "n", ready=True) for name in names]

    found = ask("serving", plan, Listed(deployment(size), *pods), told, Guardrails())

    assert [type(each) for each in found] in ([CannotTell], [Refused])


SEES = {
    "blast": ("Deployment", "Pod"),
    "capacity": ("Deployment", "Pod", "Node", "ResourceQuota"),
    "disruptions": ("Deployment", "Pod", "PodDisruptionBudget"),
    "drain": ("Deployment", "Pod"),
    "largest_step": ("Deployment", "Pod"),
    "load_time": ("Deployment", "Pod"),
    "other_hands": ("Deployment", "Pod", "Node"),
    "ratio": ("Deployment", "Pod"),
    "serving": ("Deployment", "Pod"),
}
GROWS = frozenset({"capacity", "load_time"})
"""These look where pods come; the others where they go."""


@ONCE
@given(data=st.data())
def test_what_may_not_be_seen_is_never_fine(data: st.DataObject) -> None:
    """A right that is missing must not switch a guard off."""
    guard = data.draw(st.sampled_from(sorted(SEES)))
    hidden = data.draw(st.sets(st.sampled_from(SEES[guard]), min_size=1))
    size = data.draw(st.integers(2, 4))
    names = tuple(f"decode-{index}" for index in range(size))
    plan = scaled(names, size, size + 1 if guard in GROWS else size - 1)
    both = replace(plan, target=replace(plan.target, roles=("decode", "prefill")))
    objects = [deployment(size), *(pod(name, "n", ready=True) for name in names), node("n", 8)]
    told = Told(pods={name: dict.fromkeys(names, 0.1) for name in SIGNALS})

    found = ask(guard, both, Listed(*objects, hidden=frozenset(hidden)), told, Guardrails())

    assert any(isinstance(each, CannotTell) for each in found), hidden


@ONCE
@example(needs=[4, 3, 3, 2, 2, 2], free=[8, 8])  # the largest first finds no room for the last
@given(needs=st.lists(st.integers(1, 8), max_size=5), free=st.lists(st.integers(0, 8), max_size=4))
def test_what_certainly_finds_no_room_could_not_be_placed(
    needs: list[int], free: list[int]
) -> None:
    """Nothing is refused for which there is a place; every way to place it is tried here."""
    rooms = [room.Free(name=str(i), gpus={"g": n}, labels={}) for i, n in enumerate(free)]
    wanted = [{"g": number} for number in needs]

    def fits(left: list[int], pods: list[int]) -> bool:
        if not pods:
            return True
        return any(
            fits([*left[:i], left[i] - pods[0], *left[i + 1 :]], pods[1:])
            for i in range(len(left))
            if left[i] >= pods[0]
        )

    if room.certainly_none(wanted, rooms):
        assert not fits(free, needs)
    if room.fits(wanted, rooms) == len(needs):
        assert fits(free, needs)
