"""Rate limits: so many calls a minute per method, about one post a second per channel.

Slack counts per method and workspace over one minute and holds posting to about one a second per
channel with short bursts (docs.slack.dev, rate limits); the size of a burst is not published. All
limits use real time, whatever the world's clock does.
"""

import math
from collections import defaultdict, deque
from datetime import datetime, timedelta

from drills.slack.facts import METHODS

WINDOW = timedelta(minutes=1)
POST_EVERY = timedelta(seconds=1)
POST_BURST = 3
PACED = "chat.postMessage"


class Limits:
    """Counts calls and says when one must wait; each half can be switched off."""

    def __init__(self) -> None:
        self.tiers = True
        self.pacing = True
        self._calls: dict[str, deque[datetime]] = defaultdict(deque)
        self._free_at: dict[str, datetime] = {}

    def reset(self) -> None:
        """Forget what was counted; the switches stay."""
        self._calls.clear()
        self._free_at.clear()

    def wait(self, method: str, channel: str, now: datetime) -> int | None:
        """Count the call; return the whole seconds of Retry-After when it is one too many.

        A refused call is not counted: whoever waits as told gets through.
        """
        if method == PACED:
            return self._pace(channel, now) if self.pacing else None
        return self._tier(method, now) if self.tiers else None

    def _tier(self, method: str, now: datetime) -> int | None:
        tier = METHODS[method].tier
        if tier is None:
            return None
        calls = self._calls[method]
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        if len(calls) >= tier:
            return _seconds(calls[0] + WINDOW - now)
        calls.append(now)
        return None

    def _pace(self, channel: str, now: datetime) -> int | None:
        # The time at which the channel's allowance would be whole again: the bucket as one number.
        free_at = max(self._free_at.get(channel, now), now)
        if free_at - now > POST_EVERY * (POST_BURST - 1):
            return _seconds(free_at - now - POST_EVERY * (POST_BURST - 1))
        self._free_at[channel] = free_at + POST_EVERY
        return None


def _seconds(wait: timedelta) -> int:
    return max(1, math.ceil(wait.total_seconds()))
