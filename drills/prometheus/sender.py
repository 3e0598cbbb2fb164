"""Posts alerts to every Alertmanager; one that is away gets them with the next round."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import requests

from drills.prometheus.alerts import PostableAlert

# Prometheus' default queue; what does not fit is lost, the oldest first.
QUEUE: Final = 10_000
# Two Alertmanagers that hang must not stop the world's clock for long.
TIMEOUT: Final = timedelta(seconds=2)


class Sender:
    """A queue for each Alertmanager; not thread-safe.

    addresses: such as http://127.0.0.1:9093, without the path of the API.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        timeout: timedelta = TIMEOUT,
        session: requests.Session | None = None,
    ) -> None:
        self._queues: dict[str, deque[PostableAlert]] = {
            address.rstrip("/"): deque(maxlen=QUEUE) for address in addresses
        }
        self._failures = dict.fromkeys(self._queues, 0)
        self._timeout = timeout.total_seconds()
        self._session = session or requests.Session()
        # A proxy of the environment would carry loopback addresses outside.
        self._session.trust_env = False

    @property
    def failures(self) -> Mapping[str, int]:
        """How often a post to each address failed."""
        return self._failures

    def send(self, alerts: Sequence[PostableAlert]) -> None:
        """Post what waits and these; a failure is counted and never raised.

        What an Alertmanager refuses as wrong is not offered again.
        """
        for address, queue in self._queues.items():
            queue.extend(alerts)
            if queue and self._posted(address, list(queue)):
                queue.clear()

    def _posted(self, address: str, alerts: Sequence[PostableAlert]) -> bool:
        """Say whether these alerts are done with."""
        try:
            answer = self._session.post(
                f"{address}/api/v2/alerts", json=list(alerts), timeout=self._timeout
            )
        except requests.RequestException:
            self._failures[address] += 1
            return False
        self._failures[address] += not answer.ok
        return answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
