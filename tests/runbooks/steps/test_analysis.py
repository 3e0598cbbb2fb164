"""What the check `analysis` says of a rollout that Argo Rollouts measures."""

from dataclasses import replace
from typing import Any

import pytest

from cluster.clients import kinds
from cluster.clients.refusals import Forbidden
from cluster.targets.target import Target
from tests.runbooks.seeing import TARGET, Cluster, ask, found

Body = dict[str, Any]


def rolled(target: Target) -> Target:
    """Return the target as an Argo Rollout."""
    return replace(target, kind="Rollout", api_version="argoproj.io/v1alpha1")


def rollout(**status: Any) -> Body:
    """Return the Rollout, which rolls out the template `new`."""
    return {
        "metadata": {"name": "decode", "namespace": "llm-d", "uid": "uid-decode"},
        "status": {"currentPodHash": "new", **status},
    }


def analysed(phase: str, name: str = "decode-new-1", **more: Any) -> Body:
    """Return an AnalysisRun of the Rollout."""
    owner = {"kind": "Rollout", "name": "decode", "uid": more.pop("uid", "uid-decode")}
    labels = {"rollouts-pod-template-hash": more.pop("hashed", "new")}
    return {
        "metadata": {
            "name": name,
            "namespace": "llm-d",
            "labels": labels,
            "ownerReferences": [
                {**owner, "apiVersion": "argoproj.io/v1alpha1", "controller": True}
            ],
        },
        "status": {"phase": phase, **more},
    }


def metric(phase: str, *values: str, good: int = 0) -> Body:
    """Return what a metric of a run says."""
    return {
        "name": "success-rate",
        "phase": phase,
        "count": len(values),
        "successful": good,
        "measurements": [{"phase": phase, "value": each} for each in values],
    }


@pytest.mark.parametrize(
    ("runs", "verdict", "words"),
    [
        pytest.param([], "no_analysis", "no AnalysisRun", id="none"),
        pytest.param([analysed("Successful")], "successful", "decode-new-1", id="good"),
        pytest.param([analysed("Pending")], "running", "running", id="pending"),
        pytest.param([analysed("")], "running", "running", id="not-begun"),
        pytest.param(
            [analysed("Failed", metricResults=[metric("Failed", "[0.99]", "[0.71]", good=1)])],
            "failed",
            "success-rate failed: 1 of 2 good, last [0.71]",
            id="failed",
        ),
        pytest.param(
            [analysed("Error", message="prometheus: no such host")],
            "error",
            "no such host",
            id="error",
        ),
        pytest.param(
            [analysed("Inconclusive", metricResults=[metric("Inconclusive", "[]")])],
            "inconclusive",
            "0 of 1 good, last []",
            id="inconclusive",
        ),
        pytest.param(
            [analysed("Successful"), analysed("Failed", "decode-new-2")],
            "failed",
            "decode-new-2",
            id="the-worst-decides",
        ),
        pytest.param(
            [analysed("Failed", hashed="old"), analysed("Failed", uid="uid-other")],
            "no_analysis",
            "no AnalysisRun",
            id="of-another-template-or-rollout",
        ),
        pytest.param(
            [analysed("Successful"), analysed("Melted", "decode-new-2")],
            "cannot_tell",
            "decode-new-2: of another shape",
            id="a-phase-that-nobody-knows",
        ),
    ],
)
def test_each_phase_is_a_verdict(runs: list[Body], verdict: str, words: str) -> None:
    """A rollout that measures nothing, or not enough, is not one that was found good."""
    told = found("analysis", rolled, Rollout=[rollout()], AnalysisRun=runs)

    assert told.verdict == verdict
    assert words in told.because


def test_runs_that_the_rollout_names_go_before_those_of_a_try_before() -> None:
    """A retry of the same template leaves the failed run in place."""
    named = rollout(canary={"currentStepAnalysisRunStatus": {"name": "decode-new-2"}})
    runs = [analysed("Failed"), analysed("Running", "decode-new-2")]

    told = found("analysis", rolled, Rollout=[named], AnalysisRun=runs)

    assert (told.verdict, "decode-new-2" in told.because) == ("running", True)


def test_analysis_that_may_not_be_listed_is_not_none() -> None:
    """Without the right nobody knows whether anything was measured."""
    bodies = {kinds.ROLLOUT: [rollout()], kinds.ANALYSIS_RUN: [analysed("Successful")]}
    blind = Cluster(bodies, refuse={kinds.ANALYSIS_RUN: Forbidden("no permission")})

    told = ask("analysis", blind, target=rolled(TARGET))

    assert (told.verdict, "no permission" in told.because) == ("cannot_tell", True)


def test_a_deployment_is_not_analysed() -> None:
    """Only Argo Rollouts measures while it rolls out."""
    told = found("analysis")

    assert (told.verdict, told.because) == (
        "no_analysis",
        "a Deployment is not analysed: that is what an Argo Rollout does",
    )
