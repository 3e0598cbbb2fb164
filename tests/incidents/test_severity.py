"""How bad an alert is: what decides, in which order, and why."""

from dataclasses import replace
from datetime import timedelta

import pytest

from incidents.conditions import Condition, How, above, at_least, at_most, equals
from incidents.default_policy import default_policy
from incidents.facts import Facts, Known, Unknown
from incidents.policy import (
    Bound,
    Cap,
    LiveRule,
    Lower,
    Lowering,
    Raise,
    Severity,
)
from incidents.severity import (
    Change,
    Input,
    Missing,
    Verdict,
    classify,
    judge,
    least,
    needed,
    opens,
    worse,
    worst,
)
from tests.builders import alert, policy
from tests.incidents.knowing import SOURCE, knowing

POLICY = default_policy()
QUEUE = "requests pile up in front of the engines"


@pytest.mark.parametrize(
    ("name", "labels", "verdict"),
    [
        pytest.param(
            "VLLMPreemptionsHigh",
            {"priority": "P0", "severity": "info"},
            Verdict(
                severity=Severity.P0,
                because="the alert's own rule says P0",
                rule="label:priority",
                mode="RB-12",
            ),
            id="priority-label-wins",
        ),
        pytest.param(
            "Unheard",
            {"priority": "p3"},
            Verdict(
                severity=Severity.P3, because="the alert's own rule says P3", rule="label:priority"
            ),
            id="priority-without-catalogue",
        ),
        pytest.param(
            "LLMDServiceDown",
            {"severity": "info", "priority": "urgent"},
            Verdict(
                severity=Severity.P0,
                because="the service answers nobody",
                rule="catalogue:LLMDServiceDown",
                mode="RB-01",
                also=("RB-02",),
            ),
            id="catalogue-before-severity",
        ),
        pytest.param(
            "Unheard",
            {"severity": "critical"},
            Verdict(
                severity=Severity.P1,
                because="the alert's rule calls it critical",
                rule="label:severity",
            ),
            id="severity-label",
        ),
        pytest.param(
            "Unheard",
            {"severity": "Critical"},
            Verdict(
                severity=Severity.P1,
                because="the alert's rule calls it Critical",
                rule="label:severity",
            ),
            id="severity-label-in-another-case",
        ),
        pytest.param(
            "Unheard",
            {"severity": "apocalyptic"},
            Verdict(
                severity=Severity.P2,
                because="nothing says how bad it is, so somebody should look",
                rule="default",
            ),
            id="nothing-says",
        ),
    ],
)
def test_what_decides_comes_in_this_order(
    name: str, labels: dict[str, str], verdict: Verdict
) -> None:
    """The rule's author knows best, then the catalogue, then a label that everybody sets."""
    assert judge(alert(name, labels=labels), {}, POLICY) == verdict


@pytest.mark.parametrize(
    ("facts", "severity", "because"),
    [
        pytest.param({}, Severity.P2, QUEUE, id="missing"),
        pytest.param({"error_ratio": Unknown(why="away")}, Severity.P2, QUEUE, id="cannot-tell"),
        pytest.param(knowing(error_ratio=float("nan")), Severity.P2, QUEUE, id="not-a-number"),
        pytest.param(knowing(error_ratio="much"), Severity.P2, QUEUE, id="of-another-kind"),
        pytest.param(
            knowing(error_ratio=0.125),
            Severity.P1,
            "more than one request in ten fails (error_ratio 0.125)",
            id="worse",
        ),
        pytest.param(
            knowing(error_ratio=0.5),
            Severity.P0,
            "at least half of all requests fail (error_ratio 0.5)",
            id="worst",
        ),
        pytest.param(
            knowing(error_ratio=0.03),
            Severity.P2,
            f"{QUEUE}; more than one request in fifty fails (error_ratio 0.03)",
            id="as-bad-by-a-number",
        ),
        pytest.param(
            knowing(nodes_affected=2),
            Severity.P1,
            f"{QUEUE}; raised: more than one node is affected (nodes_affected 2)",
            id="one-level-up",
        ),
        pytest.param(
            knowing(request_rate=0.01),
            Severity.P3,
            f"{QUEUE}; lowered: less than one request a minute within the last hour"
            " (request_rate 0.01)",
            id="one-level-down",
        ),
    ],
)
def test_live_facts_change_it_and_say_why(facts: Facts, severity: Severity, because: str) -> None:
    """A page that grew must name the number that made it grow."""
    found = judge(alert("VLLMQueueBuildUp"), facts, POLICY)

    assert (found.severity, found.because) == (severity, because)


