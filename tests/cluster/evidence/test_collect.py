"""Evidence of pods before they go: bounded, without secrets or prompts, and it stops nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from cluster.actions.plan import Plan
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.refusals import Forbidden
from cluster.clients.things import Thing
from cluster.evidence.bundle import Bundle, NoEvidence
from cluster.evidence.collect import RIGHTS, Bounds, Collector, reachable, touched
from cluster.evidence.prompts import without_prompts
from incidents.errors import Unavailable
from runbooks.engine import records
from tests import builders

SPEC = {
    "nodeName": "gpu-1",
    "containers": [
        {"name": "engine", "ports": [{"name": "vllm", "containerPort": 8200}]},
        {"name": "proxy", "ports": [{"name": "http", "containerPort": 8000}]},
    ],
}


def pod(name: str, *, ready: bool = True, restarts: int = 0, **more: object) -> Thing:
    status = {
        "phase": "Running",
        "podIP": "10.0.0.7",
        "containerStatuses": [
            {"name": "engine", "imageID": "sha256:abc", "ready": ready, "restartCount": restarts}
        ],
    }
    made = Thing(
        itself=OwnerReference(kind="Pod", name=name, uid=f"uid-{name}", api_version="v1"),
        namespace="llm-d",
        resource_version="1",
        body={"spec": SPEC, "status": status},
    )
    return replace(made, **more)


def event(name: str, at: str, reason: str) -> Thing:
    body = {
        "involvedObject": {"kind": "Pod", "name": name},
        "type": "Warning",
        "reason": reason,
        "message": "m",
        "lastTimestamp": at,
        "count": 3,
    }
    return replace(pod(f"event-{at}"), body=body)


@dataclass
class FakePods:
    """A cluster of pods with logs; what is in `errors` is raised by the call of that name."""

    pods: Sequence[Thing] = ()
    listed: Sequence[Thing] = ()
    errors: dict[str, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    said: str = "INFO all is well"

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        self._ask("thing", reference.name)
        return next(one for one in self.pods if one.itself.name == reference.name)

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        self._ask("things", kind.name)
        return self.listed

    def log(
        self, namespace: str, pod: str, container: str, *, previous: bool, lines: int, size: int
    ) -> str:
        self._ask("log", f"{pod}/{container}{' before' if previous else ''}")
        return self.said

    def _ask(self, call: str, what: str) -> None:
        self.asked.append(f"{call} {what}")
        if call in self.errors:
            raise self.errors[call]


def of(*names: str) -> Plan:
    made = records.plan(builders.plan())
    return replace(made, target=replace(made.target, pods=names))


def collector(pods: FakePods, **more: object) -> Collector:
    given = {"pods": pods, "redact": lambda text: text.replace("hunter2", "***"), **more}
    return Collector(**given)  # type: ignore[arg-type] # the caller names real fields


def test_the_worst_pods_come_first_with_the_log_of_their_last_life() -> None:
    """A pod that has crashed says why in the log that the next restart takes away."""
    pods = FakePods(pods=[pod("a"), pod("b", ready=False, restarts=2)])

    found = collector(pods, bounds=Bounds(pods=1)).collect(of("a", "b"))

    assert [one for one in pods.asked if one.startswith("log")] == [
        "log b/engine",
        "log b/engine before",
        "log b/proxy",
    ]
    assert "no logs and metrics of 1 healthier pods" in found.missing


def test_events_of_the_pods_are_kept_in_their_order() -> None:
    """Those of other workloads are nobody's evidence here."""
    listed = [
        event("a", "2026-03-01T12:00:02Z", "BackOff"),
        event("other", "2026-03-01T12:00:00Z", "OOMKilling"),
        event("a", "2026-03-01T12:00:01Z", "Unhealthy"),
        replace(event("a", "x", "y"), body={"involvedObject": []}),
    ]

    found = collector(FakePods(pods=[pod("a")], listed=listed)).collect(of("a"))

    (part,) = [one for one in found.parts if one.title == "events"]
    assert part.text == (
        "2026-03-01T12:00:01Z Pod a Warning Unhealthy: m (x3)\n"
        "2026-03-01T12:00:02Z Pod a Warning BackOff: m (x3)"
    )
    assert found.record("d").events == 2


