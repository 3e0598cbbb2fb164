"""The Kubernetes client asks once, and says of a write whether it may have happened."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import pytest

from cluster.clients import kinds
from cluster.clients.access import Direct, InCluster, Kubeconfig
from cluster.clients.bounded import Limits
from cluster.clients.kubernetes import KubernetesClient
from cluster.clients.objects import OwnerReference
from cluster.clients.refusals import Forbidden, Missing
from cluster.clients.things import Patch, Removal, Write
from incidents.errors import Conflict, NotDone, Rejected, TriagedError, Unavailable

Opened = Callable[[KubernetesClient], KubernetesClient]

DECODE = OwnerReference(kind="Deployment", name="decode", uid="u-1", api_version="apps/v1")
SCALING = Write(
    namespace="llm-d",
    reference=DECODE,
    resource_version="7",
    change={"spec": {"replicas": 6}},
    subresource="scale",
    manager="triaged/k",
)
EVICTED = Removal(namespace="llm-d", name="decode-1", uid="u-2")
WRITES: dict[str, tuple[Callable[[KubernetesClient], object], str]] = {
    "scale": (lambda client: client.write(SCALING), "scale Deployment llm-d/decode"),
    "change": (
        lambda client: client.write(replace(SCALING, subresource="")),
        "change Deployment llm-d/decode",
    ),
    "evict": (lambda client: client.evict(EVICTED), "evict Pod llm-d/decode-1"),
    "delete": (lambda client: client.delete(EVICTED), "delete Pod llm-d/decode-1"),
}
SCALE = {"kind": "Scale", "metadata": {"resourceVersion": "8"}, "spec": {"replicas": 6}}
UNKNOWN = "it is not known whether the write took place"


class Handler(Protocol):
    """What a behaviour may do with a request."""

    def answer(self, status: int, body: object = b"", **headers: str) -> None: ...
    def cut(self) -> None: ...
    def hang(self) -> None: ...
    def drip(self) -> None: ...


class Faulty(Protocol):
    """The faulty server."""

    address: str
    behave: Callable[[Handler], None]
    asked: list[tuple[str, str, dict[str, str], bytes]]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Return a function that notes a client, to be closed after the test."""
    with ExitStack() as stack:

        def note(client: KubernetesClient) -> KubernetesClient:
            return stack.enter_context(closing(client))

        yield note


@pytest.fixture
def client(faulty: Faulty, limits: Limits, opened: Opened) -> KubernetesClient:
    return opened(KubernetesClient(Direct(address=faulty.address), limits=limits))


def status(code: int, message: str) -> Callable[[Handler], None]:
    told = {"kind": "Status", "status": "Failure", "message": message, "code": code}
    return lambda request: request.answer(code, told, Retry_After="0")


def test_a_write_is_one_merge_patch_with_its_preconditions(
    client: KubernetesClient, faulty: Faulty
) -> None:
    """A stale picture is refused by the server; the manager is our mark."""
    faulty.behave = lambda request: request.answer(200, SCALE)

    scale = client.write(SCALING)

    assert (scale.resource_version, scale.body["spec"]) == ("8", {"replicas": 6})

    ((method, path, headers, body),) = faulty.asked
    assert method == "PATCH"
    assert path == (
        "/apis/apps/v1/namespaces/llm-d/deployments/decode/scale?fieldManager=triaged/k"
    )
    assert headers["content-type"] == "application/merge-patch+json"
    assert headers["user-agent"] == f"triaged/{version('triaged')}"
    assert json.loads(body) == {
        "metadata": {"uid": "u-1", "resourceVersion": "7"},
        "spec": {"replicas": 6},
    }


def test_operations_carry_the_same_preconditions(client: KubernetesClient, faulty: Faulty) -> None:
    """A `test` that fails would be an invalid request, and nobody would plan again."""
    faulty.behave = lambda request: request.answer(200, {"kind": "Deployment"})
    operation = {"op": "replace", "path": "/spec/template", "value": {"spec": {}}}

    client.write(replace(SCALING, change=[operation], patch=Patch.JSON, subresource=""))

    ((method, path, headers, body),) = faulty.asked
    assert (method, headers["content-type"]) == ("PATCH", "application/json-patch+json")
    assert path == "/apis/apps/v1/namespaces/llm-d/deployments/decode?fieldManager=triaged/k"
    assert json.loads(body) == [
        {"op": "replace", "path": "/metadata/uid", "value": "u-1"},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        operation,
    ]


