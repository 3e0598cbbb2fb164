"""A seeded cluster on a clock that a test moves, with its controllers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.objects import Object, View
from drills.kubernetes.resources import DEPLOYMENTS
from drills.kubernetes.seed import seed_llm_d
from drills.kubernetes.state import Cluster

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMESPACE = "llm-d"
DECODE = "pd-disaggregation-nvidia-gpu-vllm-decode"


class World:
    """A cluster, what its pods and autoscalers are told, and the words of the tests."""

    def __init__(self) -> None:
        self.at = START
        self.load: float | None = 60.0  # seconds until a pod is ready
        self.wanted: int | None = None  # what an HPA's metrics ask for
        self.cluster = Cluster(now=lambda: self.at)
        self.controllers = Controllers(
            self.cluster, ready_after=self._ready_after, wants=self._wants
        )
        seed_llm_d(self.cluster)

    def run(self, seconds: float, step: float = 5.0) -> None:
        """Let time pass."""
        end = self.at + timedelta(seconds=seconds)
        self.controllers.reconcile(self.at)
        while self.at < end:
            self.at += timedelta(seconds=step)
            self.controllers.reconcile(self.at)

    def decode(self) -> Object:
        """Return the decode Deployment."""
        return self.cluster.get(DEPLOYMENTS, NAMESPACE, DECODE)

    def counts(self) -> tuple[int, int, int]:
        """Return how many decode pods are wanted, there, and ready."""
        thing = self.decode()
        status = thing["status"]
        return thing["spec"]["replicas"], status.get("replicas", 0), status.get("readyReplicas", 0)

    def _ready_after(self, _: View) -> float | None:
        return self.load

    def _wants(self, _: View) -> int | None:
        return self.wanted


@pytest.fixture
def world() -> World:
    """Return a world of two prefill and four decode pods, all ready."""
    return World()


@pytest.fixture(scope="session")
def fresh() -> Callable[[], World]:
    """Return how to make a world, for tests that need one per example."""
    return World
