"""Each shipped runbook goes its whole way on a real control plane: it reads, is approved, writes.

Prometheus is what a test says, and kubelets are played; everything that is read of the cluster and
written to it is real.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.objects import Pod
from cluster.clients.reads import ReadOnly
from cluster.targets.labels import LabelTargets
from cluster.tools import Tools
from incidents.errors import Rejected
from tests.contract.cluster import objects
from tests.contract.cluster.asking import MERGE, Body
from tests.contract.cluster.places import path
from tests.runbooks.rehearsed import Played, until, well
from tests.servers.kubernetes.conftest import Real

pytestmark = pytest.mark.server

LABELS = {"app": "decode", "llm-d.ai/role": "decode"}
POOL = "pool"
PAUSE = 0.5
"""Real seconds between two looks: pods take some to become ready."""
Begin = Callable[..., "OnReal"]


class OnReal(Played):
    """A run against a namespace of the real control plane; its clock is real, and may be put on."""

    model = "m"

    def __init__(self, place: Real, runbook: str, *, answers: Mapping[str, str]) -> None:
        self.place, self.kubernetes = place, place.client()
        self._ahead = timedelta()
        super().__init__(runbook, answers=answers, at=place.namespace)
        well(self)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    @now.setter
    def now(self, moment: datetime) -> None:
        self._ahead = max(timedelta(), moment - datetime.now(UTC))

    def tools(self) -> Tools:
        """Return the hands of a runner, with the real client."""
        return Tools(
            signals=self.signals,
            targets=LabelTargets(self.kubernetes),
            verbs=verbs(self.kubernetes),
            objects=ReadOnly(self.kubernetes),
        )

    def follow(self) -> None:
        """Give the controllers a moment."""
        time.sleep(PAUSE)

    def pods(self) -> list[Pod]:
        """Return the decode pods that stay."""
        found = self.kubernetes.pods(self.place.namespace, "app=decode")
        return [each for each in found if not each.leaving]

    def names(self) -> list[str]:
        """Return their names."""
        return sorted(each.name for each in self.pods())

    def serving(self) -> int:
        return sum(each.ready_since is not None for each in self.pods())

    def deployment(self) -> Body:
        """Return the Deployment as the API server has it."""
        return self.place.api().get(path(kinds.DEPLOYMENT, self.place.namespace, "decode"))

    def edit(self, change: Body) -> None:
        """Change the Deployment as somebody else would."""
        decode = path(kinds.DEPLOYMENT, self.place.namespace, "decode")
        self.place.api().change(decode, {"spec": change}, form=MERGE)

    def blind(self) -> dict[str, str]:
        """Return the checks of objects that could not tell, with why."""
        steps = self.run.steps.values()
        looked = {one.id: one for one in steps if one.verdict == "cannot_tell"}
        return {
            step.id: looked[step.id].because
            for step in self.runbook.steps
            if step.id in looked and step.verb in OF_OBJECTS
        }


OF_OBJECTS = frozenset({"pods", "events", "endpoints", "routes", "rollout", "nodes", "storage"})


@pytest.fixture
def begin(place: Real) -> Iterator[Begin]:
    """Begin a run beside a Deployment of three pods and their pool; open the nodes afterwards."""
    body = objects.deployment("decode", replicas=3, template=objects.template(LABELS))
    body["spec"]["selector"]["matchLabels"] = {"app": "decode"}
    place.make(kinds.DEPLOYMENT, body)
    place.make(kinds.POOL, objects.pool(POOL, LABELS))

    def begun(runbook: str, **answers: str) -> OnReal:
        run = OnReal(
            place, runbook, answers={key.replace("_", "-"): x for key, x in answers.items()}
        )
        place.until(lambda: run.serving() == 3)
        return run

    yield begun
    for number in range(3):
        with suppress(Rejected):
            place.api().change(f"/api/v1/nodes/gpu-{number}", {"spec": {"unschedulable": None}})


def test_a_service_that_was_scaled_to_zero_is_brought_back(place: Real, begin: Begin) -> None:
    """What somebody took away is given back, and it serves."""
    run = begin("service-down", validate="answers")
    run.edit({"replicas": 0})
    place.until(lambda: not run.pods())

    run.play()

    assert run.did() == {"bring-back": "verified"}
    assert run.serving() == run.deployment()["spec"]["replicas"] > 0
    assert run.blind() == {}


@pytest.mark.parametrize(
    ("runbook", "hurts"),
    [
        pytest.param("high-latency", {"ttft_p95": 6.0, "waiting": 40.0}, id="high-latency"),
        pytest.param(
            "cache-evictions",
            {"preemptions": 2.0, "waiting": 40.0, "kv_usage": 0.98},
            id="cache-evictions",
        ),
    ],
)
def test_what_is_too_small_gets_more_replicas(
    begin: Begin, runbook: str, hurts: Mapping[str, float]
) -> None:
    """One patch of the size, and as many pods as it says."""
    run = begin(runbook)
    run.later(hours=3)  # what was rolled out within two hours is suspected first
    grown = until(run, lambda: run.serving() > 3)
    run.signals.values |= {name: grown(much) for name, much in hurts.items()}

    run.play()

    assert run.did() == {"add-decode": "verified"}
    assert run.serving() == run.deployment()["spec"]["replicas"] > 3
    assert run.blind() == {}


def test_the_one_pod_that_fails_is_taken_out_of_its_pool(begin: Begin) -> None:
    """Its controller makes another one, and it stays for somebody to look at."""
    run = begin("high-error-rate", one_pod="one")
    bad = run.names()[0]
    fails = until(run, lambda: bad not in run.names())
    run.signals.values |= {"error_ratio": fails(0.2), "http_error_ratio": fails(0.2)}

    run.play()

    assert run.did() == {"take-out": "verified"}
    assert (run.serving(), bad in run.names()) == (3, False)
    everything = run.kubernetes.pods(run.place.namespace, "")
    assert bad in {each.name for each in everything if each.ready_since}


def test_the_node_of_a_broken_gpu_is_closed_and_a_pod_leaves_it(begin: Begin) -> None:
    """Two plans, two approvals, two writes."""
    run = begin("gpu-utilization")
    run.signals.values |= {"gpu_xid_faults": lambda _: 1.0}
    before = run.pods()

    run.play()

    closed = [
        each["metadata"]["name"]
        for each in run.place.api().get("/api/v1/nodes")["items"]
        if each["spec"].get("unschedulable")
    ]
    gone = {each.name for each in before} - set(run.names())
    assert run.did() == {"close-node": "verified", "empty-node": "verified"}
    assert (len(closed), len(gone), run.serving()) == (1, 1, 3)


def test_the_pod_that_is_nearest_to_its_memory_limit_is_let_go(begin: Begin) -> None:
    """By an eviction, which a disruption budget could forbid."""
    run = begin("memory-pressure")
    full = run.names()[0]
    fills = until(run, lambda: full not in run.names())
    run.signals.values |= {"container_memory": fills(0.97)}

    run.play()

    assert run.did() == {"let-go": "verified"}
    assert (run.serving(), full in run.names()) == (3, False)


def test_a_rollout_that_made_things_worse_is_taken_back(place: Real, begin: Begin) -> None:
    """To the revision that the Deployment controller has kept."""
    run = begin("bad-rollout", roll_back="roll_back")
    run.edit({"template": objects.template(LABELS, image="vllm:2")})
    place.until(lambda: run.deployment()["status"].get("updatedReplicas") == 3)
    place.until(lambda: run.serving() == len(run.pods()) == 3)
    run.signals.values |= {"error_ratio": until(run, lambda: _image(run) == "vllm:1")(0.3)}

    run.play()

    assert run.did() == {"take-back": "verified"}
    assert (_image(run), run.serving()) == ("vllm:1", 3)
    assert "vllm: image vllm:1 → vllm:2" in run.step("rollout").because
    assert run.blind() == {}


def _image(run: OnReal) -> str:
    found: str = run.deployment()["spec"]["template"]["spec"]["containers"][0]["image"]
    return found