def test_what_a_change_says_of_metadata_stays_beside_the_preconditions(
    client: KubernetesClient, faulty: Faulty
) -> None:
    """An annotation is our mark; a resourceVersion of the caller's would be no precondition."""
    faulty.behave = lambda request: request.answer(200, {"kind": "Deployment"})
    meta = {"annotations": {"triaged.dev/run": "k"}, "resourceVersion": "1"}

    client.write(replace(SCALING, change={"metadata": meta}, subresource=""))

    sent = json.loads(faulty.asked[0][3])["metadata"]
    assert sent == {
        "annotations": {"triaged.dev/run": "k"},
        "uid": "u-1",
        "resourceVersion": "7",
    }


@pytest.mark.parametrize(
    ("ask", "method", "path", "options"),
    [
        pytest.param(
            lambda client: client.evict(EVICTED),
            "POST",
            "/api/v1/namespaces/llm-d/pods/decode-1/eviction",
            lambda body: body["deleteOptions"],
            id="evict",
        ),
        pytest.param(
            lambda client: client.delete(replace(EVICTED, dry_run=True)),
            "DELETE",
            "/api/v1/namespaces/llm-d/pods/decode-1?dryRun=All",
            lambda body: body,
            id="delete",
        ),
    ],
)
def test_a_pod_goes_by_its_uid(
    client: KubernetesClient,
    faulty: Faulty,
    ask: Callable[[KubernetesClient], None],
    method: str,
    path: str,
    options: Callable[[dict[str, object]], dict[str, object]],
) -> None:
    """A new pod of the same name is not the one that somebody looked at."""
    faulty.behave = lambda request: request.answer(201, {"kind": "Status"})

    ask(client)

    ((sent, asked, _, body),) = faulty.asked
    assert (sent, asked) == (method, path)
    assert options(json.loads(body))["preconditions"] == {"uid": "u-2"}


def test_any_object_is_read_where_its_kind_stands(client: KubernetesClient, faulty: Faulty) -> None:
    """Kinds without namespaces have another path; a kind that is not there has no objects."""
    node = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "gpu-1", "uid": "u-3"}}
    faulty.behave = lambda request: request.answer(200, node)
    reference = OwnerReference(kind="Node", name="gpu-1", api_version="v1")

    assert client.thing("", reference).itself == replace(reference, uid="u-3", controller=True)
    faulty.behave = lambda request: request.answer(200, {"items": [node]})
    (listed,) = client.things("", kinds.NODE, selector="gpu=h100")
    assert str(listed) == "Node gpu-1"
    faulty.behave = status(404, "the server could not find the requested resource")
    assert client.things("llm-d", kinds.SCALED_OBJECT) == []

    assert [path.partition("?")[0] for _, path, _, _ in faulty.asked] == [
        "/api/v1/nodes/gpu-1",
        "/api/v1/nodes",
        "/apis/keda.sh/v1alpha1/namespaces/llm-d/scaledobjects",
    ]
    with pytest.raises(Rejected, match="Node llm-d/gpu-1: not a kind that can be read"):
        client.thing("llm-d", reference)