# ---- the operations chapter's table of P0 to P3, an example each


@pytest.mark.parametrize(
    ("name", "facts", "severity"),
    [
        pytest.param("LLMDServiceDown", {}, Severity.P0, id="outage"),
        pytest.param("LLMDHighErrorRate", {"error_ratio": 0.96}, Severity.P0, id="errors-95"),
        pytest.param("LLMDHighErrorRate", {"error_ratio": 0.50}, Severity.P0, id="errors-50"),
        pytest.param("LLMDHighErrorRate", {"error_ratio": 0.11}, Severity.P1, id="errors-11"),
        pytest.param("LLMDHighErrorRate", {"error_ratio": 0.10}, Severity.P2, id="errors-10"),
        pytest.param("LLMDHighErrorRate", {"error_ratio": 0.03}, Severity.P2, id="errors-3"),
        pytest.param("LLMDHighErrorRate", {"error_ratio": 0.01}, Severity.P3, id="errors-1"),
        pytest.param("LLMDHighErrorRate", {}, Severity.P2, id="errors-cannot-be-read"),
        pytest.param("LLMDHighLatency", {"ttft_p95": 5.5}, Severity.P1, id="first-token-5s"),
        pytest.param("LLMDHighLatency", {"ttft_p95": 3.0}, Severity.P2, id="first-token-3s"),
        pytest.param("LLMDHighLatency", {"itl_p95": 0.3}, Severity.P1, id="tokens-5s"),
        pytest.param("Unheard", {"itl_p95": 0.15}, Severity.P2, id="tokens-2s"),
        pytest.param(
            "KubePodNotReady", {"pods_pending_gpu": 1, "waiting": 9}, Severity.P1, id="gpus"
        ),
        pytest.param("KubeNodeNotReady", {"nodes_affected": 1}, Severity.P2, id="one-node"),
        pytest.param("LLMDGPUHighUtilization", {}, Severity.P3, id="capacity-warning"),
        pytest.param("LLMDMemoryPressure", {}, Severity.P3, id="memory"),
        pytest.param("LLMDMemoryPressure", {"oom_kills": 1}, Severity.P2, id="out-of-memory"),
        pytest.param("LLMDMemoryPressure", {"preemptions": 0.2}, Severity.P2, id="preempts"),
        pytest.param("LLMDKVCacheOverflow", {}, Severity.P2, id="kv-cache"),
    ],
)
def test_the_examples_of_the_chapter(
    name: str, facts: dict[str, float], severity: Severity
) -> None:
    """The table is what people agreed on: who is called, and how fast they answer."""
    assert judge(alert(name), knowing(**facts), POLICY).severity is severity


