"""Whose a pod is its owners' uids say: no label, no name and no forged reference says otherwise."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as some

from cluster.actions import member
from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.owners import workload
from incidents.errors import Rejected
from tests.cluster.graphs import Seen, made, refer, target

LABELS = {"app": "decode", "llm-d.ai/role": "decode"}
SPEC = {"replicas": 2, "selector": {"matchLabels": LABELS}}
MINE, OTHER = "decode", "prefill"


def object_of(
    kind: Kind, name: str, *, above: Mapping[str, object] | None = None, uid: str = ""
) -> dict[str, object]:
    body = made(kind, name, SPEC, above=above, labels=LABELS)
    if uid:
        meta = body["metadata"]
        assert isinstance(meta, dict)
        meta["uid"] = uid
    return body


SETS = {
    "mine": object_of(kinds.REPLICA_SET, "mine", above=refer(kinds.DEPLOYMENT, MINE)),
    "theirs": object_of(kinds.REPLICA_SET, "theirs", above=refer(kinds.DEPLOYMENT, OTHER)),
    "alone": object_of(kinds.REPLICA_SET, "alone"),
    # It names the target by its name, and an earlier Deployment by its uid.
    "earlier": object_of(
        kinds.REPLICA_SET, "earlier", above={**refer(kinds.DEPLOYMENT, MINE), "uid": "uid-before"}
    ),
}
ABOVE: Mapping[str, Mapping[str, object] | None] = {
    **{name: refer(kinds.REPLICA_SET, name) for name in SETS},
    "nobody": None,
    "gone": refer(kinds.REPLICA_SET, "gone"),
    # The name is right, and it is another ReplicaSet.
    "forged": {**refer(kinds.REPLICA_SET, "mine"), "uid": "uid-forged"},
    # A loop of owners has no end.
    "loop": refer(kinds.POD, "pod-0"),
}


@given(some.lists(some.sampled_from(sorted(ABOVE)), min_size=1, max_size=6))
def test_only_what_the_target_made_is_a_pod_of_it(above: list[str]) -> None:
    """An approval is for the target: whatever stands beside it is never touched."""
    pods = [
        object_of(kinds.POD, f"pod-{number}", above=ABOVE[owner])
        for number, owner in enumerate(above)
    ]
    deployments = [object_of(kinds.DEPLOYMENT, name) for name in (MINE, OTHER)]
    seen = Seen(*deployments, *SETS.values(), *pods)
    at = target(kinds.DEPLOYMENT, MINE)

    found = set()
    for number in range(len(pods)):
        try:
            found.add(member.find("evict", at, f"pod-{number}", seen).thing.itself.name)
        except Rejected:
            continue

    wanted = {f"pod-{number}" for number, owner in enumerate(above) if owner == "mine"}
    # A pod below a pod of the target is the target's: so are the workers of a group.
    if above[0] == "mine":
        wanted |= {f"pod-{number}" for number, owner in enumerate(above) if owner == "loop"}
    assert found == wanted


@given(some.text(max_size=8), some.sampled_from(sorted(ABOVE)))
def test_a_label_of_any_kind_makes_no_member(value: str, owner: str) -> None:
    """Labels are foreign text; whoever may label a pod must not choose what is deleted."""
    pod = object_of(kinds.POD, "pod-0", above=ABOVE[owner])
    meta = pod["metadata"]
    assert isinstance(meta, dict)
    meta["labels"] = {**LABELS, "leaderworkerset.sigs.k8s.io/name": value}
    seen = Seen(object_of(kinds.DEPLOYMENT, MINE), *SETS.values(), pod)
    at = target(kinds.DEPLOYMENT, MINE)

    work = workload.of(at, seen)

    assert member.belongs(parse.thing(pod), at, work, seen) is (owner == "mine")
