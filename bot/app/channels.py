"""Which incident's channel this is, among all incidents there ever were."""

from incidents.desk import Desk
from incidents.incident import Incident
from incidents.journal import Aggregate


class Channels:
    """Finds incidents by their channels, and remembers those that it has looked at.

    Safe to use from several threads: whatever two of them note is the same.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._numbers: dict[str, int] = {}
        self._versions: dict[int, int] = {}

    def incident(self, channel: str) -> Incident | None:
        """Return the incident whose channel this is; None where it is none's."""
        number = self._numbers.get(channel)
        if number is not None and (known := self._desk.incident(number)).channel == channel:
            return known
        return self._search(channel)

    def _search(self, channel: str) -> Incident | None:
        """Look at the incidents that have grown since they were looked at, the newest first."""
        for row in self._desk.journal.summaries(aggregate=Aggregate.INCIDENT):
            if row.incident is None or self._versions.get(row.incident) == row.version:
                continue
            incident = self._desk.incident(row.incident)
            if incident.channel is not None:
                self._numbers[incident.channel] = row.incident
            # Noted last: another thread may skip this incident from now on.
            self._versions[row.incident] = row.version
            if incident.channel == channel:
                return incident
        return None