def test_what_may_not_be_read_is_asked_for_once() -> None:
    """For the next pod the answer would be the same, and a change waits for all this."""
    pods = FakePods(
        pods=[pod("a"), pod("b")], errors={"log": Forbidden("pods/log a: no permission")}
    )

    found = collector(pods).collect(of("a", "b"))

    assert [one for one in pods.asked if one.startswith("log")] == ["log a/engine"]
    assert "no logs: pods/log a: no permission" in found.missing


def test_a_cluster_that_is_away_is_told_and_not_raised() -> None:
    """Whatever goes wrong with evidence is a line, and no exception."""
    pods = FakePods(errors=dict.fromkeys(("thing", "things"), Unavailable("away")))

    found = collector(pods).collect(of("a"))

    assert found == Bundle(missing=("pod a: away", "events: away"))


def test_after_the_deadline_nothing_more_is_asked() -> None:
    """Users wait for the change, not for its history."""
    pods, ticks = FakePods(pods=[pod("a")]), iter(range(0, 1000, 2))

    found = collector(pods, monotonic=lambda: float(next(ticks))).collect(of("a"))

    assert pods.asked == ["thing a", "things Event"][: len(pods.asked)]
    assert any(one.endswith("not asked, 5 s were over") for one in found.missing)


def test_secrets_and_prompts_are_not_kept() -> None:
    """What users asked a model and what opens doors stands in engines' logs now and then."""
    said = "token hunter2\nReceived request cmpl-1: prompt: 'My diagnosis', params: x"
    pods = FakePods(pods=[pod("a")], said=said)

    text = collector(pods).collect(of("a")).text()

    assert "hunter2" not in text
    assert "diagnosis" not in text
    assert "Received request cmpl-1: prompt: ***, params: x" in text


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param("my diagnosis'}]\nINFO ready, and so on", "INFO ready, and so on", id="lines"),
        pytest.param("é diagnosis'}] and so on and on", "", id="one-line"),
    ],
)
def test_a_line_of_which_the_begin_is_cut_off_is_not_kept(said: str, kept: str) -> None:
    """Nobody can tell any more what its words stood behind: it may be the end of a prompt."""
    found = collector(FakePods(pods=[pod("a")], said=said), bounds=Bounds(size=30)).collect(of("a"))

    logs = [one.text for one in found.parts if one.title.startswith("log of")]
    assert set(logs) == ({kept} if kept else set())
    gone = "log of engine of a: its last line is longer than 30 bytes"
    assert (gone in found.missing) is not bool(kept)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"messages": [{"role": "user", "content": "x"}]}', '{"messages": ***}'),
        ('"prompt": "a \\" b", "n": 1', '"prompt": ***, "n": 1'),
        ("prompt_token_ids: [1, 2, 3], lora", "prompt_token_ids: ***, lora"),
        ("prompt: 'never closed", "prompt: ***"),
        ("prompt tokens: 12, context 4", "prompt tokens: 12, context 4"),
    ],
)
def test_what_stands_behind_a_prompts_name_is_hidden(text: str, kept: str) -> None:
    """Numbers about prompts are measures and stay."""
    assert without_prompts(text) == kept


