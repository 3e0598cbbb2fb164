"""What people do where a plan was only planned, as a real API server tells it."""

from datetime import UTC, datetime, timedelta

import pytest

from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.reads import ReadOnly
from cluster.shadow.comparing import Then, compare
from cluster.shadow.standing import marks, pods, read
from incidents.events.shadow import Did, PeopleActed
from runbooks.engine import records
from tests.contract.cluster import objects
from tests.contract.cluster.places import path
from tests.servers.kubernetes.conftest import Real
from tests.servers.kubernetes.test_rollouts import live, plan, settled

pytestmark = pytest.mark.server

RESTART = {"kubectl.kubernetes.io/restartedAt": "2026-03-01T12:00:00Z"}


def test_real_controllers_are_nobody_and_real_people_are_named(place: Real) -> None:
    """The managers and the fields that the stand-in writes are those of the real server."""
    place.make(kinds.DEPLOYMENT, objects.deployment("decode"))
    place.until(lambda: settled(place))
    asked = records.record(plan(place, "scale", {"replicas": "+2", "at_most": 8}))
    reads, at = ReadOnly(place.client()), written_at(place)
    there = read(reads, asked)
    # The API server keeps whole seconds: what comes in the same one cannot be put in order.
    place.until(lambda: datetime.now(UTC) > at + timedelta(seconds=1))
    then = Then(at=at, marks=dict(marks(asked, there)), pods=pods(there))
    name = path(kinds.DEPLOYMENT, place.namespace, "decode")

    def seen() -> PeopleActed:
        return compare(asked, "add", then, read(reads, asked))

    before = seen()
    template = {"metadata": {"annotations": RESTART}}
    place.api().change(name, {"spec": {"template": template}}, fieldManager="kubectl-rollout")
    place.until(lambda: settled(place))
    restarted = seen()
    place.api().change(f"{name}/scale", {"spec": {"replicas": 3}}, fieldManager="kubectl-scale")
    less = seen()
    place.api().change(f"{name}/scale", {"spec": {"replicas": 4}}, fieldManager="kubectl-scale")
    same = seen()
    place.api().change(f"{name}/scale", {"spec": {"replicas": 2}}, fieldManager="kubectl-scale")
    back = verbs(place.client())["scale"].settled(records.plan(asked)).reverted_by

    assert dict(then.pods).keys() == set(asked.pods)
    assert before.did is Did.NOTHING
    assert (restarted.did, restarted.what, restarted.who[-1:]) == (
        Did.OTHERWISE,
        "Deployment decode spec.template changed",
        ("kubectl-rollout",),
    )
    assert [(one.did, one.what, one.who) for one in (less, same)] == [
        (Did.AMOUNT, "replicas is 3 now", ("kubectl-scale",)),
        (Did.SAME, "replicas is 4 now", ("kubectl-scale",)),
    ]
    assert back == "kubectl-scale"
    # Of what is written through `/scale` the real server keeps no moment.
    assert (same.at, restarted.at is not None and restarted.at >= at) == (None, True)


def written_at(place: Real) -> datetime:
    """Return when somebody wrote the object last, by the API server's own clock."""
    return max(each.at for each in live(place).writers if each.at is not None)
