"""Steps that act on what a check has found, follow what was not done, and prove that it stands."""

from datetime import timedelta

import pytest

from cluster.actions.registry import actions
from incidents.errors import Rejected
from runbooks.language import loader, parameters
from runbooks.language.declaration import ActionVerb, CheckVerb

ACTS = """\
title: Act on what was found
steps:
  - {id: pods, title: Pods, do: pods}
  - id: go
    title: Let it go
    do: evict
    when: {pods: [crash_loop]}
    with: {pod: $pods.pod}
    on_failure: continue
    verify: {settle: 10m}
  - id: by-hand
    title: By hand
    do: ask
    when: {go: [refused, failed]}
    with: {question: Is it done?}
"""


def test_a_step_takes_the_pod_that_a_check_has_found(verbs):
    """The runbook is written before anybody knows the pod's name."""
    runbook = loader.load_text(ACTS, name="acts", verbs=verbs)
    found = {"pods": (("pod", "decode-7"),)}

    assert str(runbook.step("go").arguments["pod"]) == "$pods.pod"
    assert parameters.arguments(runbook.step("go"), runbook, (), found) == {"pod": "decode-7"}


@pytest.mark.parametrize("found", [None, {}, {"pods": ()}, {"pods": (("node", "gpu-1"),)}])
def test_without_a_pod_nothing_is_done(verbs, found):
    """An action without its pod would have to guess."""
    runbook = loader.load_text(ACTS, name="acts", verbs=verbs)

    with pytest.raises(Rejected, match=r"go: \$pods.pod: pods named no pod"):
        parameters.arguments(runbook.step("go"), runbook, (), found)


@pytest.mark.parametrize(
    ("was", "by", "complaint"),
    [
        pytest.param(
            "$pods.pod",
            "$nodes.pod",
            "acts.yaml:8: $nodes.pod: there is no earlier step nodes",
            id="no-such-step",
        ),
        pytest.param(
            "$pods.pod",
            "$by-hand.pod",
            "acts.yaml:8: $by-hand.pod: there is no earlier step by-hand",
            id="a-later-step",
        ),
        pytest.param(
            "$pods.pod", "$pods.node", "acts.yaml:8: $pods.node: pods finds pod", id="no-such-find"
        ),
        pytest.param(
            "do: pods",
            "do: events",
            "acts.yaml:8: $pods.pod: pods finds nothing",
            id="a-check-that-finds-nothing",
        ),
        pytest.param(
            "do: evict",
            "do: cordon",
            "acts.yaml:8: $pods.pod: node is no pod",
            id="another-field",
        ),
        pytest.param(
            "[crash_loop]",
            "[crash_loop, ready]",
            "acts.yaml:8: $pods.pod: it is found where pods says one of cannot_start, crash_loop",
            id="a-verdict-that-names-nobody",
        ),
        pytest.param(
            "    when: {pods: [crash_loop]}\n",
            "",
            "acts.yaml:7: $pods.pod: it is found where pods says one of cannot_start, crash_loop",
            id="whatever-the-verdict",
        ),
        pytest.param(
            "title: Let it go",
            "title: $pods.pod",
            "acts.yaml:5: runbook.steps[1].title: $pods.pod: parameters stand in `with` only",
            id="outside-with",
        ),
        pytest.param(
            "    on_failure: continue\n",
            "",
            "acts.yaml:13: the run ends when go is failed, refused; it goes on with verified",
            id="the-run-ends-before",
        ),
        pytest.param(
            "[refused, failed]",
            "[worse]",
            "acts.yaml:14: the run ends when go is worse; it goes on with failed or refused",
            id="nothing-builds-on-what-is-worse",
        ),
        pytest.param(
            "verify: {settle: 10m}",
            "verify: {settle: 10m, window: 5m}",
            "acts.yaml:10: expect is missing: without it nothing is done with window",
            id="a-window-of-nothing",
        ),
        pytest.param(
            "verify: {settle: 10m}",
            "verify: {settle: 10m, expect: [{signal: waiting, at_most: 1}]}",
            "acts.yaml:10: window is missing: expect compares a window before and after",
            id="expected-of-no-window",
        ),
    ],
)
def test_what_cannot_be_found_is_refused_when_it_is_loaded(complaints, was, by, complaint):
    """At night nobody should learn that a check never names a pod."""
    assert ACTS.count(was) == 1
    text = ACTS.replace(was, by)
    if by == "do: cordon":
        text = text.replace("{pod: $pods.pod}", "{node: $pods.pod}")

    found = complaints(acts=text)

    assert [one for one in found if one.startswith(complaint)], found


def test_what_stands_is_proven_without_a_number(verbs):
    """A closed node improves no rate, and a run that waits for one would call it useless."""
    proof = loader.load_text(ACTS, name="acts", verbs=verbs).step("go").verify

    assert (proof.settle, proof.expect) == (timedelta(minutes=10), ())
    assert proof.window == proof.lag == timedelta()


def test_what_claims_to_help_says_what_is_expected(complaints, good):
    """More replicas that help nothing must not count as a success."""
    text = good.replace("window: 5m, expect: [{signal: waiting, at_most: 5}]", "lag: 1m")

    where = "example.yaml:12: runbook.steps[1].verify"
    assert complaints(example=text) == [
        f"{where}: expect is missing: What must hold at the end",
        f"{where}: window is missing: How long is compared, before and after",
    ]


def test_a_size_a_template_and_a_share_of_requests_claim_to_help(verbs):
    """These are changed so that something improves; the others are done when they stand."""
    claim = {name for name, one in verbs.items() if isinstance(one, ActionVerb) and not one.stands}

    assert claim >= {"scale", "autoscaler", "rollback", "restart", "shift_traffic"}
    assert not claim & {"cordon", "uncordon", "evict", "delete_pod", "quarantine", "failure_mode"}
    assert {name for name, one in actions().items() if not one.stands} >= claim


def test_a_check_finds_with_its_own_verdicts(verbs):
    """What is found with a verdict that it never gives would never be found."""
    for verb in verbs.values():
        if isinstance(verb, CheckVerb):
            assert set(verb.finds) <= {"pod", "node"}
            assert {one for each in verb.finds.values() for one in each} <= set(verb.verdicts)
