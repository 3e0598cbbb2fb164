"""Alerts reach every Alertmanager, and one that is away hears them later."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import requests
from requests.adapters import BaseAdapter

from drills.prometheus.alerts import PostableAlert
from drills.prometheus.sender import Sender

FIRST: PostableAlert = {"labels": {"alertname": "First"}}
SECOND: PostableAlert = {"labels": {"alertname": "Second"}}
ONE, OTHER = "http://one:9093", "http://other:9093"


class Alertmanagers(BaseAdapter):
    """Answers by address, one status after the other; no status is no answer."""

    def __init__(self, statuses: Mapping[str, Iterable[int | None]]) -> None:
        super().__init__()
        self._statuses = {address: iter(each) for address, each in statuses.items()}
        self.heard: list[tuple[str, list[str]]] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override] # Any: requests' own options
        url = str(request.url)
        address = url.removesuffix("/api/v2/alerts")
        names = [each["labels"]["alertname"] for each in json.loads(request.body or b"[]")]
        self.heard.append((address, names))
        status = next(self._statuses[address])
        if status is None:
            raise requests.ConnectTimeout
        answer = requests.Response()
        answer.status_code = status
        return answer

    def close(self) -> None:
        """Nothing is open."""


def sender(alertmanagers: Alertmanagers) -> Sender:
    session = requests.Session()
    session.mount("http://", alertmanagers)
    return Sender([ONE, f"{OTHER}/"], session=session)


def test_every_alertmanager_hears_every_alert() -> None:
    """Two Alertmanagers are one only because both hear everything."""
    both = Alertmanagers({ONE: [200], OTHER: [200]})

    sender(both).send([FIRST, SECOND])

    assert both.heard == [(ONE, ["First", "Second"]), (OTHER, ["First", "Second"])]


def test_one_that_is_away_hears_it_with_the_next_round() -> None:
    """A resolved alert that was lost would leave an incident open."""
    both = Alertmanagers({ONE: [None, 503, 200], OTHER: [200, 200]})
    ours = sender(both)

    ours.send([FIRST])
    ours.send([SECOND])
    ours.send([])

    assert [names for address, names in both.heard if address == ONE] == [
        ["First"],
        ["First", "Second"],
        ["First", "Second"],
    ]
    assert [names for address, names in both.heard if address == OTHER] == [["First"], ["Second"]]
    assert ours.failures == {ONE: 2, OTHER: 0}


def test_what_is_refused_as_wrong_is_not_offered_again() -> None:
    """One bad alert must not hold up all later ones."""
    both = Alertmanagers({ONE: [400, 200], OTHER: [200, 200]})
    ours = sender(both)

    ours.send([FIRST])
    ours.send([SECOND])

    assert both.heard[2] == (ONE, ["Second"])
    assert ours.failures == {ONE: 1, OTHER: 0}


def test_nothing_is_posted_when_there_is_nothing_to_say() -> None:
    """A round is four times a minute."""
    both = Alertmanagers({ONE: [], OTHER: []})

    sender(both).send([])

    assert both.heard == []
