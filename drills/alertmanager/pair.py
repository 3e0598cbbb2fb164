"""Two Alertmanagers that gossip, or do not."""

from collections.abc import Callable
from datetime import datetime, timedelta

from drills.alertmanager.config import Config
from drills.alertmanager.member import Alertmanager
from drills.alertmanager.notified import Entry, Place
from drills.alertmanager.posts import Post
from drills.alertmanager.silences import Silence


class Pair:
    """A cluster of two, on the world's clock: call `tick(now)` as it moves.

    With `gossip` the second waits `peer_timeout` (world time) and stays silent when the first has
    told the group; a slow answer makes it tell the group again. Without (it may be switched at any
    moment) each believes it is alone, and both deliver. Only `external_urls` tell their
    notifications apart.
    """

    def __init__(
        self,
        config: Config,
        *,
        now: Callable[[], datetime],
        post: Post,
        gossip: bool = True,
        peer_timeout: timedelta = timedelta(seconds=15),
        external_urls: tuple[str, str] = (
            "http://alertmanager-0:9093",
            "http://alertmanager-1:9093",
        ),
    ) -> None:
        self.gossip = gossip
        self._peer_timeout = peer_timeout
        self.members = tuple(
            Alertmanager(
                name=f"alertmanager-{index}",
                config=config,
                external_url=url,
                peers=self,
                post=post,
                now=now,
            )
            for index, url in enumerate(external_urls)
        )

    def tick(self, now: datetime) -> None:
        """Let both do what is due at `now`."""
        for member in self.members:
            member.tick(now)

    @property
    def busy(self) -> bool:
        """Whether a notification is under way in either."""
        return any(member.busy for member in self.members)

    def wait(self, name: str) -> timedelta:
        """Return the member's position times peer_timeout; nothing when it sees no peer."""
        position = [member.name for member in self.members].index(name)
        return self._peer_timeout * (position if self.gossip else 0)

    def told(self, name: str, place: Place, entry: Entry) -> None:
        """Gossip a notification."""
        for member in self._others(name):
            member.log.put(place, entry)

    def silenced(self, name: str, silence: Silence) -> None:
        """Gossip a silence."""
        for member in self._others(name):
            member.silences.put(silence)

    def _others(self, name: str) -> list[Alertmanager]:
        return [one for one in self.members if self.gossip and one.name != name]
