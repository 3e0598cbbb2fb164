"""A prefill pod: works through prompts in order, as fast as it can read what is not cached."""

from collections import deque
from collections.abc import Iterable, Iterator

from drills.model.histogram import LATENCY_BOUNDS, TTFT_BOUNDS, Histogram
from drills.model.prefix_cache import PrefixCache
from drills.model.sizing import Sizing
from drills.model.traffic import Request


class PrefillEngine:
    """One vLLM engine with the prefill role; every request ends after its first token."""

    def __init__(self, sizing: Sizing) -> None:
        self.sizing = sizing
        self.prefixes = PrefixCache()
        self.prompt_tokens = 0
        self.finished = 0
        self.ttft = Histogram(TTFT_BOUNDS)
        self.latency = Histogram(LATENCY_BOUNDS)
        # (begins, ends, request), in order: one prompt at a time.
        self._queue: deque[tuple[float, float, Request]] = deque()
        self._held = 0

    @property
    def usage(self) -> float:
        """Share of KV blocks that prompts under way hold, 0 to 1."""
        return min(1.0, self._held / self.sizing.tokens)

    def busy_until(self, now: float) -> float:
        """Return the model second at which a new prompt could begin: the picker's score."""
        return max(now, self._queue[-1][1]) if self._queue else now

    def waiting(self, now: float) -> int:
        """Count prompts that have not begun."""
        return sum(1 for begins, _, _ in self._queue if begins > now)

    def running(self, now: float) -> int:
        """Count prompts under way."""
        return len(self._queue) - self.waiting(now)

    def submit(self, request: Request, at: float) -> None:
        """Take a request that arrived at model second `at`."""
        free = self.sizing.tokens * (1.0 - self.usage)
        cached = self.prefixes.look_up(request.prompt, request.shared, free)
        begins = self.busy_until(at)
        work = (request.prompt - cached) / self.sizing.prefill_tokens_per_second
        self._queue.append((begins, begins + work, request))
        self._held += request.prompt

    def step(self, since: float, seconds: float) -> Iterator[tuple[float, Request]]:
        """Yield the requests that are prefilled within the step, each with its moment."""
        while self._queue and self._queue[0][1] <= since + seconds:
            _, ends, request = self._queue.popleft()
            self._held -= request.prompt
            self.finished += 1
            self.prompt_tokens += request.prompt
            self.ttft.observe(ends - request.arrived)
            self.latency.observe(ends - request.arrived)
            yield ends, request
        self.prefixes.step(seconds)

    def leave(self) -> Iterable[Request]:
        """Return the requests that are lost when the pod goes away."""
        return tuple(request for _, _, request in self._queue)
