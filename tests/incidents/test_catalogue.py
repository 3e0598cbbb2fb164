"""The catalogue: complete, each alert once, and nothing of it out of reach."""

import pkgutil
from types import ModuleType

import pytest

from incidents import catalogue
from incidents.catalogued import entry, shipped, together
from incidents.conditions import Condition, How, holds, witness
from incidents.errors import Rejected
from incidents.facts import FACTS, Kind, Origin, Worse
from incidents.modes import MODES
from incidents.policy import Bound, Cap, LiveRule, Lower, Raise, Severity

CATALOGUE = shipped()
RULES = {rule.name: rule for rule in CATALOGUE.live}

# Number of the row: base priority, first mode, names. Decided outside of this code.
ROWS = """
1 P0 RB-01 EPPNoReadyEndpoints
2 P0 RB-03 EPPCriticalErrorRatio
3 P1 RB-03 EPPHighErrorRatio
4 P1 RB-02 EPPMetricsAbsent
5 P1 RB-02 EPPPoolSeriesVanished
6 P2 RB-16 EPPDataLayerPollErrors
7 P2 RB-29 EPPDataLayerExtractErrors
8 P2 RB-02 EPPExtProcStreamErrors
9 P2 RB-13 KVCacheIndexEvictionSpike
10 P3 RB-13 KVCachePrefixHitRateLow
11 P2 RB-14 KVCacheIndexNotAdmitting
12 P3 RB-14 KVCacheIndexHighLookupLatency
13 P3 RB-29 KVCacheIndexMetricsAbsent
14 P3 RB-14 KVCacheEventsSubscriberReconnecting KVCacheEventsZMQErrors KVCacheEventsStalled
15 P3 RB-14 KVCacheEventsPoolBacklog
16 P2 RB-15 KVCacheTokenizationSlow
17 P1 RB-03 HighInferenceErrorRate
18 P2 RB-15 HighInferenceRequestLatencyP99
19 P1 RB-16 HighInferencePoolAvgQueueSize HighInferenceModelAvgQueueSize
20 P2 RB-12 HighInferencePoolAvgKVCacheUtilization HighInferenceModelAvgKVCacheUtilization
21 P1 RB-15 LLMDHighTTFT LLMDLatencySLOViolation
22 P1 RB-03 LLMDAvailabilitySLOBurn
23 P1 RB-04 VLLMEngineStalled
24 P2 RB-12 VLLMPreemptionsHigh LLMDHighPreemptions
25 P2 RB-12 VLLMKVCacheCritical LLMDDecodeKVCacheCritical
26 P2 RB-16 VLLMQueueBuildUp LLMDRequestQueueBuildup
27 P3 RB-13 VLLMPrefixHitRatioDrop
28 P2 RB-11 PrefillBacklog DecodeStarved LLMDPrefillDecodeImbalance LLMDPrefillQueueSaturation
28 P2 RB-10 DecodeSaturated
29 P1 RB-09 NIXLTransferFailures
30 P2 RB-09 NIXLKVExpired
31 P1 RB-09 DecodeDeferredStuck
32 P2 RB-16 FlowControlRejecting
33 P2 RB-07 GPUXidCritical
34 P2 RB-07 GPURowRemapFailure
35 P3 RB-07 GPUThermalThrottle GPUPowerThrottle
36 P2 RB-06 ModelServerOOMKilled
37 P1 RB-05 KubePodCrashLooping
38 P2 RB-20 KubePodNotReady
39 P2 RB-22 KubeContainerWaiting
40 P2 RB-19 KubeDeploymentRolloutStuck
41 P2 RB-20 KubeDeploymentReplicasMismatch KubeStatefulSetReplicasMismatch
42 P2 RB-19 KubeStatefulSetUpdateNotRolledOut
43 P2 RB-25 KubeHpaMaxedOut
44 P3 RB-25 KubeHpaReplicasMismatch
45 P2 RB-21 KubeNodeNotReady KubeNodeUnreachable
46 P2 RB-22 KubePersistentVolumeFillingUp KubePersistentVolumeErrors
47 P2 RB-20 KubeQuotaExceeded
48 P1 RB-30 KubeAPIErrorBudgetBurn KubeAPIDown
49 P3 RB-29 TargetDown
50 P3 RB-25 WVAMetricsCollectionFailing WVAHighErrorRate
50 P2 RB-25 WVAReplicaScalingThrashing
50 P2 RB-20 WVAGPUResourceExhausted
51 P2 RB-31 LLMInferenceServiceNotReady
52 P3 RB-32 BatchGatewayHighQueueWait BatchGatewayHighJobFailureRate
52 P3 RB-32 BatchGatewayExpiredJobsDetected BatchGatewayWorkersSaturated BatchReconcilerErrors
53 P0 RB-01 LLMDServiceDown
53 P2 RB-03 LLMDHighErrorRate
53 P2 RB-15 LLMDHighLatency
53 P3 - LLMDGPUHighUtilization
53 P3 - LLMDMemoryPressure
53 P2 RB-12 LLMDKVCacheOverflow
"""


def rows() -> list[object]:
    """Return a parameter for each name of the table."""
    lines = [line.split() for line in ROWS.strip().splitlines()]
    return [
        pytest.param(name, severity, "" if mode == "-" else mode, id=f"{number}-{name}")
        for number, severity, mode, *names in lines
        for name in names
    ]


