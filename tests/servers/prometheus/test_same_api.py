"""The stand-in and Debian's Prometheus 2.42 give the same JSON and the same kinds of errors."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import requests
from starlette.applications import Starlette

from drills.prometheus import app
from drills.prometheus.rules import RuleGroups
from drills.prometheus.store import Store
from drills.prometheus.windows import Release

pytestmark = pytest.mark.server

Parameters = Mapping[str, str | list[str]]

AT = "2026-01-05T10:17:07.25Z"
START, END = "1767607200", "2026-01-05T10:05:00+00:00"
SPAN = {"query": "time() / 3", "start": START, "end": END, "step": "1m"}


@pytest.fixture(scope="module")
def served(store: Store) -> Starlette:
    now = datetime(2026, 1, 5, 11, tzinfo=UTC)
    groups = RuleGroups(store, (), release=Release.V2)
    return app.build(store, groups, lambda: now, release=Release.V2)


@pytest.mark.parametrize(
    ("method", "path", "parameters"),
    [
        ("GET", "query", {"query": "1e-7 + 0 * time()", "time": AT}),
        ("GET", "query", {"query": "1e21", "time": AT}),
        ("GET", "query", {"query": "vector(1e-7)", "time": AT}),
        ("GET", "query", {"query": "vector(-1.5e21)", "time": AT}),
        ("GET", "query", {"query": "100000000000000000000", "time": AT}),
        ("GET", "query", {"query": "vector(1/3)", "time": "1767607200.123"}),
        ("POST", "query", {"query": 'stepping{pod="decode-0"}', "time": AT}),
        ("GET", "query", {"query": '"text"', "time": AT}),
        ("GET", "query", {"query": 'stepping{pod="decode-0"}[45s]', "time": AT}),
        ("GET", "query", {"query": "odd", "time": "1767607200"}),
        ("POST", "query", {"query": "-Inf", "time": AT, "timeout": "5s"}),
        ("GET", "query_range", SPAN),
        ("POST", "query_range", SPAN | {"query": "stepping"}),
        ("GET", "labels", {}),
        ("POST", "labels", {"match[]": ["odd", "other"]}),
        ("GET", "label/pod/values", {}),
        ("GET", "label/zone/values", {"match[]": "gauge"}),
        ("GET", "label/__name__/values", {"match[]": '{__name__=~"vllm:.*"}'}),
        ("GET", "series", {"match[]": ["constant", 'odd{pod="decode-1"}']}),
        ("GET", "metadata", {}),
        ("GET", "alerts", {}),
        ("GET", "rules", {}),
    ],
)
def test_an_answer_is_the_same_json(
    server: str, served: Starlette, method: str, path: str, parameters: Parameters
) -> None:
    """The clients of the desk read these bytes."""
    theirs, ours = both(server, served, method, path, parameters)

    assert (ours.status_code, sorted_data(ours.json())) == (
        theirs.status_code,
        sorted_data(theirs.json()),
    )


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("query", {"query": "sum("}),
        ("query", {"query": ""}),
        ("query", {"query": "1", "time": "soon"}),
        ("query", {"query": "1", "timeout": "long"}),
        ("query", {"query": "gauge + on (role) other", "time": AT}),
        ("query_range", SPAN | {"end": "1"}),
        ("query_range", SPAN | {"step": "0"}),
        ("query_range", SPAN | {"step": "10ms"}),
        ("query_range", SPAN | {"query": "gauge[5m]"}),
        ("query_range", {"query": "1"}),
        ("series", {}),
        ("series", {"match[]": "rate("}),
        ("rules", {"type": "nope"}),
    ],
)
def test_an_error_is_of_the_same_kind(
    server: str, served: Starlette, path: str, parameters: Parameters
) -> None:
    """Whether to try again is decided by status and errorType."""
    theirs, ours = both(server, served, "GET", path, parameters)

    assert (ours.status_code, ours.json()["errorType"]) == (
        theirs.status_code,
        theirs.json()["errorType"],
    )


def both(
    server: str, served: Starlette, method: str, path: str, parameters: Parameters
) -> tuple[requests.Response, httpx.Response]:
    """Ask both, as a form when it is a POST."""
    where = "data" if method == "POST" else "params"
    theirs = requests.request(
        method,
        f"{server}/api/v1/{path}",
        timeout=timedelta(seconds=20).total_seconds(),
        data=parameters if where == "data" else None,
        params=parameters if where == "params" else None,
    )
    request = httpx.Request(
        method,
        f"{server}/api/v1/{path}",
        data=parameters if where == "data" else None,
        params=parameters if where == "params" else None,
    )
    return theirs, asyncio.run(answered(served, request))


async def answered(served: Starlette, request: httpx.Request) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served)) as client:
        return await client.send(request)


def sorted_data(body: dict[str, object]) -> dict[str, object]:
    """Put elements in one order: neither promises any."""
    data = body.get("data")
    if isinstance(data, dict) and isinstance(data.get("result"), list):
        result: Iterable[object] = data["result"]
        return {**body, "data": {**data, "result": sorted(result, key=repr)}}
    return {**body, "data": sorted(data, key=repr) if isinstance(data, list) else data}
