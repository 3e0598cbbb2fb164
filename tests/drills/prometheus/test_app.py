"""The HTTP API answers in Prometheus' shapes, and what it does not serve it says aloud."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from drills.prometheus import app, rule_files
from drills.prometheus.faults import Down, Faults
from drills.prometheus.rules import RuleGroups
from drills.prometheus.store import Store

Filled = Callable[..., Store]
Value = str | float

NOW = timedelta(minutes=1)
# More points than Prometheus gives.
SPAN = {"query": "x", "start": "0", "end": "99999", "step": "1"}
RULES = """
groups:
  - name: g
    interval: 15s
    rules:
      - {record: "pod:busy", expr: busy}
      - {alert: Busy, expr: busy > 0.9, labels: {severity: warning}}
      - {alert: Slow, expr: busy > 0.1, for: 5m}
"""


@pytest.fixture
def store(filled: Filled) -> Store:
    return filled({'busy{pod="a"}': [0.5] * 5, 'busy{pod="b"}': [0.95] * 5, "total": range(5)})


@pytest.fixture
def groups(store: Store, tmp_path: Path) -> RuleGroups:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    return RuleGroups(store, rule_files.load(file))


@pytest.fixture
def served(store: Store, groups: RuleGroups, start: datetime) -> Starlette:
    return app.build(store, groups, lambda: start + NOW)


@pytest.fixture
def client(served: Starlette) -> "Client":
    return Client(served)


@pytest.fixture
def faults(served: Starlette) -> Faults:
    found = served.state.faults
    assert isinstance(found, Faults)
    return found


class Client:
    """Asks the application without a socket."""

    def __init__(self, served: Starlette) -> None:
        self._transport = httpx.ASGITransport(served)

    def get(self, path: str, params: Mapping[str, Value] | None = None) -> httpx.Response:
        return asyncio.run(self._ask(httpx.Request("GET", f"http://p{path}", params=params)))

    def post(self, path: str, data: Mapping[str, Value]) -> httpx.Response:
        return asyncio.run(self._ask(httpx.Request("POST", f"http://p{path}", data=data)))

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport) as client:
            return await client.send(request)


def test_an_instant_query_is_answered_now_by_default(client: Client, start: datetime) -> None:
    """`now` is the world's, not the machine's."""
    answer = client.get("/api/v1/query", params={"query": 'busy{pod="a"}'})

    value = [int((start + NOW).timestamp()), "0.5"]
    result = [{"metric": {"__name__": "busy", "pod": "a"}, "value": value}]
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "success", "data": {"resultType": "vector", "result": result}},
    )


def test_a_long_query_may_come_as_a_form(client: Client, start: datetime) -> None:
    """Pod names make queries longer than an address may be."""
    form = {"query": "time()", "time": (start + timedelta(milliseconds=250)).isoformat()}

    answer = client.post("/api/v1/query", data=form)

    at = start.timestamp() + 0.25
    assert answer.json()["data"] == {"resultType": "scalar", "result": [at, repr(at)]}


def test_a_range_is_a_matrix(client: Client, start: datetime) -> None:
    """Evidence is drawn from ranges."""
    first = start.timestamp()
    span: dict[str, Value] = {"start": first, "end": first + 30, "step": "15s"}

    answer = client.get("/api/v1/query_range", params={"query": "total * 2", **span})

    values = [[first, "0"], [first + 15, "2"], [first + 30, "4"]]
    assert answer.json()["data"] == {
        "resultType": "matrix",
        "result": [{"metric": {}, "values": values}],
    }


@pytest.mark.parametrize(
    ("path", "parameters", "data"),
    [
        ("labels", {}, ["__name__", "pod"]),
        ("label/pod/values", {}, ["a", "b"]),
        ("label/__name__/values", {"match[]": '{__name__=~"b.*"}'}, ["busy"]),
        ("label/nope/values", {}, []),
        ("series", {"match[]": "total"}, [{"__name__": "total"}]),
        ("metadata", {}, {}),
    ],
)
def test_a_look_up_is_answered(
    client: Client, path: str, parameters: dict[str, str], data: object
) -> None:
    """The desk finds out which names are there before it asks for values."""
    answer = client.get(f"/api/v1/{path}", params=parameters)

    assert answer.json() == {"status": "success", "data": data}


@pytest.mark.parametrize(
    ("path", "parameters", "status", "kind", "complaint"),
    [
        ("query", {"query": "sum("}, 400, "bad_data", "query"),
        ("query", {}, 400, "bad_data", "query"),
        ("query", {"query": "x", "time": "soon"}, 400, "bad_data", '"time"'),
        ("query", {"query": "x", "stats": "all"}, 400, "bad_data", "stats"),
        ("query", {"query": "sort(x)"}, 422, "execution", "sort()"),
        ("query", {"query": "busy + on () busy"}, 422, "execution", "many-to-many"),
        ("query_range", SPAN, 400, "bad_data", "11,000"),
        ("series", {}, 400, "bad_data", "match[]"),
        ("series", {"match[]": "rate(x[5m])"}, 400, "bad_data", "match[]"),
        ("rules", {"type": "x"}, 400, "bad_data", "type"),
        ("targets", {}, 404, "not_found", "/api/v1/targets is not served"),
    ],
)
def test_an_error_has_the_name_that_clients_know(
    client: Client,
    path: str,
    parameters: dict[str, str],
    status: int,
    kind: str,
    complaint: str,
) -> None:
    """Retry or tell the person: the client decides by these names."""
    answer = client.get(f"/api/v1/{path}", params=parameters)

    body = answer.json()
    assert (answer.status_code, body["status"], body["errorType"]) == (status, "error", kind)
    assert complaint in body["error"]


def test_alerts_and_rules_show_their_state(
    client: Client, groups: RuleGroups, start: datetime
) -> None:
    """People compare the page with what rang."""
    groups.evaluate(start + NOW)

    alerts = client.get("/api/v1/alerts").json()["data"]["alerts"]
    rules = client.get("/api/v1/rules").json()["data"]["groups"][0]["rules"]

    assert alerts[0] == {
        "labels": {"alertname": "Busy", "pod": "b", "severity": "warning"},
        "annotations": {},
        "state": "firing",
        "activeAt": "2026-01-05T08:01:00Z",
        "value": "9.5e-01",
    }
    assert [(each["type"], each["name"], each.get("state")) for each in rules] == [
        ("recording", "pod:busy", None),
        ("alerting", "Busy", "firing"),
        ("alerting", "Slow", "pending"),
    ]
    assert [each["health"] for each in rules] == ["ok"] * 3


def test_it_says_what_it_is(client: Client) -> None:
    """A client that adapts to the version must get one, and a person must not be fooled."""
    built = client.get("/api/v1/status/buildinfo").json()["data"]

    assert (built["version"], built["revision"]) == ("3.15.0", "stand-in")
    assert client.get("/-/ready").text == "Prometheus Server is Ready.\n"
    assert client.get("/").text == "Prometheus stand-in.\n"


@pytest.mark.parametrize("path", ["/api/v1/query?query=1", "/-/ready"])
def test_it_can_be_unavailable(client: Client, faults: Faults, path: str) -> None:
    """Prometheus away is `cannot tell`, never `healthy`."""
    faults.down = Down.UNAVAILABLE
    assert client.get(path).status_code == 503

    faults.clear()
    assert client.get(path).status_code == 200


def test_it_can_close_the_connection(client: Client, faults: Faults) -> None:
    """A killed Prometheus says nothing at all."""
    faults.down = Down.CLOSED

    with pytest.raises(ConnectionResetError):
        client.get("/api/v1/query", params={"query": "1"})


def test_a_slow_answer_runs_into_the_timeout_of_the_query(client: Client, faults: Faults) -> None:
    """The client asked for an answer within a time; late is as good as none."""
    faults.slow = timedelta(hours=1)

    answer = client.get("/api/v1/query", params={"query": "1", "timeout": "10ms"})

    assert (answer.status_code, answer.json()["errorType"]) == (503, "timeout")


def test_it_can_find_nothing(client: Client, faults: Faults) -> None:
    """No data must never read as zero."""
    faults.empty = True

    assert client.get("/api/v1/query", params={"query": "busy"}).json()["data"]["result"] == []
    assert client.get("/api/v1/label/pod/values").json()["data"] == []


def test_warnings_stand_beside_the_answer(client: Client, faults: Faults) -> None:
    """A client that drops them shows half of the pods as all of them."""
    faults.warnings = ("half of the pods are not scraped",)

    answer = client.get("/api/v1/query", params={"query": "1"}).json()

    assert (answer["status"], answer["warnings"]) == ("success", list(faults.warnings))
