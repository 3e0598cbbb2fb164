"""The whole world over HTTP: it steps, rings, resets and refuses."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import pytest
import requests

from drills.installation import DECODE_DEPLOYMENT, NAMESPACE
from drills.world import World

MINUTE = 60
STORY = "VLLMPreemptionsHigh"


class Receiver(Protocol):
    """What the receiver of conftest knows."""

    url: str
    got: list[dict[str, object]]
    tokens: set[str]
    statuses: list[int]

    def about(self, alert: str) -> list[tuple[str, str]]:
        """Return who told what about an alert."""


Post = Callable[..., requests.Response]


def scale(http: requests.Session, world: World, replicas: int) -> None:
    """Scale the decode pool as any client of the Kubernetes API does."""
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{DECODE_DEPLOYMENT}/scale"
    answer = http.request(
        "PATCH",
        world.addresses.kubernetes + path,
        json={"spec": {"replicas": replicas}},
        headers={"Content-Type": "application/merge-patch+json"},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text


def test_a_step_returns_when_the_desk_was_told(
    world: World, receiver: Receiver, http: requests.Session
) -> None:
    """The story from the first alert to its end, both Alertmanagers telling each part once."""
    both = sorted(world.addresses.alertmanagers)

    world.advance(10 * MINUTE)
    fired = receiver.about(STORY)
    scale(http, world, 6)
    world.advance(20 * MINUTE)
    ended = receiver.about(STORY)[len(fired) :]

    assert sorted(fired) == [(url, "firing") for url in both]
    assert sorted(ended) == [(url, "resolved") for url in both]
    assert receiver.tokens == {"Bearer let-me-in"}


def test_with_gossip_one_of_the_two_tells(world: World, receiver: Receiver, post: Post) -> None:
    """A healthy pair does not double."""
    assert post("/faults", {"gossip": True}).status_code == 200

    world.advance(12 * MINUTE)

    assert receiver.about(STORY) == [(world.addresses.alertmanagers[0], "firing")]


def test_what_the_desk_could_not_take_comes_again(world: World, receiver: Receiver) -> None:
    """A 503 is no answer: the same notification is repeated until it is taken."""
    receiver.statuses = [503, 503]

    world.advance(3 * MINUTE)

    told = receiver.about("Watchdog")
    assert {url for url, _ in told} == set(world.addresses.alertmanagers)
    assert len(told) == 4


def test_a_receiver_that_is_named_later_is_told_what_still_fires(
    world: World, receiver: Receiver, post: Post
) -> None:
    """The desk starts after the world, and must not miss what began before it."""
    post("/faults", {"webhook": {"url": "http://127.0.0.1:9/nobody", "token": ""}})
    world.advance(10 * MINUTE)
    assert receiver.got == []

    post("/faults", {"webhook": {"url": receiver.url, "token": "let-me-in"}})
    world.advance(2 * MINUTE)

    assert {status for _, status in receiver.about(STORY)} == {"firing"}
    assert len(receiver.about(STORY)) == 2


def test_a_scaled_pool_loads_and_then_serves(
    world: World, post: Post, http: requests.Session
) -> None:
    """New pods are there at once, and engines only after the model is loaded."""
    scale(http, world, 6)

    post("/clock/advance", {"seconds": 30})
    loading = http.get(world.addresses.control + "/state", timeout=10).json()
    post("/clock/advance", {"seconds": 120})
    serving = http.get(world.addresses.control + "/state", timeout=10).json()

    assert (loading["replicas"], len(loading["decode"])) == (6, 4)
    assert (serving["replicas"], len(serving["decode"])) == (6, 6)


def test_a_world_begins_again_at_the_same_addresses(
    world: World, post: Post, http: requests.Session
) -> None:
    """The crash suite needs the same world hundreds of times."""
    state = world.addresses.control + "/state"
    first = http.get(state, timeout=10).json()
    post("/clock/advance", {"seconds": 5 * MINUTE})
    later = http.get(state, timeout=10).json()
    scale(http, world, 6)
    post("/faults", {"put": [{"kind": "prometheus_gone"}]})

    begun = time.monotonic()
    post("/reset")
    took = time.monotonic() - begun

    assert took < 2
    assert http.get(state, timeout=10).json() == first
    post("/clock/advance", {"seconds": 5 * MINUTE})
    assert http.get(state, timeout=10).json() == later


@pytest.mark.parametrize("kind", ["prometheus_gone", "prometheus_unreachable"])
def test_prometheus_does_not_answer_while_the_fault_stands(
    world: World, post: Post, http: requests.Session, kind: str
) -> None:
    """Not an error in JSON: no answer at all, as when its pod is away."""
    query = world.addresses.prometheus + "/api/v1/query"
    post("/faults", {"put": [{"kind": kind}]})
    post("/clock/advance", {"seconds": MINUTE})
    with pytest.raises(requests.ConnectionError):
        http.get(query, params={"query": "up"}, timeout=5)

    post("/faults", {"clear": [kind]})
    post("/clock/advance", {"seconds": MINUTE})

    answer = http.get(query, params={"query": "sum(up)"}, timeout=5).json()
    assert answer["data"]["result"][0]["value"][1] == "7"


def test_a_prometheus_out_of_reach_still_rings(
    world: World, receiver: Receiver, post: Post
) -> None:
    """Only the desk's queries fail; its alerts do not end by themselves."""
    post("/faults", {"put": [{"kind": "prometheus_unreachable"}]})

    world.advance(16 * MINUTE)

    assert {status for _, status in receiver.about(STORY)} == {"firing"}


