"""The plan of a scale in a crowded, real API server: round trips, time, and the memory it takes."""

import json
import resource
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.app.guarding import careful
from bot.app.reach import NoSignals
from cluster.actions.registry import verbs
from cluster.clients.access import Direct
from cluster.clients.kubernetes import KubernetesClient
from cluster.clients.pulse import Pulse
from cluster.clients.reads import ReadOnly
from cluster.drift.intended import NOTHING
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector
from cluster.tools import Tools
from incidents.guardrails import Guardrails
from tests.bench import crowd
from tests.bench.figures import Figure
from tests.bench.places import Places, Say
from tests.servers.kubernetes import build
from tests.servers.kubernetes.control_plane import ControlPlane, control_plane

NEEDED: Final = ("etcd", "kube-apiserver")
MIB: Final = 1024
MILLI: Final = 1e3
UNITS: Final = {
    "find the workload, requests": "requests",
    "find the workload": "ms",
    "plan and dry run, requests": "requests",
    "plan and dry run": "ms",
    "memory that both grew by": "MiB",
}


@dataclass(slots=True, kw_only=True)
class Counting(Pulse):
    """Counts requests, as they end."""

    ended: int = 0

    def note(self, *, seconds: float, failed: bool) -> None:
        """Count one more."""
        self.ended += 1
        Pulse.note(self, seconds=seconds, failed=failed)


def measure(places: Places, *, rounds: int, say: Say) -> list[Figure]:
    """Return what a plan costs, each time in a process of its own; nothing where it is not built.

    The programs are those of `tests/servers/kubernetes/build.py`.
    """
    if lacking := build.missing(NEEDED):
        say(f"the plan of a scale is left out: not built: {', '.join(lacking)}")
        return []
    values: dict[str, list[float]] = {name: [] for name in UNITS}
    with control_plane(build.folder(), places.room("planning"), moves=False) as plane:
        pods = crowd.MODELS * crowd.PODS
        say(f"the plan of a scale: {pods} pods on {crowd.NODES} nodes are made")
        crowd.gather(plane.api())
        for number in range(1, rounds + 1):
            say(f"the plan of a scale, round {number} of {rounds}")
            for name, value in _once(plane).items():
                values[name].append(value)
    return [
        Figure(
            goal="plan",
            name=f"scale among {pods} pods and {crowd.NODES} nodes: {name}",
            store="none",
            unit=unit,
            values=values[name],
        )
        for name, unit in UNITS.items()
    ]


def _once(plane: ControlPlane) -> dict[str, float]:
    """Return the figures of one process that has planned nothing before."""
    token = plane.folder / "root"
    token.write_text("root")
    words = [sys.executable, "-m", __name__, plane.address, str(token), str(plane.ca)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(address: str, token: str, ca: str) -> None:
    """Find one workload and plan one replica more, as the hands do; print what it took."""
    pulse, before = Counting(), _peak()
    access = Direct(address=address, token_file=Path(token), ca_file=Path(ca))
    with closing(KubernetesClient(access, pulse=pulse)) as client:
        tools = careful(
            Tools(
                signals=NoSignals(),
                targets=LabelTargets(client),
                verbs=verbs(client),
                objects=ReadOnly(client),
            ),
            rules=Guardrails,
            intended=lambda: NOTHING,
            own="local",
            clock=lambda: datetime.now(UTC),
        )
        began = time.perf_counter()
        target = tools.targets.find(
            Selector(namespace=crowd.NAMESPACE, model="model-7", role="decode")
        )
        found, requests = time.perf_counter(), pulse.ended
        plan = tools.verbs["scale"].plan(target, {"replicas": "+1"})
        planned = time.perf_counter()
    assert plan.after == (("replicas", str(crowd.PODS + 1)),), plan
    figures = (
        requests,
        (found - began) * MILLI,
        pulse.ended - requests,
        (planned - found) * MILLI,
        (_peak() - before) / MIB,
    )
    print(json.dumps(dict(zip(UNITS, figures, strict=True))))


def _peak() -> int:
    """Return the most memory that this process has held, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(*sys.argv[1:])
