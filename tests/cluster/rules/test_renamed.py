"""Every alert is proven in every name of its metrics, or says why it cannot ring in one."""

import pytest

from bot.app.cli.rules import SHIPPED
from bot.app.configuration import objectives_of
from cluster.rules import twins
from cluster.rules.proving import always, engine, growing, minutes
from cluster.rules.rule import Alert, Group, Proof, RuleFile
from cluster.rules.shipped import rule_files
from incidents.objectives import Objectives
from tests.cluster.rules import renamed

FILES = rule_files(objectives_of(SHIPPED))
PROVEN = [
    pytest.param(file, alert, id=alert.name)
    for file in FILES
    for alert in file.alerts
    if not file.fed and alert.name != "Watchdog"
]


def ringing(file: RuleFile, alert: Alert) -> set[str]:
    """Return the names of all metrics in the proofs in which the alert rings."""
    proofs = (*twins.proofs(alert), *renamed.proofs(file, alert))
    return {
        renamed.metric(one) for proof in proofs if proof.fires is not None for one in proof.series
    }


@pytest.mark.parametrize(("file", "alert"), PROVEN)
def test_an_alert_is_seen_to_ring_in_every_name_that_it_reads(file: RuleFile, alert: Alert) -> None:
    """A release that renames a metric must not silence an alert that knows the new name."""
    missing = renamed.read(file, alert) - ringing(file, alert)

    assert missing == set(alert.never_in)


@pytest.mark.parametrize(("file", "alert"), PROVEN)
def test_an_alert_is_seen_to_keep_still_in_names_that_nobody_knows(
    file: RuleFile, alert: Alert
) -> None:
    """What is not read is neither trouble nor health; each of its metrics was once called so."""
    first = next(proof for proof in alert.proofs if proof.fires is not None)
    names = set(map(renamed.metric, first.series))
    unheard = {
        renamed.metric(one).removesuffix(renamed.UNKNOWN)
        for proof in renamed.proofs(file, alert)
        if proof.fires is None
        for one in proof.series
        if renamed.metric(one).endswith(renamed.UNKNOWN)
    }

    assert unheard
    assert names - unheard == set(alert.rings_without)
    assert all((*alert.never_in.values(), *alert.rings_without.values()))


def test_what_is_fed_with_our_recordings_reads_nothing_else() -> None:
    """Nobody renames those but us; what is behind them is proven by its values."""
    for file in rule_files(Objectives()):
        if file.fed:
            for alert in file.alerts:
                assert renamed.proofs(file, alert) == ()
                assert renamed.read(file, alert) == frozenset()
                assert "triaged:objective:" in alert.expr


FULL = Proof(
    title="full", series={engine("vllm:kv_cache_usage_perc"): always(1)}, at=minutes(5), fires={}
)


def only(alert: Alert) -> RuleFile:
    """Return a file with one alert."""
    group = Group(name="g", interval=minutes(1), rules=(alert,))
    return RuleFile(name="one", about="", groups=(group,))


def alert(expr: str, *proofs: Proof) -> Alert:
    """Return an alert with these proofs."""
    return Alert(name="A", expr=expr, severity="page", summary="", description="", proofs=proofs)


def test_a_proof_is_repeated_in_other_releases_and_for_other_engines() -> None:
    """What an engine says in the same form is written in its words; another form is not."""
    one = alert("triaged:kv_usage > 0.9", FULL)

    *named, unknown = renamed.proofs(only(one), one)

    assert [set(map(renamed.metric, proof.series)) for proof in named] == [
        {"vllm:gpu_cache_usage_perc"},
        {"sglang:token_usage"},
        {"sglang_token_usage"},
        {"trtllm_kv_cache_utilization"},
    ]
    assert all(proof.fires == {} for proof in named)
    assert unknown.fires is None
    assert list(unknown.series) == [engine(f"vllm:kv_cache_usage_perc{renamed.UNKNOWN}")]


def test_the_two_counters_of_a_share_are_renamed_together() -> None:
    """A release renames its metrics, and not one half of a ratio."""
    hits, asked = "vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total"
    shown = {engine(hits): growing(1), engine(asked): growing(2)}
    one = alert(
        "triaged:prefix_hit_ratio > 0", Proof(title="", series=shown, at=minutes(9), fires={})
    )

    found = [set(map(renamed.metric, proof.series)) for proof in renamed.proofs(only(one), one)]

    assert {"vllm:gpu_prefix_cache_hits_total", "vllm:gpu_prefix_cache_queries_total"} in found
    assert {"vllm:gpu_prefix_cache_hits_total", asked} not in found
