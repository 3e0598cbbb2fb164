"""A tale for tests: events appended to a real journal in memory, at moments of our choice."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from incidents.aggregates import kind_of
from incidents.default_policy import default_policy
from incidents.desk import Desk
from incidents.events import approval, followups, incident, run
from incidents.events.registry import to_bytes
from incidents.journal import Append, Draft
from incidents.people import People, Person
from storage.memory import MemoryStore

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEOPLE = People(
    [Person(id="alice", name="Alice Ng", slack="U1"), Person(id="bob", name="Bob Ruiz", slack="U2")]
)
INCIDENT, RUN, APPROVAL = "incident-1", "run-1-1", "approval-run-1-1-1"
FOLLOW_UPS = "followups-1"


class Tale:
    """A desk over memory with a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START
        self.store = MemoryStore(clock=lambda: self.now)
        self.policy = replace(default_policy(), approvers=("alice", "bob"))
        self.desk = Desk(journal=self.store.journal, policy=self.policy, clock=lambda: self.now)

    def later(self, **time: float) -> "Tale":
        """Let time pass."""
        self.now += timedelta(**time)
        return self

    def tell(self, stream: str, *events: object) -> "Tale":
        """Append events as they are, whatever the rules would say."""
        kind, before = kind_of(stream), self.desk.state(stream)
        after = before
        for event in events:
            after = kind.evolve(after, event, self.now)
        self.store.journal.append(
            Append(
                stream=stream,
                expected=before.version,
                events=tuple(self._draft(one) for one in events),
                summary=kind.summary(after, self.policy),
                append_id=uuid.uuid4().hex,
                at=self.now,
            )
        )
        return self

    def _draft(self, event: object) -> Draft:
        kind, schema, body = to_bytes(event)
        return Draft(event_id=uuid.uuid4().hex, kind=kind, schema=schema, body=body, at=self.now)


def opened(**fields: object) -> incident.IncidentOpened:
    """Return the beginning of an incident of the decode pool."""
    values = {
        "number": 1,
        "key": "local/llm-d/llama-3-70b/decode",
        "cluster": "local",
        "namespace": "llm-d",
        "model": "llama-3-70b",
        "role": "decode",
        "mode": "RB-12",
    }
    return incident.IncidentOpened(**{**values, **fields})


def fired(**fields: object) -> incident.AlertFired:
    """Return the alert of preemptions."""
    values = {
        "fingerprint": "9f2c1a77",
        "starts_at": START,
        "name": "VLLMPreemptionsHigh",
        "title": "Requests of llama-3-70b are preempted",
        "severity": "P2",
        "because": "running requests are preempted and recomputed: users wait longer",
        "rule": "catalogue",
        "runbook": "cache-evictions",
        "runbook_because": "matches alertname",
        "labels": (
            ("alertname", "VLLMPreemptionsHigh"),
            ("model_name", "llama-3-70b"),
            ("namespace", "llm-d"),
            ("severity", "warning"),
        ),
        "text": "",
        "source": "alertmanager",
        "url": "",
    }
    return incident.AlertFired(**{**values, **fields})


def started(**fields: object) -> run.RunStarted:
    """Return the start of the shipped runbook."""
    values = {
        "incident": 1,
        "runbook": "cache-evictions",
        "title": "KV cache of the decode pool is exhausted",
        "runbook_digest": "5e1f" * 16,
        "runbook_text": "",
        "policy_digest": "ab12" * 16,
        "parameters": (("growth", "+50%"), ("ceiling", "16")),
        "namespace": "llm-d",
        "model": "llama-3-70b",
        "role": "decode",
        "mode": "apply",
        "by": "triaged",
        "because": "matches alertname",
    }
    return run.RunStarted(**{**values, **fields})


