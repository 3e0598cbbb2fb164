"""What pods and `/readyz` say over HTTP, and how it is noted that they say nothing."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from cluster.clients import pod_metrics
from cluster.clients.access import Direct
from cluster.clients.bounded import Limits
from cluster.clients.kubernetes import KubernetesClient
from cluster.control_plane import Watched
from incidents.errors import Rejected, Unavailable
from incidents.policy import Degraded


class Handler(Protocol):
    """What a behaviour may do with a request."""

    def answer(self, status: int, body: object = b"", **headers: str) -> None: ...
    def cut(self) -> None: ...


class Faulty(Protocol):
    """The faulty server."""

    address: str
    behave: Callable[[Handler], None]
    asked: list[tuple[str, str, dict[str, str], bytes]]


@pytest.fixture
def client(faulty: Faulty, limits: Limits) -> Iterator[KubernetesClient]:
    with closing(KubernetesClient(Direct(address=faulty.address), limits=limits)) as made:
        yield made


def read(faulty: Faulty) -> str:
    place = urlsplit(faulty.address)
    return pod_metrics.read(place.hostname or "", place.port or 0)


def test_a_pod_is_asked_for_its_metrics_once(faulty: Faulty) -> None:
    """With nothing of ours in the request: a pod is no API server."""
    faulty.behave = lambda handler: handler.answer(200, b"vllm:num_requests_running 3\n")

    assert read(faulty) == "vllm:num_requests_running 3\n"
    ((method, path, headers, _),) = faulty.asked
    assert (method, path) == ("GET", "/metrics")
    assert "authorization" not in headers


@pytest.mark.parametrize(
    ("behave", "why"),
    [
        pytest.param(lambda one: one.answer(404), "HTTP 404", id="no-metrics"),
        pytest.param(
            lambda one: one.answer(302, b"", Location="http://169.254.169.254/"),
            "HTTP 302",
            id="sent-elsewhere",
        ),
        pytest.param(lambda one: one.cut(), "ProtocolError", id="cut"),
        pytest.param(
            lambda one: one.answer(200, b"x" * (pod_metrics.LIMITS.size + 1)),
            "the answer is larger than",
            id="endless",
        ),
    ],
)
def test_a_pod_that_says_nothing_usable_is_unavailable(
    faulty: Faulty, behave: Callable[[Handler], None], why: str
) -> None:
    """A change waits for it: it is asked once, and never followed elsewhere."""
    faulty.behave = behave

    with pytest.raises(Unavailable, match=why):
        read(faulty)
    assert len(faulty.asked) == 1


def test_readyz_that_says_no_is_trouble(faulty: Faulty, client: KubernetesClient) -> None:
    """The server's own word for it, as people see it on the card."""
    faulty.behave = lambda one: one.answer(500, b"[-]etcd failed: reason withheld")

    said = Watched(server=client).trouble()

    assert said == "/readyz: HTTP 500"
    assert [path for _, path, _, _ in faulty.asked] == ["/readyz"]


def test_readyz_that_says_yes_is_none(faulty: Faulty, client: KubernetesClient) -> None:
    """`ok` is no JSON, and no answer of another kind either."""
    faulty.behave = lambda one: one.answer(200, b"ok")

    assert Watched(server=client).trouble() is None


def test_requests_that_fail_are_noted(faulty: Faulty, client: KubernetesClient) -> None:
    """Ten requests within a minute, all of them refused with 500: nobody writes to that."""
    faulty.behave = lambda one: one.answer(500, {"message": "etcdserver: request timed out"})
    for _ in range(10):
        with pytest.raises(Unavailable):
            client.pods("llm-d", "")

    said = client.pulse.trouble(Degraded())

    assert said == "of its last 10 answers within 60 s 10 failed and 0 took longer than 5 s"


def test_a_refusal_is_no_trouble(faulty: Faulty, client: KubernetesClient) -> None:
    """Without a right the server answers as fast as ever."""
    faulty.behave = lambda one: one.answer(403, {"message": "cannot list"})
    for _ in range(10):
        with pytest.raises(Rejected):
            client.pods("llm-d", "")

    assert client.pulse.trouble(Degraded()) is None
