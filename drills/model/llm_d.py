"""The whole of llm-d: clients, the picker, the prefill pool and the decode pool, step by step."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from drills.model.decode import DecodeEngine
from drills.model.histogram import TTFT_BOUNDS, Histogram
from drills.model.prefill import PrefillEngine
from drills.model.sizing import Sizing
from drills.model.traffic import Clients, Request, Traffic

# Coarser steps would let the scheduler admit and preempt too rarely to show a storm.
STEP = 1.0


class Role(StrEnum):
    """What a pod does for a request, as its label `llm-d.ai/role` says."""

    DECODE = "decode"
    PREFILL = "prefill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod as the model sees it; only a ready one is sent traffic."""

    name: str
    role: Role
    ready: bool = True
    ip: str = ""


@dataclass(slots=True)
class Picker:
    """What the endpoint picker has counted."""

    requests: int = 0
    refused: int = 0
    lost: int = 0


class LlmD:
    """The model; the same seed and the same causes give the same numbers."""

    def __init__(self, *, seed: int, sizing: Sizing | None = None) -> None:
        self.sizing = sizing or Sizing()
        self.traffic = Traffic()
        self.seconds = 0.0
        self.picker = Picker()
        self.client_ttft = Histogram(TTFT_BOUNDS)
        self.decode: dict[str, DecodeEngine] = {}
        self.prefill: dict[str, PrefillEngine] = {}
        # A drill is repeated by its seed; nothing here guards a secret.
        self._clients = Clients(random.Random(seed))  # noqa: S311  see above

    def place(self, pods: Iterable[Pod]) -> None:
        """Take which pods there are now: a new ready pod starts empty, a gone one loses its work.

        A pod that is no longer ready but still there keeps nothing: its engine is not up.
        """
        ready = {pod.name: pod.role for pod in pods if pod.ready}
        for engines in (self.decode, self.prefill):
            for name in [name for name in engines if name not in ready]:
                self.picker.lost += len(tuple(engines.pop(name).leave()))
        for name, role in ready.items():
            self._start(name, role)

    def run(self, seconds: float) -> None:
        """Let model time pass, in steps of at most STEP seconds."""
        end = self.seconds + seconds
        while self.seconds < end:
            self._step(min(STEP, end - self.seconds))

    def _step(self, seconds: float) -> None:
        since = self.seconds
        for request in self._clients.requests(self.traffic, since, seconds):
            self._route(request)
        for prefill in self.prefill.values():
            for at, request in prefill.step(since, seconds):
                self._hand_over(request, at)
        for decode in self.decode.values():
            decode.step(since, seconds)
        self.seconds = since + seconds

    def _start(self, name: str, role: Role) -> None:
        match role:
            case Role.DECODE if name not in self.decode:
                self.decode[name] = DecodeEngine(self.sizing, client_ttft=self.client_ttft)
            case Role.PREFILL if name not in self.prefill:
                self.prefill[name] = PrefillEngine(self.sizing)
            case Role.DECODE | Role.PREFILL:
                pass

    def _route(self, request: Request) -> None:
        if not self.decode or not self.prefill:
            self.picker.refused += 1
            return
        self.picker.requests += 1
        at = request.arrived
        min(self.prefill.values(), key=lambda each: each.busy_until(at)).submit(request, at)

    def _hand_over(self, request: Request, at: float) -> None:
        if not self.decode:
            self.picker.lost += 1
            return
        min(self.decode.values(), key=lambda each: each.load).submit(request, at)