def plan(**fields: object) -> run.PlanRecord:
    """Scale decode from 4 to 6."""
    values = {
        "action": "scale",
        "cluster": "local",
        "namespace": "llm-d",
        "kind": "Deployment",
        "name": "ms-llama-3-70b-decode",
        "model": "llama-3-70b",
        "role": "decode",
        "pods": tuple(f"decode-{n}" for n in range(4)),
        "uid": "uid-decode",
        "resource_version": "4711",
        "parameters": (("replicas", "+50%"), ("at_most", "16"), ("at_least", "1")),
        "owner_path": ("Deployment ms-llama-3-70b-decode",),
        "before": (("replicas", "4"),),
        "after": (("replicas", "6"),),
        "inverse": (("action", "scale"), ("replicas", "4")),
        "kubectl": "kubectl -n llm-d scale deployment/ms-llama-3-70b-decode"
        " --current-replicas=4 --replicas=6",
        "dry_run": "accepted by the API server",
        "warnings": (),
        "reversible": True,
        "digest": "c0ffee42" * 8,
        "write": run.WriteRecord(
            api_version="apps/v1",
            kind="Deployment",
            namespace="llm-d",
            name="ms-llama-3-70b-decode",
            uid="uid-decode",
            subresource="scale",
            fields=(("/spec/replicas", "6"),),
        ),
    }
    return run.PlanRecord(**{**values, **fields})


def read(name: str, value: float | None, unit: str = "", **fields: object) -> run.Evidence:
    """Return a number that was read."""
    values = {
        "name": name,
        "value": value,
        "unit": unit,
        "because": None,
        "query": "",
        "at": START,
    }
    return run.Evidence(**{**values, **fields})


def requested(**fields: object) -> approval.ApprovalRequested:
    """Return the question about the plan."""
    values = {
        "incident": 1,
        "run": RUN,
        "step": "add-decode",
        "title": "scale Deployment llm-d/ms-llama-3-70b-decode: replicas 4 → 6",
        "digest": plan().digest,
        "requested_by": "triaged",
        "approvers": ("alice", "bob"),
        "needed": 1,
        "requester_may_approve": True,
        "expires_at": START + timedelta(minutes=14),
    }
    return approval.ApprovalRequested(**{**values, **fields})


def kv_cache_story() -> Tale:
    """Tell the whole story: exhausted, asked, scaled, proven, resolved."""
    tale = Tale()
    annotations = (
        '{"description": "6.2 requests per second were preempted over the last 5 minutes.",'
        ' "runbook_url": "https://runbooks.example/cache-evictions",'
        ' "summary": "Requests of llama-3-70b are preempted"}'
    )
    (text,) = tale.store.texts.keep([annotations])
    tale.later(seconds=48)
    tale.tell(INCIDENT, opened(), fired(text=text))
    tale.later(seconds=1).tell(
        INCIDENT, incident.ChannelOpened(platform="slack", channel="C1", name="inc-1-p2-llama")
    )
    tale.tell(
        INCIDENT,
        incident.RunBegan(run=RUN, runbook="cache-evictions", because="matches alertname"),
    )
    tale.tell(RUN, started())
    _checks(tale)
    _change(tale)
    _end(tale)
    return tale


def _checks(tale: Tale) -> None:
    at = tale.now
    rate = 'sum(rate(vllm:num_preemptions_total{namespace="llm-d",pod=~"ms-llama.*"}[5m]))'
    ttft = (
        "histogram_quantile(0.95, sum by (le) "
        '(rate(vllm:time_to_first_token_seconds_bucket{namespace="llm-d"}[5m])))'
    )
    usage = 'max by (pod) (vllm:kv_cache_usage_perc{namespace="llm-d"})'
    tale.later(seconds=2).tell(
        RUN,
        run.CheckFinished(
            step="preempting",
            verdict="beyond",
            because="preemptions is 6.2 requests/s, at most 0 is wanted",
            evidence=(read("preemptions", 6.2, "requests/s", query=rate, at=at),),
        ),
    )
    tale.later(seconds=1).tell(
        RUN,
        run.CheckFinished(
            step="queue",
            verdict="beyond",
            because="waiting is 143 requests, at most 0 is wanted",
            evidence=(
                read("waiting", 143, "requests", query="sum(vllm:num_requests_waiting)", at=at),
            ),
        ),
    )
    pods = tuple(
        read("kv_usage", 0.97 + n / 100, "ratio", query=usage, at=at, pod=f"decode-{n}")
        for n in range(4)
    )
    tale.later(seconds=2).tell(
        RUN,
        run.CheckFinished(
            step="kv-cache",
            verdict="exhausted",
            because="the cache is full on all pods and preemptions have gone on for 5 min",
            evidence=(
                *pods,
                read("ttft_p95", 8.4, "s", query=ttft, at=at),
                read("prefix_hit_ratio", 0.41, "ratio", query="hits / queries", at=at),
                read("transfers", None, because="no data: no series (nothing matched)", at=at),
            ),
        ),
    )