def test_alerts_end_by_themselves_when_prometheus_is_gone(
    world: World, receiver: Receiver, post: Post
) -> None:
    """As in life: nobody repeats them, so the Alertmanagers call them resolved."""
    world.advance(10 * MINUTE)
    post("/faults", {"put": [{"kind": "prometheus_gone"}]})

    world.advance(6 * MINUTE)
    before = sum(each["preemptions"] for each in world.state()["decode"].values())
    world.advance(MINUTE)
    after = sum(each["preemptions"] for each in world.state()["decode"].values())

    assert [status for _, status in receiver.about(STORY)][-2:] == ["resolved", "resolved"]
    assert after > before


def test_real_alertmanagers_can_be_rung_instead(receiver: Receiver) -> None:
    """What fires is posted without an end: real time would long have passed it."""
    real = receiver.url.removesuffix("/webhooks/alertmanager")
    world = World(alertmanagers=[real])
    world.start()

    world.advance(MINUTE)
    world.stop()

    posted = [alert for body in receiver.got for alert in body]
    assert world.addresses.alertmanagers == (real,)
    assert {alert["labels"]["alertname"] for alert in posted} == {"Watchdog"}
    assert all("endsAt" not in alert for alert in posted)


def test_a_world_with_a_rate_goes_on_by_itself(world: World, post: Post) -> None:
    """The demo watches; nobody steps."""
    before = world.clock.now()
    assert post("/clock/rate", {"rate": 600}).json()["rate"] == 600

    # Real time has to pass here: it is what is tested.
    deadline = time.monotonic() + 10
    while world.clock.now() < before + timedelta(minutes=1):
        assert time.monotonic() < deadline
    post("/clock/rate", {"rate": 0})

    assert world.clock.rate == 0
    assert world.state()["time"] > before.isoformat()


def test_the_clock_says_time_and_rate(world: World, http: requests.Session, post: Post) -> None:
    """RFC 3339 with a zone: the desk reads its own time from here."""
    before = http.get(world.addresses.control + "/clock", timeout=10).json()

    after = post("/clock/advance", {"seconds": 90}).json()

    passed = datetime.fromisoformat(after["time"]) - datetime.fromisoformat(before["time"])
    assert (passed, after["rate"]) == (timedelta(seconds=90), 0)
    assert after["time"].endswith("+00:00")


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        pytest.param("/clock/advance", {}, "seconds must be a number", id="no-seconds"),
        pytest.param("/clock/advance", {"seconds": -1}, "from 0", id="backwards"),
        pytest.param("/clock/advance", {"seconds": 1e9}, "from 0", id="too-far"),
        pytest.param("/clock/advance", {"minutes": 1}, "unknown field 'minutes'", id="field"),
        pytest.param("/clock/rate", {"rate": "fast"}, "rate must be a number", id="text"),
        pytest.param("/clock/rate", [], "must be a JSON object", id="list"),
        pytest.param("/faults", {"put": [{"kind": "fire"}]}, "unknown fault 'fire'", id="kind"),
        pytest.param("/faults", {"put": ["fire"]}, "must be an object", id="no-object"),
        pytest.param("/faults", {"put": {}}, "put must be a list", id="no-list"),
        pytest.param("/faults", {"clear": ["fire"]}, "unknown fault 'fire'", id="clear"),
        pytest.param("/faults", {"gossip": 1}, "true or false", id="truth"),
        pytest.param("/faults", {"webhook": {"url": "x"}}, "token must be a text", id="token"),
        pytest.param("/faults", {"webhook": "x"}, "object with url and token", id="webhook"),
        pytest.param("/reset", {"story": "rain"}, "unknown story 'rain'", id="story"),
        pytest.param("/stop", {"now": True}, "unknown field 'now'", id="stop"),
    ],
)
def test_a_wrong_request_is_refused_and_changes_nothing(
    served: World, http: requests.Session, path: str, body: object, complaint: str
) -> None:
    """A drill with a typing error in it must fail loudly, not run without its fault."""
    served.advance(0)  # what became due while an earlier test let the clock run has happened
    before = served.state()

    answer = http.post(served.addresses.control + path, json=body, timeout=10)

    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
    assert served.state() == before
    assert not served.ended.is_set()
