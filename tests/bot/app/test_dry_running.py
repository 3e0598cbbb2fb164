"""A dry run: the engine's moves over a world in memory, for each of the seven runbooks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alert_webhooks.registry import sources
from bot.app.configuration import load as load_configuration
from bot.app.dry_running import DryRun, dry_runs
from cluster.actions.plan import Applied, Done, Plan, Settled
from cluster.clients import kinds
from cluster.targets.target import Ambiguous, Candidate, NotFound, Selector, Target
from cluster.tools import Tools
from incidents.errors import Rejected
from incidents.events.run import WriteRecord
from tests.runbooks.seeing import (
    TARGET,
    Cluster,
    container,
    deployment,
    event,
    node,
    pod,
    replica_set,
    slice_of,
    stamp,
    unready,
    world,
)
from tests.runbooks.steps.conftest import Answers
from tests.runbooks.steps.test_kv_cache import STORM

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEALTHY = {**STORM, "preemptions": 0.0, "kv_usage": 0.3, "waiting": 0.0, "waiting_capacity": 0.0}
OOM = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": stamp(4)}}
WRITE = WriteRecord(
    api_version="apps/v1",
    kind="Deployment",
    namespace="llm-d",
    name="decode",
    uid="uid-decode",
    subresource="scale",
    fields=(("/spec/replicas", "3"),),
)
CHANGED = [replica_set(1, made=6000), replica_set(2, made=20, image="vllm:2")]


@dataclass
class Scaling:
    """The action `scale`, which plans from 2 to 3 and must never be applied."""

    name: str = "scale"
    planned: list[Mapping[str, object]] = field(default_factory=list)
    refuse: str = ""

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        if self.refuse:
            raise Rejected(self.refuse)
        self.planned.append(parameters)
        return Plan(
            action="scale",
            target=target,
            parameters=(("replicas", "3"),),
            owner_path=(f"Deployment {target.name}",),
            before=(("replicas", "2"),),
            after=(("replicas", "3"),),
            uid=target.uid,
            resource_version="1",
            inverse=(("action", "scale"), ("replicas", "2")),
            kubectl="kubectl scale",
            dry_run="accepted by the API server",
            warnings=(),
            reversible=True,
            digest="d",
            write=WRITE,
        )

    def apply(self, plan: Plan, *, key: str) -> Applied:
        raise AssertionError(plan, key)

    def already_done(self, plan: Plan, *, key: str) -> Done:
        raise AssertionError(plan, key)

    def settled(self, plan: Plan) -> Settled:
        raise AssertionError(plan)


@dataclass
class One:
    """Targets of which there is one, or an error."""

    error: Exception | None = None

    def find(self, selector: Selector) -> Target:
        assert selector.namespace == "llm-d"
        if self.error is not None:
            raise self.error
        return TARGET


def delivery(*alerts: Mapping[str, str], status: str = "firing", url: str = "") -> Any:
    """Return a notification of these alerts."""
    ended = "0001-01-01T00:00:00Z" if status == "firing" else "2026-03-01T11:59:00Z"
    told = [
        {
            "status": status,
            "labels": {"namespace": "llm-d", "model_name": "llama", **labels},
            "annotations": {"runbook_url": url} if url else {},
            "startsAt": "2026-03-01T11:50:00Z",
            "endsAt": ended,
            "generatorURL": "http://p",
            "fingerprint": f"a1b2c3d4e5f6071{number}",
        }
        for number, labels in enumerate(alerts)
    ]
    whole = {
        "version": "4",
        "groupKey": "{}",
        "truncatedAlerts": 0,
        "receiver": "t",
        "status": status,
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://a",
        "alerts": told,
    }
    return sources()["alertmanager"].parse(json.dumps(whole).encode(), source="alertmanager:a")


@pytest.fixture
def run(tmp_path: Path):
    """Return what makes a dry run of an alert in a world."""
    configuration = load_configuration(tmp_path)

    def made(
        alert: str,
        *,
        signals: Mapping[str, float] = HEALTHY,
        scale: Scaling | None = None,
        targets: One | None = None,
        url: str = "",
        **objects: Sequence[dict[str, Any]],
    ) -> DryRun:
        tools = Tools(
            signals=Answers(values=signals),
            targets=targets or One(),
            verbs={"scale": scale or Scaling()},
            objects=Cluster(world(**objects)),
        )
        (one,) = dry_runs(
            delivery({"alertname": alert}, url=url),
            configuration=configuration,
            tools=tools,
            at=NOW,
        )
        return one

    return made


DOWN = {"Pod": [pod(status=unready(container(lastState=OOM, restartCount=1)))]}
GONE = {"EndpointSlice": [slice_of("decode", ready=0, unready=2)]}
SLOW = {**STORM, "ttft_p95": 9.0, "waiting": 40.0}
LOOP = {"Pod": [pod(status=unready(container(lastState=OOM, restartCount=9)))]}


@pytest.mark.parametrize(
    ("alert", "world", "diagnosis", "step", "asks"),
    [
        pytest.param(
            "LLMDServiceDown",
            {**GONE, "ReplicaSet": CHANGED},
            ("endpoints", "none_ready"),
            "",
            ["communicate", "roll-back", "validate"],
            id="service-down",
        ),
        pytest.param(
            "LLMDServiceDown",
            {**GONE, "Pod": [], "Deployment": [deployment(spec={"replicas": 0})]},
            ("pods", "scaled_to_zero"),
            "bring-back",
            [],
            id="service-scaled-to-zero",
        ),
        pytest.param(
            "LLMDHighLatency",
            {"signals": SLOW},
            ("kv-cache", "exhausted"),
            "add-decode",
            [],
            id="high-latency",
        ),
        pytest.param(
            "LLMDHighErrorRate",
            {"signals": {**HEALTHY, "error_ratio": 0.2}, "ReplicaSet": CHANGED},
            ("rollout", "changed"),
            "",
            ["roll-back"],
            id="high-error-rate",
        ),
        pytest.param(
            "LLMDGPUHighUtilization",
            {"signals": {**HEALTHY, "gpu_xid_faults": 1.0}, "Node": [node(gpus="6")]},
            ("faults", "beyond"),
            "",
            ["broken-gpu", "by-hand"],
            id="gpu-utilization",
        ),
        pytest.param(
            "LLMDMemoryPressure",
            {"signals": {**HEALTHY, "container_memory": 0.95}, **LOOP},
            ("pods", "out_of_memory"),
            "",
            ["limits"],
            id="memory-pressure",
        ),
        pytest.param(
            "LLMDKVCacheOverflow",
            {"signals": STORM},
            ("kv-cache", "exhausted"),
            "add-decode",
            [],
            id="cache-evictions",
        ),
        pytest.param(
            "KubeDeploymentRolloutStuck",
            {
                "ReplicaSet": CHANGED,
                "Event": [event("Unhealthy", "Readiness probe failed: refused")],
            },
            ("rollout", "changed"),
            "",
            ["roll-back"],
            id="bad-rollout",
        ),
    ],
)
def test_each_runbook_runs_through(run, alert, world, diagnosis, step, asks) -> None:
    """A runbook that cannot reach its end is found at night otherwise."""
    told = run(alert, **world)

    assert (told.diagnosis.step, told.diagnosis.verdict) == diagnosis
    assert told.step == step
    assert [one.step for one in told.asks] == asks
    assert bool(told.plan) == bool(step)
    assert bool(told.reason) != bool(step)
    assert told.target == "Deployment llm-d/decode"


def test_the_plan_is_what_a_card_would_show(run) -> None:
    """From, to, owner, and what the API server said of it."""
    scale = Scaling()

    told = run("VLLMPreemptionsHigh", signals=STORM, scale=scale)

    assert (told.plan.action, told.plan.before, told.plan.after) == (
        "scale",
        (("replicas", "2"),),
        (("replicas", "3"),),
    )
    assert scale.planned == [{"replicas": "+50%", "at_most": 16, "at_least": 1}]


def test_a_plan_that_is_refused_says_why(run) -> None:
    """Without the right to plan there is nothing to approve, and the reason is what is missing."""
    told = run("VLLMPreemptionsHigh", signals=STORM, scale=Scaling(refuse="no permission to scale"))

    assert told.plan is None
    assert told.reason == "add-decode: no permission to scale"


def test_evidence_speaks_for_and_against(run) -> None:
    """A symptom without its cause is as telling as the cause."""
    told = run("VLLMPreemptionsHigh", signals={**STORM, "waiting": 0.0, "waiting_capacity": 0.0})

    speaks = {one.step: one.speaks for one in told.found}
    assert speaks == {"preempting": "for", "queue": "against", "kv-cache": "for"}
    assert all(one.evidence for one in told.found)


def test_a_healthy_world_has_no_diagnosis_and_says_what_was_not_reached(run) -> None:
    """Nothing wrong is an answer, too."""
    told = run("VLLMPreemptionsHigh")

    assert told.diagnosis is None
    assert told.asks == ()
    assert told.reason == (
        "add-decode: kv-cache is healthy, not exhausted; "
        "dead-engine: kv-cache is healthy, not zombie_engine"
    )
    assert [one.step for one in told.left_out] == ["add-decode", "dead-engine"]


@pytest.mark.parametrize(
    "error",
    [
        NotFound("no decode workload of 'llama' in llm-d"),
        Ambiguous(
            "several workloads could be it",
            candidates=[
                Candidate(kind="Deployment", api_version="apps/v1", name=x, uid=x, words="pod")
                for x in ("a", "b")
            ],
        ),
    ],
    ids=["none", "several"],
)
def test_a_target_that_is_not_found_is_told_in_every_check(run, error) -> None:
    """Which workload is meant has to be answered before anything is known."""
    told = run("VLLMPreemptionsHigh", signals=STORM, targets=One(error))

    assert {one.verdict for one in told.found} == {"cannot_tell"}
    assert all(str(error) in one.because for one in told.found)
    assert told.target == ""
    assert told.plan is None
    assert [one.step for one in told.asks] == ["look-by-hand"]


def test_the_address_decides_before_the_labels(run) -> None:
    """As it does at the desk."""
    told = run("Anything", url="https://runbooks.company.com/llm-d/service-down")

    assert told.runbook.name == "service-down"
    assert told.because == "the alert's runbook_url names service-down"


def test_what_is_over_runs_nothing(tmp_path: Path) -> None:
    """A body of resolved alerts is a mistake of who saved it."""
    tools = Tools(signals=Answers(), targets=One(), verbs={})

    with pytest.raises(Rejected, match="no alert of it fires"):
        dry_runs(
            delivery({"alertname": "X"}, status="resolved"),
            configuration=load_configuration(tmp_path),
            tools=tools,
            at=NOW,
        )


def test_several_problems_are_several_runs(tmp_path: Path) -> None:
    """Alertmanager puts together what is not one thing; the worst stands first."""
    tools = Tools(
        signals=Answers(values=HEALTHY),
        targets=One(),
        verbs={},
        objects=Cluster(world()),
    )
    other = {"alertname": "LLMDServiceDown", "model_name": "other", "severity": "critical"}

    found = dry_runs(
        delivery({"alertname": "LLMDGPUHighUtilization"}, other),
        configuration=load_configuration(tmp_path),
        tools=tools,
        at=NOW,
    )

    assert [one.runbook.name for one in found] == ["service-down", "gpu-utilization"]
    assert kinds.POD in {kind for _, kind in tools.objects.asked}