@pytest.mark.parametrize(("name", "severity", "mode"), rows())
def test_every_row_stands_in_it(name: str, severity: str, mode: str) -> None:
    """An alert that is missing falls to its `severity` label, which says nothing of users."""
    found = CATALOGUE.judged[name]

    assert (found.severity.value, found.mode) == (severity, mode)
    assert found.because


def test_all_rows_are_there() -> None:
    """Fifty-two, and the operations chapter's six as one more."""
    assert {int(line.split()[0]) for line in ROWS.strip().splitlines()} == set(range(1, 54))


def test_what_only_informs_opens_nothing() -> None:
    """Row without a number: the last one of the table."""
    assert CATALOGUE.never_open == {
        "WVAOptimizationLoopStalled",
        "InfoInhibitor",
        "Watchdog",
        "CPUThrottlingHigh",
        "KubeNodePressure",
    }
    assert CATALOGUE.never_open & set(CATALOGUE.judged) == set()


def test_every_mode_is_one_of_the_library() -> None:
    """A mode without a meaning is a number that nobody can look up."""
    named = {mode for one in CATALOGUE.judged.values() for mode in (one.mode, *one.also) if mode}

    assert named - set(MODES) == set()


def test_rules_name_alerts_that_there_are() -> None:
    """A misspelt name would be a rule that never speaks."""
    named = {alert for rule in CATALOGUE.live for alert in rule.alerts}

    assert named - set(CATALOGUE.judged) == set()


@pytest.mark.parametrize("rule", CATALOGUE.live, ids=lambda rule: rule.name)
def test_a_rule_compares_facts_with_values_of_their_kind(rule: LiveRule) -> None:
    """A word compared with a number never holds, and nobody would notice."""
    for condition in (*rule.when, *rule.unless):
        fact = FACTS[condition.fact]
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        compared = condition.how not in {How.IS, How.IS_NOT}
        assert compared <= (fact.kind is Kind.NUMBER)
        assert all(_of(fact.kind, value) for value in values)
        assert not fact.words or set(values) <= set(fact.words)
        supposed = {condition.fact: witness(condition)}
        assert holds(condition, supposed) is True


@pytest.mark.parametrize("rule", CATALOGUE.live, ids=lambda rule: rule.name)
def test_a_rule_follows_the_way_in_which_its_facts_get_worse(rule: LiveRule) -> None:
    """What gets worse may raise and must not lower: then no order of events calms by harm."""
    raises = isinstance(rule.effect, (Bound, Raise))
    ways = [(one, True) for one in rule.when] + [(one, False) for one in rule.unless]
    for condition, positive in ways:
        worse = FACTS[condition.fact].worse
        upward = _upward(condition) if positive else not _upward(condition)
        if worse is not Worse.NEITHER:
            assert upward is ((worse is Worse.UP) is raises), condition


def test_every_rule_takes_effect_on_something() -> None:
    """Raise, cap and lower are all in use, and every name is its own."""
    kinds = {type(rule.effect) for rule in CATALOGUE.live}

    assert kinds == {Bound, Cap, Raise, Lower}
    assert len(RULES) == len(CATALOGUE.live)


def test_every_fact_says_where_it_comes_from() -> None:
    """Whoever gathers them needs a name to ask for."""
    assert [fact.name for fact in FACTS.values() if not fact.of or not fact.meaning] == []
    assert {fact.origin for fact in FACTS.values()} == set(Origin)
    used = {one.fact for rule in CATALOGUE.live for one in (*rule.when, *rule.unless)}
    assert set(FACTS) - used == {"approvals_pending"}


def test_every_module_of_the_folder_is_read() -> None:
    """Adding a source is adding a file, and nothing else."""
    names = {one.name for one in pkgutil.iter_modules(catalogue.__path__)}

    assert names >= {"operations_chapter", "outages", "kubernetes", "everywhere"}
    module = ModuleType("ours")
    module.ENTRIES = (entry("Ours", severity=Severity.P1, because="so we say"),)
    assert together([module]).judged["Ours"].severity is Severity.P1


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        pytest.param(
            "ENTRIES", (entry("Twice", "Twice", severity=Severity.P1, because="x"),), id="alert"
        ),
        pytest.param("RULES", (RULES["parked"], RULES["parked"]), id="rule"),
    ],
)
def test_what_stands_there_twice_is_refused(attribute: str, value: object) -> None:
    """Nobody would know which of the two counts."""
    module = ModuleType("ours")
    setattr(module, attribute, value)

    with pytest.raises(Rejected, match=r"ours: .* stands in the catalogue already"):
        together([module])


def _of(kind: Kind, value: object) -> bool:
    match kind:
        case Kind.TRUTH:
            return isinstance(value, bool)
        case Kind.WORD:
            return isinstance(value, str)
        case Kind.NUMBER:
            return isinstance(value, (int, float)) and not isinstance(value, bool)


def _upward(condition: Condition) -> bool:
    """Return whether more of the fact makes the condition hold."""
    if isinstance(condition.value, tuple):
        return condition.value == (True,)
    return condition.how in {How.ABOVE, How.AT_LEAST}