@pytest.mark.parametrize(
    ("name", "facts", "severity"),
    [
        pytest.param("EPPCriticalErrorRatio", {}, "P0", id="16-base"),
        pytest.param("EPPCriticalErrorRatio", {"error_ratio": 0.25}, "P1", id="16-a-quarter"),
        pytest.param("EPPHighErrorRatio", {"error_ratio": 0.06}, "P2", id="16-a-twentieth"),
        pytest.param("HighInferenceErrorRate", {"error_ratio": 0.6}, "P0", id="16-half"),
        pytest.param(
            "EPPCriticalErrorRatio", {"error_ratio": 1, "request_rate": 0}, "P2", id="16-no-rate"
        ),
        pytest.param(
            "EPPNoReadyEndpoints", {"replicas_wanted": 0, "request_rate": 0}, "P3", id="17-parked"
        ),
        pytest.param(
            "EPPNoReadyEndpoints",
            {"replicas_wanted": 0, "request_rate": 3, "ready_endpoints": 0},
            "P0",
            id="17-parked-but-wanted",
        ),
        pytest.param("EPPMetricsAbsent", {"failure_mode": "FailOpen"}, "P1", id="18-open"),
        pytest.param(
            "EPPMetricsAbsent",
            {"failure_mode": "FailOpen", "traffic_gone": True},
            "P1",
            id="18-open-without-traffic",
        ),
        pytest.param(
            "EPPMetricsAbsent",
            {"failure_mode": "FailClose", "traffic_gone": False},
            "P1",
            id="18-closed-with-traffic",
        ),
        pytest.param(
            "EPPMetricsAbsent",
            {"failure_mode": "FailClose", "traffic_gone": True},
            "P0",
            id="18-closed-without-traffic",
        ),
        pytest.param(
            "EPPMetricsAbsent",
            {"failure_mode": "FailClose", "gateway_error_ratio": 0.9},
            "P0",
            id="18-closed-and-the-gateway-fails",
        ),
        pytest.param("VLLMEngineStalled", {}, "P1", id="23-one"),
        pytest.param("VLLMEngineStalled", {"affected_share": 1}, "P0", id="23-all"),
        pytest.param("FlowControlRejecting", {"flow_rejected_ratio": 0.05}, "P2", id="32-few"),
        pytest.param("FlowControlRejecting", {"flow_rejected_ratio": 0.2}, "P1", id="32-many"),
        pytest.param("GPUXidCritical", {"xid": 79}, "P2", id="33-drain"),
        pytest.param("GPUXidCritical", {"xid": 31}, "P3", id="33-program"),
        pytest.param("GPUXidCritical", {"xid": 79, "replicas_missing": 2}, "P1", id="33-more"),
        pytest.param("GPUThermalThrottle", {"xid": 79}, "P2", id="35-with-a-fault"),
        pytest.param("KubePodCrashLooping", {}, "P1", id="37-cannot-tell-whose"),
        pytest.param("KubePodCrashLooping", {"serving": True}, "P1", id="37-serving"),
        pytest.param("KubePodCrashLooping", {"serving": False}, "P2", id="37-another"),
        pytest.param("KubeNodeUnreachable", {"nodes_affected": 2}, "P0", id="45-and-4.3"),
        pytest.param("WVAGPUResourceExhausted", {"waiting": 4}, "P1", id="50-while-some-wait"),
        pytest.param("VLLMQueueBuildUp", {"ready_endpoints": 0}, "P0", id="4.3-2-no-endpoint"),
        pytest.param("VLLMQueueBuildUp", {"affected_share": 0.5}, "P1", id="4.3-3-half"),
        pytest.param(
            "VLLMQueueBuildUp", {"waiting_rising": True, "idle_replicas": 0}, "P1", id="4.3-3-full"
        ),
        pytest.param(
            "EPPNoReadyEndpoints",
            {"second_pool_healthy": True, "error_ratio": 0.0},
            "P1",
            id="4.3-4-second-pool",
        ),
        pytest.param(
            "EPPNoReadyEndpoints",
            {"second_pool_healthy": True, "error_ratio": 0.2},
            "P0",
            id="4.3-4-second-pool-that-fails",
        ),
        pytest.param(
            "EPPNoReadyEndpoints",
            {"second_pool_healthy": True},
            "P0",
            id="4.3-4-second-pool-cannot-tell",
        ),
        pytest.param("Unheard", {"transfer_failures": 0.01}, "P1", id="transfers-fail"),
        pytest.param("NIXLTransferFailures", {"canary_differs": True}, "P0", id="wrong-output"),
        pytest.param("NIXLTransferFailures", {"canary_differs": False}, "P1", id="right-output"),
    ],
)
def test_the_rows_of_the_catalogue_that_look_at_facts(
    name: str, facts: dict[str, float | bool | str], severity: str
) -> None:
    """Each of these was decided for a reason that a number can tell."""
    assert judge(alert(name), knowing(**facts), POLICY).severity.value == severity


def test_a_node_more_is_one_level_more_and_no_two() -> None:
    """Two rules about nodes and one about replicas say one thing: it spreads."""
    facts = knowing(nodes_affected=3, affected_share=0.9)

    assert judge(alert("LLMDGPUHighUtilization"), facts, POLICY).severity is Severity.P2


@pytest.mark.parametrize("category", ["security", "corruption", "Corruption", "SECURITY"])
@pytest.mark.parametrize(
    "labels", [pytest.param({}, id="alone"), pytest.param({"priority": "P3"}, id="over-priority")]
)
def test_security_and_corruption_are_p0_whatever_else(
    category: str, labels: dict[str, str]
) -> None:
    """A template that sets a low priority on everything must not hide them, nor must calm."""
    facts = knowing(second_pool_healthy=True, error_ratio=0.0, request_rate=0)

    found = judge(alert("Unheard", labels={**labels, "category": category}), facts, POLICY)

    assert (found.severity, found.rule) == (Severity.P0, "live:security-or-corruption")


def test_few_requests_do_not_make_failed_transfers_harmless() -> None:
    """One answer that is wrong and looks right is one too many."""
    facts = knowing(second_pool_healthy=True, error_ratio=0.0, request_rate=0)

    assert judge(alert("NIXLTransferFailures"), facts, POLICY).severity is Severity.P1


