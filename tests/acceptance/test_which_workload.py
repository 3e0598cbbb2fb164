"""Two Deployments fit: Slack asks which one is meant, and the answer leads the runbook there."""

from typing import Any

import pytest

from incidents.telling import change
from tests.acceptance.test_commands import answered
from tests.rehearsing import DECODE, Rehearsal, Stage, ask, get

CANARY = "canary-decode"
BIG = "Deployment pd-disaggregation-nvidia-gpu-vllm-decode"


def beside(stage: Stage) -> None:
    """Install a second decode workload of the same model; no node has so many free GPUs."""
    address = stage.addresses["kubernetes"]
    found: dict[str, Any] = get(f"{address}{DECODE}")
    template = found["spec"]["template"]
    labels = {**template["metadata"]["labels"], "track": "canary"}
    (engine,) = template["spec"]["containers"]
    gpus = {"nvidia.com/gpu": "64"}
    made = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": CANARY, "namespace": "llm-d", "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{**engine, "resources": {"limits": gpus, "requests": gpus}}]
                },
            },
        },
    }
    ask(f"{address}{DECODE.rpartition('/')[0]}", body=made, method="POST")


@pytest.fixture
def unsure(stage: Stage, desk: Rehearsal) -> Rehearsal:
    """Bring the desk to the moment in which it asks which of two workloads is meant."""
    beside(stage)
    desk.until(lambda: stage.button("target-1") is not None, minutes=20)
    return desk


def question(desk: Rehearsal) -> str:
    """Return the message that asks which workload is meant, as it stands."""
    (found,) = [one for one in desk.stage.messages() if "incident-1/target" in str(one["metadata"])]
    return "\n".join([str(found["text"]), str(found["blocks"])])


def test_a_click_says_which_workload_is_meant_and_the_runbook_goes_there(
    unsure: Rehearsal,
) -> None:
    """Nobody types at night, and nothing is scaled that nobody meant."""
    asked = question(unsure)
    headline = unsure.stage.messages()[0]["text"]

    unsure.stage.press("target-2", person="carol")
    unsure.until(unsure.asked, minutes=20)

    plan = unsure.app.opened.desk.run("run-1-2").step("add-decode").plan
    unsure.stage.press("approve")
    unsure.turn()
    scaled = [one["path"] for one in unsure.stage.writes() if one["verb"] == "patch"]

    assert f"Deployment {CANARY}" in asked
    assert f"pod → {BIG}" in asked
    assert f"say which workload is meant: Deployment {CANARY}, {BIG}" in headline
    assert unsure.text("TargetChosen") == f"carol chose {BIG} of 2"
    assert unsure.text("Acknowledged") == "acknowledged by carol through slack"
    assert plan is not None
    assert change(plan).startswith(f"scale {BIG.replace(' ', ' llm-d/')}: replicas 4 → 6")
    assert "chosen by Carol of 2" in question(unsure)
    assert unsure.stage.button("target-1") is None
    assert scaled == [f"{DECODE}/scale"]


def test_a_command_answers_too_and_what_is_no_candidate_is_refused_by_name(
    unsure: Rehearsal,
) -> None:
    """A sixth candidate has no button; and what was never found must not become the target."""
    wrong = answered(unsure, "target Deployment gone")
    said = answered(unsure, f"target Deployment {CANARY} it got the new build", person="bob")

    assert wrong == (
        f"INC-1: 'Deployment gone' is none of its candidates: Deployment {CANARY}, {BIG}"
    )
    assert said == f"INC-1 is about Deployment {CANARY}: it is looked at from the beginning"
    assert unsure.text("TargetChosen") == (
        f"bob chose Deployment {CANARY} of 2: it got the new build"
    )