def _change(tale: Tale) -> None:
    tale.later(seconds=1).tell(
        RUN, run.ActionPlanned(step="add-decode", plan=plan(), approval=APPROVAL, attempt=1)
    )
    _approve(tale)
    before = (read("preemptions", 6.4, "requests/s"), read("waiting", 151, "requests"))
    tale.later(seconds=1).tell(
        RUN,
        run.StepStarted(step="add-decode", approval=APPROVAL, digest=plan().digest, before=before),
    )
    tale.later(seconds=1).tell(RUN, run.StepFinished(step="add-decode", detail="replicas 6"))
    tale.tell(APPROVAL, approval.ApprovalConsumed(step="add-decode"))
    for ready in (4, 5, 6):
        tale.later(seconds=70).tell(
            RUN, run.SettleObserved(step="add-decode", ready=ready, wanted=6)
        )
    _verify(tale)


def _approve(tale: Tale) -> None:
    tale.tell(APPROVAL, requested(expires_at=tale.now + timedelta(minutes=10)))
    tale.later(seconds=40).tell(
        APPROVAL,
        approval.ApprovalDenied(
            by="slack:U9", via="slack", because="U9 is not among the approvers: alice, bob"
        ),
    )
    tale.later(seconds=25).tell(
        APPROVAL, approval.ApprovalGiven(by="alice", via="slack", together_with=())
    )
    tale.tell(INCIDENT, incident.Acknowledged(by="alice", via="approval"))


def _verify(tale: Tale) -> None:
    comparisons = (
        run.Comparison(
            signal="preemptions",
            unit="requests/s",
            before=6.4,
            after=0.0,
            expected="falls to 0.01",
            met=True,
        ),
        run.Comparison(
            signal="waiting",
            unit="requests",
            before=151,
            after=3,
            expected="falls to 10",
            met=True,
        ),
    )
    tale.later(minutes=10).tell(
        RUN,
        run.EffectVerified(
            step="add-decode",
            verdict="verified",
            because="preemptions 6.4 → 0 requests/s; waiting 151 → 3 requests; 6 of 6 pods ready",
            comparisons=comparisons,
        ),
        run.StepSkipped(step="look-elsewhere", by="triaged", because="kv-cache is exhausted"),
        run.RunFinished(outcome="completed", because="every step has come to its end"),
    )


def _end(tale: Tale) -> None:
    tale.tell(
        INCIDENT,
        incident.Mitigated(
            by="triaged",
            because="scale Deployment llm-d/ms-llama-3-70b-decode: replicas 4 → 6: verified",
            run=RUN,
            step="add-decode",
        ),
        incident.RunEnded(run=RUN, outcome="completed"),
    )
    tale.later(minutes=2).tell(
        INCIDENT,
        incident.AlertResolved(
            fingerprint="9f2c1a77", starts_at=START, ends_at=tale.now, name="VLLMPreemptionsHigh"
        ),
        incident.CalmBegan(until=tale.now + timedelta(minutes=10)),
    )
    tale.later(minutes=10).tell(
        INCIDENT,
        incident.IncidentResolved(
            by="triaged", because="every alert has ended for 10 min", false_positive=False
        ),
    )
    tale.tell(FOLLOW_UPS, *_REVIEWS)


_REVIEWS = (
    followups.FollowUpMade(
        number=1,
        key="runbook/cache-evictions/capacity",
        what="Review the capacity plan with the prompt lengths",
        owner="service-owner",
        due=START + timedelta(days=5),
    ),
    followups.FollowUpMade(
        number=2,
        key="runbook/cache-evictions/threshold",
        what="Review the alert's threshold against what users felt",
        owner="on-call-sre",
        due=START + timedelta(days=14),
    ),
)