def test_a_target_that_is_an_engine_is_worse_to_lose() -> None:
    """Without the engines' numbers the desk is blind."""
    job = {"job": "llm-d/vllm-decode"}

    assert judge(alert("TargetDown", labels=job), {}, POLICY).severity is Severity.P2
    assert judge(alert("TargetDown", labels={"job": "node"}), {}, POLICY).severity is Severity.P3
    blind = knowing(incident_open=True)
    assert judge(alert("TargetDown"), blind, POLICY).severity is Severity.P2


# ---- lowering, and its limits

DOWN = LiveRule(
    name="calm",
    when=(above("waiting", -1),),
    unless=(at_least("waiting", 5),),
    effect=Lower(levels=3),
    because="nobody waits",
)
CALM = knowing(waiting=0)


def test_an_unknown_obstacle_stops_what_lowers_and_not_what_raises() -> None:
    """What cannot be told is taken for the worse."""
    up = replace(DOWN, name="up", unless=(at_most("preemptions", 0),), effect=Raise())
    down = replace(DOWN, unless=(at_most("preemptions", 0),))

    def severity(rule: LiveRule) -> Severity:
        return judge(alert(), CALM, policy(live=(rule,))).severity

    assert (severity(up), severity(down)) == (Severity.P1, Severity.P2)
    assert judge(alert(), CALM, policy(live=(DOWN,))).severity is Severity.P3


@pytest.mark.parametrize(
    ("lowering", "severity"),
    [
        pytest.param(Lowering(levels=0), Severity.P0, id="never"),
        pytest.param(Lowering(levels=1), Severity.P1, id="one-level"),
        pytest.param(Lowering(levels=3), Severity.P3, id="all-the-way"),
        pytest.param(Lowering(levels=3, lowest=Severity.P2), Severity.P2, id="not-below"),
        pytest.param(Lowering(levels=9), Severity.P3, id="too-far"),
    ],
)
def test_a_team_says_how_far_facts_may_lower(lowering: Lowering, severity: Severity) -> None:
    """Some teams want to be called whatever the numbers say."""
    rules = policy(live=(DOWN,), lowering=lowering)

    assert judge(alert("LLMDServiceDown"), CALM, rules).severity is severity


@pytest.mark.parametrize("pending", [knowing(approvals_pending=1), {}], ids=["some", "cannot-tell"])
def test_nothing_is_lowered_while_approvals_are_pending(pending: Facts) -> None:
    """Somebody is being asked for a change because it is as bad as it was said to be."""
    parked = knowing(replicas_wanted=0, request_rate=0)
    without = {name: one for name, one in parked.items() if name != "approvals_pending"}

    found = judge(alert("EPPNoReadyEndpoints"), {**without, **pending}, POLICY)

    assert found.severity is Severity.P0


def test_nothing_lowers_what_an_author_made_explicit() -> None:
    """Whoever wrote `priority` into a rule knew why; facts may only say that it is worse."""
    explicit = alert("EPPHighErrorRatio", labels={"priority": "P1"})

    calm = judge(explicit, knowing(error_ratio=0.0, request_rate=0), POLICY)
    loud = judge(explicit, knowing(error_ratio=0.9), POLICY)

    assert (calm.severity, loud.severity) == (Severity.P1, Severity.P0)


def test_what_is_capped_may_still_be_raised() -> None:
    """Few errors do not make up for users who wait."""
    facts = knowing(error_ratio=0.01, ttft_p95=7.0)

    assert judge(alert("EPPCriticalErrorRatio"), facts, POLICY).severity is Severity.P1


def test_a_cap_never_raises() -> None:
    """At most P2 is no reason to call somebody for a P3."""
    cap = LiveRule(
        name="cap",
        when=(at_most("waiting", 0),),
        effect=Cap(severity=Severity.P1),
        because="nobody waits",
    )

    assert judge(alert(), CALM, policy(live=(cap,))).rule == "catalogue:VLLMPreemptionsHigh"


# ---- what the answer says

RULES = policy(
    catalogue={},
    live=(
        LiveRule(
            name="loud",
            when=(above("error_ratio", 0.1),),
            unless=(at_most("request_rate", 1),),
            effect=Bound(severity=Severity.P1),
            because="many fail",
        ),
        LiveRule(
            name="calm",
            when=(equals("second_pool_healthy", True),),
            effect=Lower(),
            because="another pool serves",
        ),
    ),
)


