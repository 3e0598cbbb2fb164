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


class Phase(StrEnum):
    """Where a pod is in its life; only a serving one is sent traffic."""

    LOADING = "loading"
    SERVING = "serving"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod as the model sees it."""

    name: str
    role: Role
    phase: Phase = Phase.SERVING
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
        # Those that the picker sends to; the others go on with what they have.
        self._decoding: list[DecodeEngine] = []
        self._prefilling: list[PrefillEngine] = []
        # A drill is repeated by its seed; nothing here guards a secret.
        self._clients = Clients(random.Random(seed))  # noqa: S311  see above

    def place(self, pods: Iterable[Pod]) -> None:
        """Take which pods there are now.

        A new serving pod starts empty; a leaving one goes on with what it has and gets nothing
        new; one that is gone, or loads again, has lost its work.
        """
        up = {pod.name: pod for pod in pods if pod.phase is not Phase.LOADING}
        for engines in (self.decode, self.prefill):
            for name in [name for name in engines if name not in up]:
                self.picker.lost += len(tuple(engines.pop(name).leave()))
        leaving = {name for name, pod in up.items() if pod.phase is Phase.LEAVING}
        for name in sorted(up.keys() - leaving):
            self._start(name, up[name].role)
        self._decoding = [each for name, each in self.decode.items() if name not in leaving]
        self._prefilling = [each for name, each in self.prefill.items() if name not in leaving]

    @property
    def ready_endpoints(self) -> int:
        """How many pods the picker may send to."""
        return len(self._decoding) + len(self._prefilling)

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
        if not self._prefilling or not self._decoding:
            self.picker.refused += 1
            return
        self.picker.requests += 1
        at = request.arrived
        min(self._prefilling, key=lambda each: each.busy_until(at)).submit(request, at)

    def _hand_over(self, request: Request, at: float) -> None:
        if not self._decoding:
            self.picker.lost += 1
            return
        min(self._decoding, key=lambda each: each.load).submit(request, at)