FAULTS: dict[str, tuple[Callable[[Handler], None], type[TriagedError], str]] = {
    "400": (status(400, "no"), Rejected, ": no"),
    "401": (status(401, "Unauthorized"), Rejected, "does not accept our token"),
    "403": (status(403, "x cannot patch"), Forbidden, "no permission: x cannot patch"),
    "denied": (
        status(403, 'admission webhook "v" denied the request: too big'),
        Rejected,
        '[a-z0-9]: admission webhook "v" denied the request: too big',
    ),
    "404": (status(404, "not found"), Missing, ": gone: not found"),
    "409": (status(409, "modified"), Conflict, "modified"),
    "422": (status(422, "invalid"), Rejected, "invalid"),
    "429": (status(429, "slow down"), NotDone, "slow down"),
    "500": (status(500, "etcd"), Unavailable, UNKNOWN),
    "503": (status(503, "away"), Unavailable, UNKNOWN),
    "504": (status(504, "timeout"), Unavailable, UNKNOWN),
    "redirect": (lambda x: x.answer(307, b"", Location="/x"), Rejected, "HTTP 307"),
    "page": (lambda x: x.answer(502, b"<html>secret"), Unavailable, "HTTP 502; it is not known"),
    "no-json": (lambda x: x.answer(200, b"<html>"), Unavailable, UNKNOWN),
    "other-json": (lambda x: x.answer(200, [1]), Unavailable, UNKNOWN),
    "cut": (lambda x: x.cut(), Unavailable, UNKNOWN),
    "short": (lambda x: x.answer(200, b"{}", Content_Length="9000"), Unavailable, UNKNOWN),
    "too-large": (lambda x: x.answer(200, b" " * 20_000), Unavailable, UNKNOWN),
    "hang": (lambda x: x.hang(), Unavailable, UNKNOWN),
    "drip": (lambda x: x.drip(), Unavailable, UNKNOWN),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", WRITES)
def test_every_fault_of_a_write_is_one_request_and_an_outcome(
    client: KubernetesClient, faulty: Faulty, fault: str, write: str
) -> None:
    """The official client sends a write up to four times when it is left alone."""
    faulty.behave, kind, told = FAULTS[fault]
    ask, what = WRITES[write]
    began = time.monotonic()

    with pytest.raises(TriagedError, match=told) as raised:
        ask(client)

    assert type(raised.value) is kind
    assert str(raised.value).startswith(what)
    assert len(faulty.asked) == 1
    assert "secret" not in str(raised.value)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - {"409", "429", "cut"}))
def test_a_fault_of_a_read_that_stays_is_one_request(
    client: KubernetesClient, faulty: Faulty, fault: str
) -> None:
    """Asking again would only make a busy server busier; nothing is unknown about a read."""
    faulty.behave, kind, _ = FAULTS[fault]

    with pytest.raises(TriagedError) as raised:
        client.deployment("llm-d", "decode")

    assert type(raised.value) is (kind if issubclass(kind, Rejected) else Unavailable)
    assert "write" not in str(raised.value)
    assert len(faulty.asked) == 1


def broken_off(request: Handler) -> None:
    """Promise more than is sent, and go."""
    request.answer(200, b"{", Content_Length="9000")
    request.cut()


@pytest.mark.parametrize(
    "behave",
    [pytest.param(FAULTS["cut"][0], id="before"), pytest.param(broken_off, id="in-the-body")],
)
def test_a_read_that_was_cut_is_asked_once_more(
    client: KubernetesClient, faulty: Faulty, behave: Callable[[Handler], None]
) -> None:
    """A rolling restart of the API server cuts lines; one that always cuts is away."""
    faulty.behave = behave

    with pytest.raises(Unavailable, match="the connection broke"):
        client.pods("llm-d", "llm-d.ai/role")

    assert len(faulty.asked) == 2


def put_off(seconds: str) -> Callable[[Handler], None]:
    told = {"kind": "Status", "status": "Failure", "message": "slow down", "code": 429}
    return lambda request: request.answer(429, told, Retry_After=seconds)


def test_a_read_that_is_put_off_waits_as_long_as_it_is_told(faulty: Faulty, opened: Opened) -> None:
    """Priority and fairness says when there will be room."""
    paused: list[float] = []
    client = opened(KubernetesClient(Direct(address=faulty.address), pause=paused.append))
    answers = [put_off("3"), put_off("2"), lambda request: request.answer(200, {"items": []})]

    def next_answer(request: Handler) -> None:
        answers.pop(0)(request)

    faulty.behave = next_answer

    assert client.pods("llm-d", "") == []

    assert paused == [3, 2]
    assert len(faulty.asked) == 3