@pytest.mark.parametrize(
    ("changes", "asked", "missing"),
    [
        pytest.param({}, [("10.0.0.7", 8200)], "", id="the-engines-port"),
        pytest.param(
            {"annotations": {"prometheus.io/port": "9000"}}, [("10.0.0.7", 9000)], "", id="marked"
        ),
        pytest.param(
            {"body": {"spec": SPEC, "status": {"podIP": "169.254.169.254"}}},
            [],
            "metrics of a: 169.254.169.254 is no pod's address",
            id="a-clouds-own-address",
        ),
        pytest.param(
            {"body": {"spec": SPEC, "status": {}}},
            [],
            "metrics of a: no address is no pod's address",
            id="no-address",
        ),
    ],
)
def test_a_pod_is_asked_at_its_own_address(
    changes: dict[str, object], asked: list[tuple[str, int]], missing: str
) -> None:
    """Whoever writes a pod's status must not send us elsewhere."""
    heard: list[tuple[str, int]] = []

    def ask(address: str, port: int) -> str:
        heard.append((address, port))
        return "# HELP x\nx 1\ny 2\n"

    found = collector(FakePods(pods=[pod("a", **changes)]), metrics=ask).collect(of("a"))

    assert heard == asked
    assert [one.text for one in found.parts if one.title == "metrics of a"] == [
        "x 1\ny 2" for _ in asked
    ]
    assert not missing or missing in found.missing


def test_outside_of_the_cluster_no_pod_is_asked() -> None:
    """The way through the API server would need the right to reach every port of every pod."""
    found = collector(FakePods(pods=[pod("a"), pod("b")])).collect(of("a", "b"))

    assert [one for one in found.missing if "metrics" in one] == [
        "no metrics: triaged does not run in the cluster, so that no pod can be asked itself"
    ]


def test_what_is_missing_is_told_without_secrets_and_prompts() -> None:
    """An API server's refusal may say again what it was asked."""
    said = 'away: hunter2, "prompt": "my diagnosis"'

    errors = {"thing": Unavailable(said), "things": Forbidden(said)}
    found = collector(FakePods(errors=errors)).collect(of("a"))

    assert found.missing == (
        'pod a: away: ***, "prompt": ***',
        'no events: away: ***, "prompt": ***',
    )


def test_no_pod_makes_the_collector_raise() -> None:
    """It stands between a claim and its change: what it raised would leave the claim in doubt."""
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    status = {
        "podIP": "10.0.0.7",
        "containerStatuses": [{"name": "engine", "state": deep, "restartCount": 10**4299}],
    }
    listed = [event("a", "2026-03-01T12:00:00Z", "lone \ud800")]
    pods = FakePods(
        pods=[
            pod("a", annotations={"prometheus.io/port": "9" * 5000}),
            pod("b", body={"spec": SPEC, "status": status}),
        ],
        listed=listed,
        said="nul \x00, lone \udfff",
    )

    found = collector(pods, metrics=lambda address, port: "x 1").collect(of("a", "b"))

    assert "pod b: it is not as its API says" in found.missing
    assert "metrics of a" not in [one.title for one in found.parts]
    assert found.text().encode()


def test_a_plan_about_one_pod_touches_that_pod() -> None:
    """Evicting one must not read the logs of all the others."""
    whole = of("a", "b")
    one = replace(whole, write=replace(whole.write, kind="Pod", name="b"))

    assert (touched(whole), touched(one)) == (("a", "b"), ("b",))


def test_nobody_collects_where_there_is_no_cluster() -> None:
    """Nothing is claimed to be missing where nothing was tried."""
    assert NoEvidence().collect(of("a")) == Bundle()


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "::1", "fe80::1", "224.0.0.1", "0.0.0.0", "x"),  # noqa: S104  # asked of
        *("::ffff:169.254.169.254", "::ffff:127.0.0.1", "::ffff:0.0.0.0"),
        "2001:db8::1%]@169.254.169.254",
    ],
)
def test_what_is_no_pods_address_is_not_asked(address: str) -> None:
    """The node itself and its neighbours are none."""
    assert not reachable(address)


def test_evidence_needs_exactly_the_rights_that_it_says() -> None:
    """Nothing that runs in a pod, or opens a way into one, is among them."""
    assert sorted(map(str, RIGHTS)) == ["get pods", "get pods/log", "list events"]
    assert all(one.reads for one in RIGHTS)
