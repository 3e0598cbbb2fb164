"""An approved change over HTTP, in every way that its write can fail: one write at most."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.kubernetes import KubernetesClient
from cluster.clients.pulse import Pulse
from cluster.control_plane import Watched
from cluster.evidence.collect import Collector
from cluster.targets.target import Target
from cluster.tools import Tools
from drills.kubernetes.faults import Fault, Kind
from incidents.run import StepStatus
from incidents.timeline import rows
from tests.conftest import COUNTED
from tests.contract.cluster import objects
from tests.contract.cluster.places import StandIn, path, stand_in
from tests.runbooks.engine.conftest import World, storm

HERE, STEP, NAME = "llm-d", "add-decode", "decode"
DECODE = path(kinds.DEPLOYMENT, HERE, NAME)
SCALE = f"{DECODE}/scale"
PATCHES = frozenset({"patch"})
APPLIED, FAILED, DOUBT = StepStatus.APPLIED, StepStatus.FAILED, StepStatus.IN_DOUBT


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """Serve one cluster; each test makes its own Deployment in it."""
    folder: Path = tmp_path_factory.mktemp("cluster")
    with stand_in(folder, HERE) as made:
        yield made


@pytest.fixture(scope="module", name="client")
def reached(place: StandIn) -> KubernetesClient:
    """Return a client that gives up soon; it has one connection, as the hands have."""
    return place.client(connect=1.0, read=0.4, total=0.8)


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Give a way to count what became of a change; it is printed at the end of the run."""
    counted = request.node.user_properties
    return lambda became: counted.append((COUNTED, f"faults of a change: {became}"))


class Reached(World):
    """The engine's small world, whose one Deployment and its API server are reached over HTTP."""

    def __init__(self, place: StandIn, client: KubernetesClient) -> None:
        self.place, self.client = place, client
        client.pulse = Pulse()  # what failed in another test is no trouble of this one
        self.uid = made(place)
        super().__init__()
        storm(self)
        self.workload.uid = self.uid

    def tools(self) -> Tools:
        return Tools(
            signals=self.signals,
            targets=self.targets,
            verbs=verbs(self.client),
            control=Watched(server=self.client),
            evidence=self.evidence,
        )

    def writes(self) -> int:
        """Return how many requests have changed the Deployment."""
        calls = self.place.app.state.calls.all()
        return sum(one.written and one.path in {SCALE, DECODE} for one in calls)


def made(place: StandIn, *, replicas: int = 4) -> str:
    """Make the Deployment anew and return its uid."""
    place.app.state.faults.clear()
    place.api().ask("DELETE", DECODE, body=None)
    place.api().create(path(kinds.DEPLOYMENT, HERE), objects.deployment(NAME, replicas=replicas))
    place.app.state.calls.clear()
    uid: str = place.api().get(DECODE)["metadata"]["uid"]
    return uid


@pytest.fixture
def planned(place: StandIn, client: KubernetesClient) -> Iterator[Reached]:
    """Play up to the moment at which people are asked; afterwards what may still arrive has."""
    world = Reached(place, client)
    world.settle()
    assert world.step(STEP).status is StepStatus.PLANNED, world.step(STEP)
    yield world
    place.app.state.faults.clear()
    place.client()  # whose token may everything again


def carry_out(world: Reached, meanwhile: Callable[[], object]) -> None:
    """Approve; `meanwhile` happens after the claim and before the write."""
    world.evidence.before_it = meanwhile
    world.approve()
    world.settle()


@pytest.mark.parametrize(
    ("fault", "status", "writes"),
    [
        pytest.param(Fault(kind=Kind.CONFLICT, times=1), APPLIED, 1, id="409-once"),
        pytest.param(Fault(kind=Kind.CONFLICT), FAILED, 0, id="409-always"),
        pytest.param(Fault(kind=Kind.EXPIRED, times=1), DOUBT, 0, id="410"),
        pytest.param(Fault(kind=Kind.TOO_MANY, times=1, seconds=1), FAILED, 0, id="429"),
        pytest.param(Fault(kind=Kind.ERROR_BEFORE, times=1), DOUBT, 0, id="500-before"),
        pytest.param(Fault(kind=Kind.ERROR_AFTER, times=1), APPLIED, 1, id="500-after"),
        pytest.param(Fault(kind=Kind.CUT_BEFORE, times=1), DOUBT, 0, id="cut-before"),
        pytest.param(Fault(kind=Kind.CUT_AFTER, times=1), APPLIED, 1, id="cut-after"),
        pytest.param(Fault(kind=Kind.HANG, times=1), DOUBT, 0, id="timeout-before"),
        pytest.param(Fault(kind=Kind.DOWN), DOUBT, 0, id="down"),
    ],
)
def test_a_write_that_fails_in_any_way_is_made_once_at_most(
    planned: Reached, told: Callable[[str], None], fault: Fault, status: StepStatus, writes: int
) -> None:
    """What certainly did not happen fails, what may have happened is asked of a person."""
    only = Fault(kind=fault.kind, verbs=PATCHES, times=fault.times, seconds=fault.seconds)

    carry_out(planned, lambda: planned.place.app.state.faults.add(only))

    told(f"{fault.kind.value}, then {planned.step(STEP).status.value}")
    assert (planned.step(STEP).status, planned.writes()) == (status, writes)
    assert planned.events().count("StepStarted") == 1


