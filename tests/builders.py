"""Builders of what travels through the core; each names only what a test is about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from incidents.alert import Alert
from incidents.commands.incident import Judgement, ReportAlerts
from incidents.commands.run import ClaimStep
from incidents.correlation import Place
from incidents.default_policy import default_policy
from incidents.desk import Desk
from incidents.events.approval import ApprovalRequested
from incidents.events.run import Evidence, PlanRecord, RunStarted, WriteRecord
from incidents.incident import TRIAGE
from incidents.journal import Budget
from incidents.policy import Policy, Severity
from incidents.ports import Clock, Journal
from storage.memory import MemoryStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "local/llm-d/llama-3-70b"
PLACE = Place(cluster="local", namespace="llm-d", model="llama-3-70b", role="decode")
INCIDENT = "incident-1"
RUN = "run-1-1"
APPROVAL = "approval-1-1-1"
DIGEST = "sha256:4 to 6"
APPROVERS = ("ann", "ben")


def later(minutes: float) -> datetime:
    """Return the moment so many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def alert(
    name: str = "VLLMPreemptionsHigh", *, labels: Mapping[str, str] | None = None, **changes: object
) -> Alert:
    """Return a firing alert of the story's model; `labels` are added to the usual ones."""
    usual = {"alertname": name, "namespace": PLACE.namespace, "model_name": PLACE.model}
    plain = Alert(
        name=name,
        fingerprint=name.lower(),
        labels={**usual, **(labels or {})},
        annotations={},
        starts_at=NOON,
        ends_at=None,
        url="",
        source="alertmanager:a",
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def judgement(name: str = "VLLMPreemptionsHigh", **changes: object) -> Judgement:
    """Return a firing alert, judged as P2; its fingerprint follows its name."""
    plain = Judgement(
        fingerprint=name.lower(),
        starts_at=NOON,
        ends_at=None,
        name=name,
        title=f"{name} of {PLACE.model}",
        labels=(("alertname", name),),
        text="",
        source="alertmanager:a",
        url="",
        severity=Severity.P2,
        because="users wait longer",
        rule=f"catalogue:{name}",
        mode="",
        runbook=TRIAGE,
        runbook_because="nothing else matches",
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def report(*alerts: Judgement, **changes: object) -> ReportAlerts:
    """Return a report of these alerts, or of the usual one where none is given."""
    plain = ReportAlerts(
        number=1,
        key=KEY,
        place=PLACE,
        alerts=alerts or (judgement(),),
        truncated=0,
        hold=timedelta(minutes=10),
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def plan(**changes: object) -> PlanRecord:
    """Return the plan of the story: scale decode from 4 to 6."""
    plain = PlanRecord(
        action="scale",
        cluster=PLACE.cluster,
        namespace=PLACE.namespace,
        kind="Deployment",
        name="decode",
        model=PLACE.model,
        role=PLACE.role,
        pods=("decode-a", "decode-b"),
        uid="uid-decode",
        resource_version="17",
        parameters=(("replicas", "+2"),),
        owner_path=("Deployment decode",),
        before=(("replicas", "4"),),
        after=(("replicas", "6"),),
        inverse=(("replicas", "4"),),
        kubectl="kubectl -n llm-d scale deployment/decode --replicas=6",
        dry_run="accepted",
        warnings=(),
        reversible=True,
        digest=DIGEST,
        write=write(),
    )
    known = {name: changes[name] for name in ("kind", "name", "uid") if name in changes}
    return replace(plain, **{"write": write(**known), **changes})  # type: ignore[arg-type] # the caller names real fields


def write(**changes: object) -> WriteRecord:
    """Return the write of the story's plan: to the target itself, unless it says otherwise."""
    plain = WriteRecord(
        api_version="apps/v1",
        kind="Deployment",
        namespace=PLACE.namespace,
        name="decode",
        uid="uid-decode",
        subresource="scale",
        fields=(("/spec/replicas", "6"),),
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def evidence(**changes: object) -> Evidence:
    """Return one number that was read."""
    plain = Evidence(
        name="kv_usage",
        value=0.97,
        unit="ratio",
        because=None,
        query="max(vllm:kv_cache_usage_perc)",
        at=NOON,
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def started(**changes: object) -> RunStarted:
    """Return the beginning of the story's run."""
    plain = RunStarted(
        incident=1,
        runbook="cache-evictions",
        title="KV cache exhausted",
        runbook_digest="0123456789abcdef",
        runbook_text="text-1",
        policy_digest="policy-1",
        parameters=(),
        namespace=PLACE.namespace,
        model=PLACE.model,
        role=PLACE.role,
        mode="apply",
        by="triaged",
        because="its name matches",
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def requested(**changes: object) -> ApprovalRequested:
    """Return the question about the story's plan; one of two people may decide."""
    plain = ApprovalRequested(
        incident=1,
        run=RUN,
        step="scale-decode",
        title="scale Deployment llm-d/decode: replicas 4 → 6",
        digest=DIGEST,
        requested_by="triaged",
        approvers=APPROVERS,
        needed=1,
        requester_may_approve=True,
        expires_at=later(10),
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def claim(step: str = "scale-decode", **changes: object) -> ClaimStep:
    """Return the claim of a step, with the usual approval and a wide budget."""
    plain = ClaimStep(
        step=step,
        approval=APPROVAL,
        digest=DIGEST,
        not_after=later(10),
        before=(),
        scopes=("all", PLACE.namespace),
        open_incident=KEY,
        budget=Budget(key="uid-decode", limit=100, window=timedelta(hours=1)),
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def policy(**changes: object) -> Policy:
    """Return the default policy with the story's approvers."""
    plain = replace(default_policy(), approvers=APPROVERS)
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def desk(
    journal: Journal | None = None, *, clock: Clock = lambda: NOON, rules: Policy | None = None
) -> Desk:
    """Return a desk, over a memory of its own where no journal is given."""
    return Desk(journal=journal or MemoryStore().journal, policy=rules or policy(), clock=clock)
