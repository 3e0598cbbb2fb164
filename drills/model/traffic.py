"""The traffic: how often somebody asks, with how long a prompt, for how long an answer."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

# Many clients together arrive more evenly than one at random would (Erlang-4 gaps).
_EVENNESS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the clients of one model send; lengths in tokens, rate in requests per second."""

    rate: float = 12.0
    long_share: float = 0.0
    long_prompt: int = 12_000
    long_output: int = 3_000
    short_prompt: int = 800
    short_output: int = 400
    # The part of a prompt that other requests have too: system prompts, earlier turns.
    short_shared: float = 0.6
    long_shared: float = 0.04


@dataclass(slots=True, kw_only=True)
class Request:
    """One request on its way; times in model seconds, lengths in tokens."""

    arrived: float
    prompt: int
    output: int
    shared: int
    submitted: float = 0.0
    first_token_at: float = 0.0
    generated: float = 0.0
    preempted: bool = False

    @property
    def context(self) -> float:
        """Tokens whose keys and values an engine holds for this request."""
        return self.prompt + self.generated


class Clients:
    """Makes the requests of some traffic, the same ones for the same random numbers."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._until_next = self._gap()
        self._long_due = rng.random()

    def requests(self, traffic: Traffic, since: float, seconds: float) -> Iterator[Request]:
        """Yield the requests that arrive in the `seconds` after `since`, in order."""
        if traffic.rate <= 0:
            return
        # The gap is counted in expected requests, so a changed rate takes effect at once.
        passed = 0.0
        expected = traffic.rate * seconds
        while passed + self._until_next < expected:
            passed += self._until_next
            self._until_next = self._gap()
            yield self._request(traffic, since + passed / traffic.rate)
        self._until_next -= expected - passed

    def _gap(self) -> float:
        return self._rng.gammavariate(_EVENNESS, 1 / _EVENNESS)

    def _request(self, traffic: Traffic, at: float) -> Request:
        long = self._next_is_long(traffic.long_share)
        mean = traffic.long_prompt if long else traffic.short_prompt
        output = traffic.long_output if long else traffic.short_output
        shared = traffic.long_shared if long else traffic.short_shared
        prompt = max(1, round(mean * self._rng.uniform(0.8, 1.2)))
        return Request(
            arrived=at,
            prompt=prompt,
            output=max(1, round(output * self._rng.uniform(0.7, 1.3))),
            shared=int(prompt * shared),
        )

    def _next_is_long(self, share: float) -> bool:
        """Spread the long prompts evenly: many clients mix better than coins do."""
        self._long_due += share
        if self._long_due < 1:
            return False
        self._long_due -= 1
        return True