def test_a_write_that_arrives_after_its_timeout_is_a_doubt_and_no_second_write(
    planned: Reached, told: Callable[[str], None]
) -> None:
    """The answer was given up, and the change came all the same: looking once is no proof."""
    slow = Fault(kind=Kind.SLOW, verbs=PATCHES, times=1, seconds=0.7)

    carry_out(planned, lambda: planned.place.app.state.faults.add(slow))
    status = planned.step(STEP).status
    arrived(planned)
    planned.restarted()
    planned.settle()

    told(f"timeout after, then {status.value}")
    assert (status, planned.step(STEP).status) == (DOUBT, DOUBT)
    assert planned.writes() <= 1


def arrived(world: Reached) -> None:
    """Wait until the slow write has arrived."""
    for _ in range(200):
        if world.writes():
            return
        threading.Event().wait(0.01)


def anew(world: Reached) -> None:
    """Let somebody delete the Deployment and make another one of that name."""
    world.workload.uid = made(world.place)


def gone(world: Reached) -> None:
    """Let somebody delete the Deployment."""
    world.place.api().delete(DECODE)


def by_hand(world: Reached) -> None:
    """Let a colleague scale it."""
    body = {"spec": {"replicas": 7}}
    world.place.api().change(SCALE, body, fieldManager="kubectl-scale")


def forbidden(world: Reached) -> None:
    """Let somebody take the right to write away."""
    world.place.client(frozenset({"get *", "list *"}))


@pytest.mark.parametrize(
    ("happens", "because"),
    [
        pytest.param(anew, "", id="made-anew"),
        pytest.param(gone, "gone", id="gone"),
        pytest.param(by_hand, "", id="changed-by-hand"),
        pytest.param(forbidden, "no permission", id="no-permission-any-more"),
    ],
)
def test_another_object_is_never_written(
    planned: Reached, told: Callable[[str], None], happens: Callable[[Reached], None], because: str
) -> None:
    """Between approval and write it became another one: nobody approved that."""
    carry_out(planned, lambda: happens(planned))

    found = planned.step(STEP)
    told(f"{happens.__name__}, then {found.status.value}")
    assert found.status is FAILED, found
    assert because in found.because
    assert ours(planned) == 0


@pytest.mark.parametrize(
    ("happens", "because"),
    [
        pytest.param(anew, "Deployment llm-d/decode was deleted and made anew", id="made-anew"),
        pytest.param(gone, "it can no longer be done: ", id="gone"),
        pytest.param(by_hand, "meanwhile replicas 4 became replicas 7", id="changed-by-hand"),
    ],
)
def test_what_changed_before_the_claim_voids_the_plan_with_the_reason(
    planned: Reached, happens: Callable[[Reached], None], because: str
) -> None:
    """The card says what people approve: whatever else is there by now is told, and not written."""
    happens(planned)
    planned.approve()
    planned.settle()

    told = [row.text for row in rows(planned.desk.history(1)) if row.kind == "PlanVoided"]
    assert len(told) == 1
    assert because in told[0]
    assert "StepStarted" not in planned.events()
    assert ours(planned) == 0


def ours(world: Reached) -> int:
    """Return how many writes of ours the cluster has taken."""
    calls = world.place.app.state.calls.all()
    return sum(one.written and one.user_agent.startswith("triaged/") for one in calls)


def test_a_write_names_its_incident_and_who_approved_it(planned: Reached) -> None:
    """The API server's audit log says for whom, and the credentials stay our own."""
    carry_out(planned, lambda: None)

    (write,) = [one for one in planned.place.app.state.calls.all() if one.written]
    key = "run-1-1/add-decode/1"
    assert write.user_agent.endswith(f" (incident 1; {key}; approved by alice)")
    dry = [one.user_agent for one in planned.place.app.state.calls.all() if one.dry_run]
    assert dry
    assert all("incident" not in one for one in dry)


def test_evidence_is_collected_over_http_before_the_pods_go(planned: Reached) -> None:
    """Logs, states and events of the pods that the plan touches, or why there are none."""
    place, client = planned.place, planned.client
    place.until(lambda: len(pods(place)) == 4 or None)
    collector = Collector(pods=client, redact=lambda text: text.replace("vllm:1", "***"))
    target = planned.tools().verbs["scale"].plan(target_of(planned), {"replicas": "+1"})

    found = collector.collect(target)
    blind = Collector(
        pods=place.client(frozenset({"get pods", "list events"})), redact=lambda text: text
    ).collect(target)
    place.client()  # whose token may everything again

    text = found.text()
    assert f"## pod {pods(place)[0]}" in text
    assert "INFO Application startup complete." in text
    assert "vllm:1" not in text
    counted = found.record("digest")
    assert (counted.pods, counted.logs, counted.metrics) == (4, 4, 0)
    assert counted.missing == (
        "no metrics: triaged does not run in the cluster, so that no pod can be asked itself",
    )
    (forbidden, _) = blind.missing
    assert forbidden.startswith("no logs: log of vllm of Pod llm-d/decode-")
    assert "no permission" in forbidden


def pods(place: StandIn) -> list[str]:
    """Return the names of the pods that are ready."""
    listed = place.api().get(path(kinds.POD, HERE))["items"]
    return sorted(
        one["metadata"]["name"]
        for one in listed
        if any(each["ready"] for each in one.get("status", {}).get("containerStatuses", []))
    )


def target_of(world: Reached) -> Target:
    """Return the Deployment with the pods that it has."""
    return Target(
        cluster="local",
        namespace=HERE,
        kind=kinds.DEPLOYMENT.name,
        name=NAME,
        uid=world.uid,
        model="m",
        role="decode",
        pods=tuple(pods(world.place)),
    )
