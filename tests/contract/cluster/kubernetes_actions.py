"""What actions do to a cluster: the same in the stand-in and in a real one."""

from collections.abc import Mapping

import pytest

from cluster.actions.plan import Done, Plan, Settled, Verb
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.objects import OwnerReference, Pod
from cluster.targets.target import Target
from incidents.errors import Conflict, Unavailable
from tests.contract.cluster import objects
from tests.contract.cluster.places import OPERATOR, Place, path

KEY = "run-1/step"


class Actions:
    """A plan, its write and the look back; a suite inherits it with a fixture `place`."""

    def test_an_eviction_names_the_budget_that_forbids_it(self, place: Place) -> None:
        """The dry run asks the budget too, so nobody is asked for what would be refused."""
        at, names = _serving(place)
        chosen = {"minAvailable": 2, "selector": {"matchLabels": {"app": "decode"}}}
        budget = {"metadata": {"name": "keeps-two"}, "spec": chosen}
        place.api().create(path(kinds.BUDGET, place.namespace), budget, fieldManager=OPERATOR)
        place.until(lambda: _counted(place))

        with pytest.raises(Unavailable, match="keeps-two needs 2 healthy pods and has 2"):
            _verb(place, "evict").plan(at, {"pod": names[0]})

    @pytest.mark.parametrize("action", ["evict", "delete_pod"])
    def test_a_pod_goes_and_another_takes_its_place(self, place: Place, action: str) -> None:
        """The target is whole again, with another pod."""
        at, names = _serving(place)
        verb = _verb(place, action)

        plan = verb.plan(at, {"pod": names[0]})
        assert verb.already_done(plan, key=KEY) is Done.NO
        verb.apply(plan, key=KEY)

        assert verb.already_done(plan, key=KEY) is Done.YES
        after = place.until(lambda: _came_about(verb, plan))
        assert (after.ready, after.wanted) == (2, 2)
        assert names[0] not in [each.name for each in _ready(place)]

    def test_a_pod_is_put_aside_and_back(self, place: Place) -> None:
        """Its ReplicaSet lets go of it and makes another, and takes it back afterwards."""
        at, names = _serving(place)
        place.make(kinds.POOL, objects.pool("blue", {"app": "decode"}))
        verb = _verb(place, "quarantine")

        plan = _done(place, verb, at, {"pod": names[0]})
        # The label is written first; its controller lets go of it a moment later.
        aside = place.until(lambda: _let_go(_ready(place, "app=quarantined")))
        place.until(lambda: _came_about(verb, plan))

        assert [(each.name, each.owners) for each in aside] == [(names[0], ())]
        back = dict(plan.inverse)
        _done(place, _verb(place, back.pop("action")), at, back)
        assert place.until(lambda: not _ready(place, "app=quarantined"))
        assert place.until(lambda: len(_ready(place)) == 2)

    def test_requests_are_shared_by_weights(self, place: Place) -> None:
        """The weights stand in a list, and each is written in its place."""
        at, _ = _serving(place)
        for name, app in (("blue", "decode"), ("green", "decode")):
            place.make(kinds.POOL, objects.pool(name, {"app": app}))
        place.make(kinds.ROUTE, objects.route("llama", model="m", to={"blue": 9, "green": 1}))
        verb = _verb(place, "shift_traffic")

        plan = verb.plan(at, {"pool": "green", "percent": 80})
        verb.apply(plan, key=KEY)

        (route,) = place.client().routes(place.namespace)
        assert [(each.pool, each.weight) for each in route.rules[0]] == [
            ("blue", 20),
            ("green", 80),
        ]
        assert verb.already_done(plan, key=KEY) is Done.YES
        assert verb.settled(plan).said == "no gateway says that it follows the route"

    @pytest.mark.parametrize("old", [False, True], ids=["v1", "v1alpha2"])
    def test_a_pool_fails_open_and_closed_again(self, place: Place, *, old: bool) -> None:
        """Both versions of the API take the word at their own place."""
        at, _ = _serving(place)
        kind = kinds.OLD_POOL if old else kinds.POOL
        made = (objects.old_pool if old else objects.pool)("blue", {"app": "decode"})
        place.make(kind, made)
        verb = _verb(place, "failure_mode")

        plan = verb.plan(at, {"mode": "FailOpen"})
        verb.apply(plan, key=KEY)
        (open_,) = place.client().pools(place.namespace)
        stood = verb.settled(plan)
        back = dict(plan.inverse)
        again = _verb(place, back.pop("action")).plan(at, back)
        verb.apply(again, key="run-1/undo")
        (closed,) = place.client().pools(place.namespace)

        assert (plan.before, open_.failure_mode) == ((("failure mode", "FailClose"),), "FailOpen")
        assert (stood.said, closed.failure_mode) == ("it stands as it was written", "FailClose")

    def test_a_node_is_closed_and_opened(self, place: Place) -> None:
        """What stands there stays."""
        at, names = _serving(place)
        (node,) = {each.node for each in _ready(place) if each.name == names[0]}
        verb = _verb(place, "cordon")

        plan = _done(place, verb, at, {"node": node})
        there = place.client().thing("", _node(node)).body["spec"]
        stood = verb.settled(plan).said
        back = dict(plan.inverse)
        _done(place, _verb(place, back.pop("action")), at, back)

        assert isinstance(there, Mapping)
        assert (there["unschedulable"], stood) == (True, "it stands as it was written")
        spec = place.client().thing("", _node(node)).body.get("spec")
        assert isinstance(spec, Mapping)
        assert "unschedulable" not in spec


def _serving(place: Place) -> tuple[Target, list[str]]:
    """Return a Deployment of two ready pods as the target, and their names."""
    place.make(kinds.DEPLOYMENT, objects.deployment("decode", replicas=2))
    pods = place.until(lambda: found if len(found := _ready(place)) == 2 else [])
    client = place.client()
    reference = OwnerReference(kind="Deployment", name="decode", api_version="apps/v1")
    target = Target(
        cluster="local",
        namespace=place.namespace,
        kind="Deployment",
        name="decode",
        uid=client.thing(place.namespace, reference).itself.uid,
        model="m",
        role="decode",
        pods=(),
        pool="blue",
    )
    return target, sorted(each.name for each in pods)


def _ready(place: Place, selector: str = "app=decode") -> list[Pod]:
    pods = place.client().pods(place.namespace, selector)
    return [each for each in pods if each.ready_since and not each.leaving]


def _let_go(found: list[Pod]) -> list[Pod]:
    return found if all(not each.owners for each in found) else []


def _counted(place: Place) -> bool:
    (budget,) = place.client().things(place.namespace, kinds.BUDGET)
    status = budget.body.get("status")
    return isinstance(status, Mapping) and status.get("currentHealthy") == 2


def _verb(place: Place, action: str) -> Verb:
    return verbs(place.client())[action]


def _done(place: Place, verb: Verb, at: Target, asked: Mapping[str, object]) -> Plan:
    """Plan and write, again where a controller or a kubelet wrote the object in between."""

    def tried() -> Plan | None:
        plan = verb.plan(at, asked)
        try:
            verb.apply(plan, key=KEY)
        except Conflict:
            return None
        return plan

    plan = place.until(tried)
    assert plan is not None
    return plan


def _came_about(verb: Verb, plan: Plan) -> Settled | None:
    settled = verb.settled(plan)
    return settled if settled.since else None


def _node(name: str) -> OwnerReference:
    return OwnerReference(kind="Node", name=name, api_version="v1")
