"""A decode pod: admits requests while it has KV blocks, and preempts when it runs out of them.

The scheduler's order is vLLM's (vllm/v1/core/sched/scheduler.py): running requests grow first; when
no block is left the one admitted last is preempted, goes to the front of the queue and is computed
again from nothing; new ones are admitted in order, for their prompt alone, if nobody was preempted.
"""

from collections import Counter, deque
from collections.abc import Iterable
from enum import StrEnum

from drills.model.histogram import (
    LATENCY_BOUNDS,
    TOKEN_BOUNDS,
    TRANSFER_BOUNDS,
    TTFT_BOUNDS,
    Histogram,
)
from drills.model.prefix_cache import PrefixCache
from drills.model.sizing import Sizing
from drills.model.traffic import Request

# Recomputing never takes a whole step: vLLM mixes chunks of it with decoding.
_MOST_RECOMPUTED = 0.8


class Finish(StrEnum):
    """Why a request ended, as vLLM's `finished_reason` says it."""

    STOP = "stop"
    LENGTH = "length"
    ABORT = "abort"
    ERROR = "error"
    REPETITION = "repetition"


class DecodeEngine:
    """One vLLM engine with the decode role."""

    def __init__(self, sizing: Sizing, *, client_ttft: Histogram) -> None:
        self.sizing = sizing
        self._block_tokens = sizing.block_tokens
        self.running: list[Request] = []
        self.waiting: deque[Request] = deque()
        self.prefixes = PrefixCache()
        self.preemptions = 0
        self.prompt_tokens = 0
        self.generated_tokens = 0.0
        self.finished: Counter[Finish] = Counter()
        self.ttft = Histogram(TTFT_BOUNDS)
        self.between_tokens = Histogram(TOKEN_BOUNDS)
        self.latency = Histogram(LATENCY_BOUNDS)
        self.transfers = Histogram(TRANSFER_BOUNDS)
        self._client_ttft = client_ttft
        # Blocks that running requests hold, and that waiting ones will need.
        self._used = 0
        self._wanted = 0
        self._recompute_seconds = 0.0

    @property
    def usage(self) -> float:
        """Share of KV blocks that running requests hold, 0 to 1."""
        return self._used / self.sizing.blocks

    @property
    def load(self) -> float:
        """What is held and what is waited for, in parts of the pod: the picker's score."""
        return (self._used + self._wanted) / self.sizing.blocks

    def deferred(self, now: float) -> int:
        """Count requests whose blocks are reserved and whose KV transfer is still under way."""
        return sum(1 for request in self.running if request.first_token_at > now)

    def submit(self, request: Request, at: float) -> None:
        """Take a request whose prompt was prefilled at model second `at`."""
        request.submitted = at
        self.waiting.append(request)
        self._wanted += self._blocks(request)

    def step(self, since: float, seconds: float) -> None:
        """Do what happens in the `seconds` after model second `since`."""
        self._give_up(since)
        self._grow(since, seconds)
        if not self._preempt():
            self._admit(since, since + seconds)
        self.prefixes.step(seconds)

    def leave(self) -> Iterable[Request]:
        """Return the requests that are lost when the pod goes away."""
        return (*self.running, *self.waiting)

    def _give_up(self, now: float) -> None:
        patient = [each for each in self.waiting if each.preempted or not self._tired(each, now)]
        if len(patient) < len(self.waiting):
            self.finished[Finish.ABORT] += len(self.waiting) - len(patient)
            self.waiting = deque(patient)
            self._wanted = sum(map(self._blocks, patient))

    def _tired(self, request: Request, now: float) -> bool:
        return now - request.submitted > self.sizing.patience

    def _grow(self, since: float, seconds: float) -> None:
        end = since + seconds
        decoding = self._decoding_share(seconds)
        # Recomputing shares the engine's steps with decoding, so every token takes longer.
        pace = self._token_seconds() / decoding
        running, made = self.running, list[int]()
        self.running = []
        for request in running:
            begun = max(since, request.first_token_at)
            if begun < end:
                made.append(self._produce(request, end - begun, pace))
                if request.generated >= request.output:
                    self._finish(request, end)
                    continue
            self.running.append(request)
        self.between_tokens.observe_each(pace, made)
        self._used = sum(map(self._blocks, self.running))

    def _decoding_share(self, seconds: float) -> float:
        recomputing = min(self._recompute_seconds, seconds * _MOST_RECOMPUTED)
        self._recompute_seconds -= recomputing
        return 1.0 - recomputing / seconds

    def _token_seconds(self) -> float:
        sizing = self.sizing
        context = sizing.full_cache_token_seconds * self.usage
        return (
            sizing.base_token_seconds + context + sizing.sequence_token_seconds * len(self.running)
        )

    def _finish(self, request: Request, end: float) -> None:
        self.finished[Finish.STOP] += 1
        self.latency.observe(end - request.submitted)

    def _produce(self, request: Request, seconds: float, pace: float) -> int:
        """Decode at a pace in seconds per token; return how many whole tokens came out."""
        before = request.generated
        made = min(seconds / pace, request.output - before)
        request.generated = before + made
        self.generated_tokens += made
        self.prefixes.write(made)
        return int(request.generated) - int(before)

    def _preempt(self) -> bool:
        before = self.preemptions
        while self._used > self.sizing.blocks and len(self.running) > 1:
            victim = self.running.pop()
            blocks = self._blocks(victim)
            self._used -= blocks
            self._wanted += blocks
            victim.preempted = True
            self.waiting.appendleft(victim)
            self.preemptions += 1
        return self.preemptions > before

    def _admit(self, since: float, end: float) -> None:
        while self.waiting and len(self.running) < self.sizing.max_num_seqs:
            blocks = self._blocks(self.waiting[0])
            if self._used + blocks > self.sizing.blocks:
                return
            request = self.waiting.popleft()
            self._start(request, max(since, request.submitted))
            self._used += blocks
            self._wanted -= blocks
            self.running.append(request)
            # What is left of the step is spent decoding, so that a coarse step loses no time.
            if request.first_token_at < end:
                pace = self._token_seconds()
                made = self._produce(request, end - request.first_token_at, pace)
                self.between_tokens.observe(pace, made)

    def _start(self, request: Request, at: float) -> None:
        if request.preempted:
            work = request.context / self.sizing.recompute_tokens_per_second
            self._recompute_seconds += work
            request.first_token_at = at + work
            return
        self._transfer(request, at)
        self.prompt_tokens += request.prompt
        self.ttft.observe(request.first_token_at - request.submitted)
        self._client_ttft.observe(request.first_token_at - request.arrived)

    def _transfer(self, request: Request, at: float) -> None:
        sizing = self.sizing
        free = (sizing.blocks - self._used) * sizing.block_tokens
        missing = request.prompt - self.prefixes.look_up(request.prompt, request.shared, free)
        took = sizing.transfer_seconds + missing / sizing.transfer_tokens_per_second
        self.transfers.observe(took)
        request.first_token_at = at + took + self._token_seconds()

    def _blocks(self, request: Request) -> int:
        return int(request.prompt + request.generated) // self._block_tokens + 1