def test_the_answer_says_what_it_rests_on_and_what_would_change_it() -> None:
    """A person who disagrees must see where to look."""
    facts = {
        **knowing(error_ratio=0.05, request_rate=0.5),
        "second_pool_healthy": Unknown(why="the route cannot be read"),
    }

    assert classify(alert("Unheard"), facts, RULES) == Verdict(
        severity=Severity.P2,
        because="nothing says how bad it is, so somebody should look",
        rule="default",
        inputs=(
            Input(name="error_ratio", value=0.05, unit="", source=SOURCE),
            Input(name="request_rate", value=0.5, unit="", source=SOURCE),
            Input(name="approvals_pending", value=0, unit="", source=SOURCE),
        ),
        unavailable=(Missing(name="second_pool_healthy", why="the route cannot be read"),),
        would_change=(
            Change(
                when=(
                    above("error_ratio", 0.1),
                    Condition(fact="request_rate", how=How.ABOVE, value=1),
                ),
                severity=Severity.P1,
                because="many fail",
            ),
            Change(
                when=(equals("second_pool_healthy", True),),
                severity=Severity.P3,
                because="another pool serves",
            ),
        ),
    )


def test_what_would_change_it_is_a_sentence() -> None:
    """People read it on a card."""
    first, second = classify(alert("Unheard"), {}, RULES).would_change

    assert str(first) == "error_ratio above 0.1 makes it P1"
    assert str(second) == "second_pool_healthy is true and approvals_pending at most 0 makes it P3"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        pytest.param({}, "nobody asked for it", id="not-asked"),
        pytest.param({"error_ratio": Unknown(why="no series")}, "no series", id="asked"),
        pytest.param(
            {"error_ratio": Known(value=float("inf"), unit="", source="Prometheus")},
            "Prometheus: inf is no number",
            id="no-number",
        ),
    ],
)
def test_what_is_not_there_says_why(facts: Facts, why: str) -> None:
    """Nothing that is missing may look as if it had been looked at."""
    found = classify(alert("Unheard"), facts, RULES)

    assert found.unavailable[0] == Missing(name="error_ratio", why=why)


def test_only_facts_that_could_matter_are_asked_for() -> None:
    """Each costs a query while somebody waits for the channel."""
    explicit = {"priority": "P0"}

    assert needed(alert("Unheard"), RULES) == (
        "error_ratio",
        "request_rate",
        "second_pool_healthy",
        "approvals_pending",
    )
    assert needed(alert("Unheard", labels=explicit), RULES) == ()
    assert "error_ratio" in needed(alert("EPPCriticalErrorRatio"), POLICY)
    assert "xid" not in needed(alert("LLMDHighLatency"), POLICY)
    assert needed(alert("LLMDServiceDown", labels=explicit), POLICY) == (
        "error_ratio",
        "request_rate",
        "ready_endpoints",
        "transfer_failures",
        "canary_differs",
    )


# ---- the rest


def test_p0_is_worse_than_p1() -> None:
    """The smaller number is the worse one, and equal is not worse."""
    pairs = [(Severity.P0, Severity.P1), (Severity.P1, Severity.P0), (Severity.P1, Severity.P1)]

    assert [worse(one, other) for one, other in pairs] == [True, False, False]
    assert worst([Severity.P3, Severity.P1, Severity.P2]) is Severity.P1
    assert least([Severity.P3, Severity.P1, Severity.P2]) is Severity.P3


@pytest.mark.parametrize(
    ("name", "labels", "opened"),
    [
        pytest.param("VLLMPreemptionsHigh", {}, True, id="usual"),
        pytest.param("Watchdog", {"severity": "critical"}, False, id="watchdog"),
        pytest.param("InfoInhibitor", {}, False, id="inhibitor"),
        pytest.param("WVAOptimizationLoopStalled", {}, False, id="idle-autoscaler"),
        pytest.param("CPUThrottlingHigh", {}, False, id="throttling"),
        pytest.param("Quiet", {"severity": "none"}, False, id="none"),
    ],
)
def test_a_watchdog_opens_no_incident(name: str, labels: dict[str, str], opened: bool) -> None:
    """It fires always: an incident about it would never end."""
    assert opens(alert(name, labels=labels), POLICY) is opened


def test_the_default_policy_is_the_table_of_the_chapter() -> None:
    """Without any configuration people are called as the table says."""
    table = {
        severity.value: (
            demand.respond_within,
            demand.escalate_after,
            demand.roles,
            demand.channel,
            demand.update_every,
        )
        for severity, demand in POLICY.demands.items()
    }

    half = timedelta(minutes=30)
    sre, owner, chief = "on-call-sre", "service-owner", "incident-commander"
    assert table == {
        "P0": (half / 6, half / 2, (sre, owner, chief), "incidents-critical", half),
        "P1": (half / 2, half, (sre, owner), "incidents-high", half),
        "P2": (half, half * 4, (sre,), "incidents-medium", None),
        "P3": (half * 4, half * 16, (sre,), "incidents-low", None),
    }
