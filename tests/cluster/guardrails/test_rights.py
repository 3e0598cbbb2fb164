"""Each guard says exactly which rights it needs: none less, none more."""

from dataclasses import replace

from bot.app.rights_in_force import in_force
from bot.app.settings import Settings
from cluster.clients import kinds
from cluster.clients.reads import ReadOnly
from cluster.guardrails import registry
from cluster.owners import workload
from cluster.rights import Right, gets
from drills.kubernetes import shapes
from tests.cluster.conftest import NAMESPACE, StandInKubernetes
from tests.cluster.guardrails.scenes import DECODE, PREFILL, Guarding, Told
from tests.cluster.recording import Recording
from tests.cluster.test_quarantine import ROLE
from tests.cluster.test_rights import EXACTLY, differs

OF_THE_ACTION = {"cool_down", "blast"}
"""These read what the plan's action has read before them: its object, and what it copies."""
PARTS = frozenset((*workload.RIGHTS, *gets(kinds.REPLICA_SET)))
"""Which of them are used follows from the kind of the workload; the scenes have a Deployment."""


def test_each_guard_reads_exactly_what_it_says(kubernetes: StandInKubernetes) -> None:
    """The reader's Role is made of what guards say, too."""
    guarding = Guarding(kubernetes=kubernetes, told=Told())
    plans, told = _plans(guarding), {}
    for name, guard in registry.guards().items():
        recording = Recording(kubernetes, home=NAMESPACE)
        guarding.more = {"objects": ReadOnly(recording)}  # type: ignore[arg-type]  # answers any call
        for plan in plans:
            tuple(guard.judge(guarding.scene(plan)))
        used, said = recording.used, set(guard.rights)
        told[name] = differs(used - (_of_plans(name) - said), said - PARTS | (said & used))

    assert told == dict.fromkeys(registry.guards(), EXACTLY)


def _of_plans(name: str) -> set[Right]:
    written = (kinds.DEPLOYMENT, kinds.POD, kinds.NODE, kinds.AUTOSCALER)
    return set(gets(*written)) if name in OF_THE_ACTION else set()


def _plans(guarding: Guarding) -> list[object]:
    pod = guarding.find().pods[0]
    shapes.pool(guarding.kubernetes.cluster, "blue", {ROLE: "decode"})
    down = guarding.scaled(1)
    zero = replace(down, write=replace(down.write, fields=(("/spec/replicas", "0"),)))
    return [
        zero,
        *(guarding.scaled(size, role) for size in (1, 5, 20) for role in (DECODE, PREFILL)),
        *(
            guarding.planned(action, {"pod": pod})
            for action in ("evict", "delete_pod", "quarantine")
        ),
        guarding.planned("restart", {}),
        guarding.planned("cordon", {"node": "gpu-0"}),
    ]


def test_the_rights_of_guards_are_printed_with_those_of_actions() -> None:
    """Whoever applies what `triaged rbac` prints has guards that see."""
    needed = in_force(Settings())

    assert needed.rights["guard capacity"] == tuple(
        sorted(set(registry.guards()["capacity"].rights))
    )
    assert set(registry.rights()) <= needed.all()
