"""A runbook that repeats a step takes pod after pod: each planned, approved and proven alone."""

from drills.kubernetes.objects import terminating
from drills.kubernetes.resources import NODES, PODS
from incidents.default_policy import default_policy
from tests.runbooks.rehearsed import NAMESPACE, Rehearsed

HEAD = """
title: Engines leak
purpose: Pods begin anew, one at a time.
covers: [RB-05]
match:
  labels: ['alertname="EnginesLeak"']
steps:
"""
RESTART = """
  - id: restart-{number}
    title: One more
    do: restart_one
    timeout: 30m
    verify: {{settle: 15m}}
"""
DRAIN = """
  - id: drain-{number}
    title: One more
    do: drain
    with: {{node: {node}}}
    timeout: 30m
    verify: {{settle: 15m}}
"""
CORDON = """
  - id: close
    title: Close it
    do: cordon
    with: {{node: {node}}}
    verify: {{settle: 5m}}
"""
DELETE = """
  - id: all
    title: All of them
    do: delete_all
    on_failure: continue
    verify: {settle: 15m}
"""


def rehearsed(*steps: str) -> Rehearsed:
    return Rehearsed("", answers={}, text=HEAD + "".join(steps))


def fewest(run: Rehearsed) -> list[int]:
    """Return how many pods served whenever time had passed."""
    seen: list[int] = []
    run.looks.append(lambda: seen.append(run.serving()))
    return seen


def test_all_pods_begin_anew_while_three_of_four_serve() -> None:
    """The model loads for a minute and a half each time, and nobody approves four at once."""
    run = rehearsed(*(RESTART.format(number=number) for number in range(4)))
    before, serving = run.names(), fewest(run)

    run.play()

    assert run.did() == {f"restart-{number}": "verified" for number in range(4)}, run.told()
    assert set(before).isdisjoint(run.names())
    assert (min(serving), run.serving()) == (3, 4)


def test_a_node_is_closed_and_emptied_pod_by_pod() -> None:
    """The others serve all the time, and nothing comes back: so far as the hour's budget goes."""
    node = rehearsed(DELETE).pods()[0]["spec"]["nodeName"]
    here = [each for each in rehearsed(DELETE).pods() if each["spec"]["nodeName"] == node]
    budget = default_policy().changes_per_hour - 1  # to close it takes one
    drains = (DRAIN.format(number=number, node=node) for number in range(budget))
    run = rehearsed(CORDON.format(node=node), *drains)
    serving = fewest(run)

    run.play()

    steps = ("close", *(f"drain-{number}" for number in range(budget)))
    assert run.did() == dict.fromkeys(steps, "verified"), run.told()
    assert (min(serving), run.serving()) == (3, 4)
    stands = [each for each in run.pods() if each["spec"]["nodeName"] == node]
    assert len(stands) == len(here) - budget
    assert run.cluster.get(NODES, "", node)["spec"]["unschedulable"] is True


def test_all_go_at_once_only_when_none_serves() -> None:
    """One that serves keeps all of them; when they hang together they go together."""
    kept, run = rehearsed(DELETE), rehearsed(DELETE)
    before = run.names()
    for name in before:
        run.break_pod(name)

    kept.play()
    run.hung.clear()
    run.play()

    assert (kept.did(), kept.serving()) == ({}, 4)
    assert run.did() == {"all": "verified"}, run.told()
    assert set(before).isdisjoint(run.names())
    assert not any(map(terminating, run.cluster.select(PODS, NAMESPACE)))