@pytest.mark.parametrize(
    ("seconds", "asked"),
    [
        pytest.param("11", 1, id="longer-than-the-deadline"),
        pytest.param("", 1, id="without-a-time"),
        pytest.param("Fri, 31 Dec 2027 23:59:59 GMT", 1, id="a-date"),
        pytest.param("0", 6, id="for-ever"),
    ],
)
def test_a_read_that_is_put_off_too_long_is_unavailable(
    faulty: Faulty, opened: Opened, seconds: str, asked: int
) -> None:
    """Whoever waits for it has a deadline of ten seconds."""
    paused: list[float] = []
    client = opened(KubernetesClient(Direct(address=faulty.address), pause=paused.append))
    faulty.behave = put_off(seconds)

    with pytest.raises(Unavailable, match="slow down"):
        client.pods("llm-d", "")

    assert len(faulty.asked) == asked
    assert len(paused) == asked - 1


def test_a_dry_run_leaves_nothing_unknown(client: KubernetesClient, faulty: Faulty) -> None:
    """It changes nothing whatever happens to the answer."""
    faulty.behave = lambda request: request.cut()

    with pytest.raises(Unavailable) as raised:
        client.write(replace(SCALING, dry_run=True))

    assert UNKNOWN not in str(raised.value)
    assert faulty.asked[0][1].endswith("?dryRun=All&fieldManager=triaged/k")


def test_a_write_that_found_nobody_certainly_did_nothing(
    nobody: str, limits: Limits, opened: Opened
) -> None:
    """Then it may simply be tried later."""
    client = opened(KubernetesClient(Direct(address=nobody), limits=limits))

    with pytest.raises(NotDone, match="scale Deployment llm-d/decode: the API server cannot be"):
        client.write(SCALING)
    with pytest.raises(Unavailable, match="Deployment llm-d/decode: the API server cannot be"):
        client.deployment("llm-d", "decode")


def test_who_speaks_no_tls_is_not_trusted(faulty: Faulty, limits: Limits, opened: Opened) -> None:
    """Verification is never switched off; what is wrong is said."""
    address = faulty.address.replace("http:", "https:")
    client = opened(KubernetesClient(Direct(address=address), limits=limits))

    with pytest.raises(Unavailable, match="SSLError"):
        client.deployment("llm-d", "decode")

    assert faulty.asked == []


def test_the_token_is_read_for_every_request(
    faulty: Faulty, limits: Limits, tmp_path: Path, opened: Opened
) -> None:
    """Bound service account tokens rotate."""
    token = tmp_path / "token"
    token.write_text("first\n")
    client = opened(
        KubernetesClient(Direct(address=faulty.address, token_file=token), limits=limits)
    )
    faulty.behave = lambda request: request.answer(200, {"items": []})
    assert client.autoscalers("llm-d") == []
    token.write_text("second")
    assert client.pods("llm-d", "") == []

    sent = [headers["authorization"] for _, _, headers, _ in faulty.asked]

    assert sent == ["Bearer first", "Bearer second"]


def test_the_environment_has_no_say(
    faulty: Faulty, nobody: str, limits: Limits, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """The official client takes proxies from the environment when it is made."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, nobody)
    faulty.behave = lambda request: request.answer(200, {"items": []})
    client = opened(KubernetesClient(Direct(address=faulty.address), limits=limits))

    assert client.autoscalers("llm-d") == []


def test_a_kubeconfig_leads_to_the_same_client(
    faulty: Faulty, limits: Limits, tmp_path: Path, opened: Opened
) -> None:
    """With its context's address and token, and still no repeats."""
    path = tmp_path / "config"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
                "clusters": [{"name": "c", "cluster": {"server": faulty.address}}],
                "users": [{"name": "u", "user": {"token": "from-file"}}],
            }
        )
    )
    client = opened(KubernetesClient(Kubeconfig(path=path), limits=limits))
    faulty.behave = lambda request: request.answer(503, b"")

    with pytest.raises(Unavailable):
        client.autoscalers("llm-d")

    assert [headers["authorization"] for _, _, headers, _ in faulty.asked] == ["Bearer from-file"]


def test_no_way_in_is_said_at_once(tmp_path: Path) -> None:
    """Starting with a wrong path must not end in a trace."""
    with pytest.raises(Rejected, match=r"kubeconfig .*missing"):
        KubernetesClient(Kubeconfig(path=tmp_path / "missing"))
    with pytest.raises(Rejected, match="service account of this pod"):
        KubernetesClient(InCluster())
