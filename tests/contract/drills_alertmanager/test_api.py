"""The /api/v2 of a stand-in member, in the shapes that Alertmanager 0.25 answered."""

import asyncio
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from drills.alertmanager.app import build
from drills.alertmanager.config import Webhook, one_webhook
from drills.alertmanager.member import Alertmanager
from drills.alertmanager.pair import Pair

NOW = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
ALERT = {"labels": {"alertname": "KVCacheFull", "model": "m"}, "annotations": {"summary": "full"}}
SILENCE = {
    "matchers": [{"name": "model", "value": "m|n", "isRegex": True}],
    "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "2026-03-01T13:00:00Z",
    "createdBy": "sre",
    "comment": "known",
}
PLACE = ('{}:{alertname="KVCacheFull"}', "triaged/0")


def accepted(webhook: Webhook, body: bytes) -> Future[int]:
    """Accept every notification."""
    assert webhook.url
    assert body
    answer: Future[int] = Future()
    answer.set_result(200)
    return answer


@pytest.fixture
def pair() -> Pair:
    """Return a pair on a clock that stands still."""
    config = one_webhook(Webhook(url="http://triaged.test/hook", token="secret-token"))
    return Pair(config, now=lambda: NOW, post=accepted)


class Api:
    """A client of one member's API."""

    def __init__(self, member: Alertmanager) -> None:
        self._transport = httpx.ASGITransport(build(member))

    def get(self, path: str, **more: Any) -> httpx.Response:
        """GET."""
        return asyncio.run(self._ask("GET", path, more))

    def post(self, path: str, **more: Any) -> httpx.Response:
        """POST."""
        return asyncio.run(self._ask("POST", path, more))

    def delete(self, path: str) -> httpx.Response:
        """DELETE."""
        return asyncio.run(self._ask("DELETE", path, {}))

    async def _ask(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url="http://am") as client:
            return await client.request(method, path, **more)


@pytest.fixture
def api(pair: Pair) -> Api:
    """Return a client of the first member."""
    return Api(pair.members[0])


def test_an_alert_is_shown_as_it_is_kept(api: Api) -> None:
    """A reconciler reads alerts from here after a gap."""
    assert api.post("/api/v2/alerts", json=[ALERT]).status_code == 200

    assert api.get("/api/v2/alerts").json() == [
        {
            "annotations": {"summary": "full"},
            "endsAt": "2026-03-01T12:05:00.500Z",
            "fingerprint": "a838df5dacdf13b8",
            "receivers": [{"name": "triaged"}],
            "startsAt": "2026-03-01T12:00:00.500Z",
            "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"},
            "updatedAt": "2026-03-01T12:00:00.500Z",
            "labels": {"alertname": "KVCacheFull", "model": "m"},
        }
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param("x", 400, id="no-json"),
        pytest.param("{}", 400, id="no-list"),
        pytest.param("[" * 100_000, 400, id="too-deep"),
        pytest.param('[{"annotations": {}}]', 422, id="labels-missing"),
        pytest.param('[{"labels": {"a": 1}}]', 400, id="label-no-text"),
        pytest.param('[{"labels": {"a": "b"}, "startsAt": "zz"}]', 400, id="no-time"),
        pytest.param(
            '[{"labels": {"a": "b"}, "startsAt": "2026-03-01T12:05:01Z"}]', 400, id="future"
        ),
    ],
)
def test_what_alertmanager_refuses_is_refused(api: Api, body: str, code: int) -> None:
    """A rule that posts nonsense must not look healthy in the rehearsal."""
    assert api.post("/api/v2/alerts", content=body).status_code == code


def test_the_good_alerts_of_a_bad_batch_are_kept(api: Api) -> None:
    """One bad alert must not silence its neighbours."""
    answer = api.post("/api/v2/alerts", json=[{"labels": {"a-b": "c"}}, ALERT])

    assert (answer.status_code, answer.json()) == (400, 'invalid label set: invalid name "a-b"')
    assert len(api.get("/api/v2/alerts").json()) == 1


def test_alerts_are_filtered_by_matchers(api: Api) -> None:
    """A filter narrows by all its matchers."""
    api.post("/api/v2/alerts", json=[ALERT, {"labels": {"alertname": "Other"}}])
    found = api.get("/api/v2/alerts", params={"filter": ['alertname=~"KV.*"', 'model!="n"']})

    assert [one["labels"]["alertname"] for one in found.json()] == ["KVCacheFull"]


def test_a_silence_mutes_until_it_is_expired(api: Api, pair: Pair) -> None:
    """An alert that a person silenced must not ring, in neither member."""
    for member in pair.members:
        Api(member).post("/api/v2/alerts", json=[ALERT | {"endsAt": "2026-03-01T13:00:00Z"}])
    identity = api.post("/api/v2/silences", json=SILENCE).json()["silenceID"]
    muted = api.get("/api/v2/alerts").json()[0]["status"]
    pair.tick(NOW + timedelta(minutes=1))
    quiet = [member.log.find(PLACE) for member in pair.members]
    api.delete(f"/api/v2/silence/{identity}")
    for minute in (6, 7):
        pair.tick(NOW + timedelta(minutes=minute))

    assert muted == {"inhibitedBy": [], "silencedBy": [identity], "state": "suppressed"}
    assert quiet == [None, None]
    assert api.get(f"/api/v2/silence/{identity}").json()["status"] == {"state": "expired"}
    assert pair.members[1].silences.find(identity).state(NOW).value == "expired"
    assert pair.members[0].log.find(PLACE) is not None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"matchers": []}, 422, id="no-matchers"),
        pytest.param(
            {"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400, id="bad-expression"
        ),
        pytest.param({"matchers": [{"name": "a"}]}, 422, id="half-a-matcher"),
        pytest.param({"startsAt": "soon"}, 400, id="no-time"),
        pytest.param({"comment": ""}, 422, id="no-comment"),
        pytest.param({"endsAt": "2026-02-01T00:00:00Z"}, 400, id="over-already"),
        pytest.param({"endsAt": "2025-02-01T00:00:00Z"}, 400, id="ends-before-it-starts"),
        pytest.param({"id": "8a0ffd45-0000-0000-0000-000000000000"}, 404, id="unknown-id"),
    ],
)
def test_a_bad_silence_is_refused(api: Api, change: dict[str, object], code: int) -> None:
    """A silence that mutes nothing, or everything, is an accident."""
    assert api.post("/api/v2/silences", json=SILENCE | change).status_code == code
    assert api.get("/api/v2/silences").json() == []


def test_status_shows_the_configuration_without_its_secrets(api: Api) -> None:
    """Anybody may read the status."""
    status = api.get("/api/v2/status").json()

    assert status["versionInfo"]["version"] == "0.25.0"
    assert "http://triaged.test/hook" in status["config"]["original"]
    assert "secret-token" not in status["config"]["original"]


def test_readiness_is_answered(api: Api) -> None:
    """Whoever starts the world waits for it."""
    assert (api.get("/-/ready").status_code, api.get("/-/ready").text) == (200, "OK")


def test_an_unknown_parameter_is_refused(api: Api) -> None:
    """A filter that is silently ignored answers another question."""
    assert api.get("/api/v2/alerts", params={"since": "1h"}).status_code == 501
