"""The prefix cache of one engine: how much of a shared prompt is still there to be reused."""

import math

# How long it takes until somebody comes back with the same prefix, in seconds.
_REUSE_AFTER = 30.0
# Over how many seconds the rate of new tokens is averaged.
_MEMORY = 60.0


class PrefixCache:
    """Blocks nobody holds are kept for reuse until newer ones push them out, oldest first.

    vLLM counts such blocks as free. A prefix is found again if it outlived the time until its
    next use: the lifetime is the free room over the rate of new tokens (least recently used).
    """

    def __init__(self) -> None:
        self.queries = 0
        self.hits = 0
        self._rate = 0.0
        self._written = 0.0

    def look_up(self, prompt: int, shared: int, free_tokens: float) -> int:
        """Count a prompt's tokens as queried and return how many of them need no work."""
        hit = int(shared * self.warmth(free_tokens))
        self.queries += prompt
        self.hits += hit
        self._written += prompt - hit
        return hit

    def warmth(self, free_tokens: float) -> float:
        """Return the share, 0 to 1, of shared prefixes that are still there."""
        lifetime = free_tokens / max(self._rate, 1.0)
        return 1.0 - math.exp(-lifetime / _REUSE_AFTER)

    def write(self, tokens: float) -> None:
        """Count generated tokens: they push out old blocks too."""
        self._written += tokens

    def step(self, seconds: float) -> None:
        """Take what was written into the average."""
        weight = 1.0 - math.exp(-seconds / _MEMORY)
        self._rate += weight * (self._written / seconds - self._rate)
        self._written = 0.0
