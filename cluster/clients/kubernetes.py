"""The Kubernetes client: the official one, within limits, its errors translated."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import Any, Final, TypeAlias, TypeVar

from kubernetes.client import ApiClient, ApiException

from cluster.clients import kinds, parse, refusals
from cluster.clients.access import Access, configuration
from cluster.clients.bounded import Limits, read_all
from cluster.clients.kinds import Kind
from cluster.clients.objects import (
    Autoscaler,
    Deployment,
    Owner,
    OwnerReference,
    Pod,
    Pool,
    Route,
    Workload,
)
from cluster.clients.pages import Query, paged
from cluster.clients.patience import Patience
from cluster.clients.pulse import Pulse, failed
from cluster.clients.refusals import Missing
from cluster.clients.things import Json, Removal, Thing, Write, preconditioned, where
from cluster.rights import EVERYWHERE, HOME, Right
from incidents.errors import Rejected, Unavailable

Made = TypeVar("Made")

# Any: the client's annotations name models; without preloading it returns urllib3's response.
Ask: TypeAlias = Callable[[], Any]

JSON: Final = "application/json"
OK: Final = range(200, 300)
APPS: Final = "/apis/apps/v1/namespaces/{namespace}"
CORE: Final = "/api/v1/namespaces/{namespace}"
POD: Final = CORE + "/pods/{name}"
AUTOSCALING: Final = "/apis/autoscaling/v2/namespaces/{namespace}"
REVIEWS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class KubernetesClient:
    """Asks one API server; implements the port of the same folder.

    The official client repeats PUT, PATCH and DELETE by itself when it is left alone; here it
    repeats nothing, and every request has its time limits. What is repeated are reads, by us, as
    `Patience` says; `pause` waits so many real seconds. How every request ended is noted in
    `pulse`, which several clients of one server may share. Its classes per API group are left out:
    they load every model there is, which costs a second and 90 MiB, and no answer becomes a model.
    """

    def __init__(
        self,
        access: Access,
        *,
        limits: Limits | None = None,
        pause: Callable[[float], None] = time.sleep,
        pulse: Pulse | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._pause = pause
        self.pulse = pulse or Pulse()
        self._api = ApiClient(configuration(access))
        self._agent = f"triaged/{version('triaged')}"
        self._api.user_agent = self._agent

    def deployment(self, namespace: str, name: str) -> Deployment:
        """Return the Deployment as it is now."""
        return self._read(
            f"Deployment {namespace}/{name}",
            lambda: self._send("GET", APPS + "/deployments/{name}", namespace=namespace, name=name),
            parse.deployment,
        )

    def owner(self, namespace: str, reference: OwnerReference) -> Owner:
        """Return the object that a reference names."""
        path = kinds.path(reference)
        if path is None:
            message = f"{reference} of {namespace}: not a kind that can be read"
            raise Rejected(message)
        return self._read(
            f"{reference.kind} {namespace}/{reference.name}",
            lambda: self._send("GET", path, namespace=namespace, name=reference.name),
            parse.owner,
        )

    def pods(self, namespace: str, selector: str) -> Sequence[Pod]:
        """Return the pods that fit the selector."""
        what = f"pods of {namespace}"
        return self._list(what, CORE + "/pods", parse.pod, namespace=namespace, selector=selector)

    def pools(self, namespace: str) -> Sequence[Pool]:
        """Return the InferencePools, of the newest version that has any."""
        for kind in kinds.POOLS:
            found = self._kind(kind, parse.pool, namespace=namespace)
            if found:
                return [replace(each, api_version=kind.api_version) for each in found]
        return []

    def routes(self, namespace: str) -> Sequence[Route]:
        """Return the HTTPRoutes."""
        return self._kind(kinds.ROUTE, parse.route, namespace=namespace)

    def workloads(self, namespace: str, kind: Kind) -> Sequence[Workload]:
        """Return the workloads of a kind."""
        return self._kind(kind, partial(parse.workload, kind=kind), namespace=namespace)

    def autoscalers(self, namespace: str) -> Sequence[Autoscaler]:
        """Return all HorizontalPodAutoscalers of the namespace."""
        what = f"HorizontalPodAutoscalers of {namespace}"
        path = AUTOSCALING + "/horizontalpodautoscalers"
        return self._list(what, path, parse.autoscaler, namespace=namespace)

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        """Return the object that a reference names."""
        what, path = where(namespace, reference), _path(namespace, reference)
        names = _names(namespace, reference.name)
        return self._read(what, lambda: self._send("GET", path, (), **names), parse.thing)

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        """Return the objects of a kind that fit a selector."""
        read = partial(parse.thing, kind=kind)
        return self._kind(kind, read, namespace=namespace, selector=selector)

    def write(self, write: Write) -> Thing:
        """Write once, with its preconditions."""
        path = _path(write.namespace, write.reference)
        return self._written(
            str(write),
            "PATCH",
            f"{path}/{write.subresource}" if write.subresource else path,
            [*_dry(write.dry_run), ("fieldManager", write.manager)],
            names=_names(write.namespace, write.reference.name),
            body=preconditioned(write),
            form=write.patch.value,
            write=not write.dry_run,
            agent=write.agent,
        )

    def create(  # as a write has
        self,
        namespace: str,
        kind: Kind,
        body: Json,
        *,
        manager: str,
        dry_run: bool = False,
        agent: str = "",
    ) -> Thing:
        """Create an object once; one of that name is a Conflict. Raises as `write` does."""
        name = parse.text(parse.section(body, "metadata"), "name")
        return self._written(
            f"create {kind} {namespace}/{name}",
            "POST",
            kinds.collection(kind),
            [*_dry(dry_run), ("fieldManager", manager)],
            names={"namespace": namespace},
            body=body,
            write=not dry_run,
            agent=agent,
        )

    def evict(self, removal: Removal) -> None:
        """Ask once that a pod goes."""
        self._written(
            f"evict {removal}",
            "POST",
            POD + "/eviction",
            _dry(removal.dry_run),
            names=_names(removal.namespace, removal.name),
            body={
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": removal.name, "namespace": removal.namespace},
                "deleteOptions": _options(removal),
            },
            write=not removal.dry_run,
            agent=removal.agent,
        )

    def delete(self, removal: Removal) -> None:
        """Delete a pod once."""
        self._written(
            f"delete {removal}",
            "DELETE",
            POD,
            _dry(removal.dry_run),
            names=_names(removal.namespace, removal.name),
            body={"apiVersion": "v1", "kind": "DeleteOptions", **_options(removal)},
            write=not removal.dry_run,
            agent=removal.agent,
        )

    def log(
        self, namespace: str, pod: str, container: str, *, previous: bool, lines: int, size: int
    ) -> str:
        """Return the end of a container's log: of its last `lines` the last `size` bytes."""
        # The kubelet counts limitBytes from the first of these lines: the newest must not be cut.
        query = [
            ("container", container),
            ("tailLines", str(lines)),
            ("limitBytes", str(8 * size)),
            ("timestamps", "true"),
            *([("previous", "true")] if previous else []),
        ]
        send = partial(
            self._send, "GET", POD + "/log", query, accept="*/*", namespace=namespace, name=pod
        )
        read = self._told(f"log of {container} of Pod {namespace}/{pod}", partial(self._text, send))
        return read[-size:].decode(errors="replace")

    def ready(self) -> None:
        """Ask `/readyz`; raises Unavailable where it says no, Rejected for who may not ask."""
        send = partial(self._send, "GET", "/readyz", (), accept="*/*")
        self._told("/readyz", partial(self._text, send))

    def allowed(self, right: Right, *, namespace: str, name: str = "") -> bool:
        """Tell whether we may; asking this changes nothing, and needs no right."""
        asked = _asked(right, namespace, name)
        return self._read(
            f"whether we may {right}",
            lambda: self._send("POST", REVIEWS, (), body=asked),
            parse.allowed,
        )

    def close(self) -> None:
        """Close the connections."""
        self._api.close()  # type: ignore[no-untyped-call]  # the client's own

    def _send(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        body: object = None,
        form: str = JSON,
        accept: str = JSON,
        agent: str = "",
        **names: str,
    ) -> Any:  # Any: urllib3's response; the client's annotations do not say so
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = form
        request = self._api.param_serialize(
            method=method,
            resource_path=path,
            path_params=names,
            query_params=list(query),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        if agent:
            # The client puts its own headers over those that it is given.
            request[2]["User-Agent"] = f"{self._agent} {agent}"
        timeout = self._limits.timeout
        ask = partial(self._api.call_api, *request, _request_timeout=timeout)
        answer = self._noted(ask, path)
        if answer.status not in OK:
            answer.read()
            raise ApiException.from_response(http_resp=answer, body=None, data=None)
        return answer.response

    def _noted(self, ask: Ask, path: str) -> Any:  # Any: see `_send`
        """Return the answer to one request, and note how it ended."""
        started, wrong = time.monotonic(), True
        try:
            answer = ask()
            wrong = failed(answer.status, path)
        finally:
            self.pulse.note(seconds=time.monotonic() - started, failed=wrong)
        return answer

    def _text(self, ask: Ask) -> bytes:
        return read_all(ask(), started=time.monotonic(), limits=self._limits)

    def _read(self, what: str, ask: Ask, read: Callable[[Json], Made]) -> Made:
        patience = self._patience()
        return self._told(
            what,
            lambda: read(patience.read(lambda: self._body(ask, started=patience.started))),
        )

    def _written(  # noqa: PLR0913  # a request has so many parts
        self,
        what: str,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        *,
        names: Mapping[str, str],
        body: object,
        form: str = JSON,
        write: bool,
        agent: str = "",
    ) -> Thing:
        """Ask once for a change, and return what the API server says that there is now."""
        send = partial(self._send, method, path, query, body=body, form=form, agent=agent, **names)
        return self._told(
            what,
            lambda: parse.thing(self._body(send, started=time.monotonic())),
            write=write,
        )

    def _kind(
        self,
        kind: Kind,
        read: Callable[[Json], Made],
        *,
        namespace: str,
        selector: str = "",
    ) -> Sequence[Made]:
        """Return the objects of a kind that may not be installed, which is a normal state."""
        what = f"{kind}s of {namespace}" if kind.namespaced else f"{kind}s"
        try:
            return self._list(
                what, kinds.collection(kind), read, namespace=namespace, selector=selector
            )
        except Missing:
            return []

    def _list(
        self,
        what: str,
        path: str,
        read: Callable[[Json], Made],
        *,
        namespace: str,
        selector: str = "",
    ) -> Sequence[Made]:
        chosen = [("labelSelector", selector)] if selector else []

        def page(query: Query) -> Json:
            send = partial(self._send, "GET", path, [*chosen, *query])
            ask = partial(send, namespace=namespace) if namespace else send
            return patience.read(lambda: self._body(ask, started=patience.started))

        patience = self._patience()
        return self._told(what, lambda: paged(page, read, what=what, limits=self._limits))

    def _patience(self) -> Patience:
        return Patience(started=time.monotonic(), limits=self._limits, pause=self._pause)

    def _body(self, ask: Ask, *, started: float) -> Json:
        return _object(read_all(ask(), started=started, limits=self._limits))

    def _told(self, what: str, ask: Callable[[], Made], *, write: bool = False) -> Made:
        """Return what `ask` does, its errors translated."""
        try:
            return ask()
        except ApiException as error:
            raise refusals.of_answer(error, what=what, write=write) from error
        except refusals.LINE as error:
            raise refusals.of_line(error, what=what, write=write) from error
        except (ValueError, RecursionError) as error:
            # A write that was answered with 2xx may have happened, whatever the answer says.
            unknown = refusals.UNKNOWN if write else ""
            message = f"{what}: the answer is not the API server's{unknown}"
            raise Unavailable(message) from error


def _object(body: bytes) -> Mapping[str, object]:
    found = json.loads(body)
    if not isinstance(found, dict):
        raise parse.Malformed
    return found


def _path(namespace: str, reference: OwnerReference) -> str:
    """Return the path of an object; raises Rejected for what no path leads to."""
    path = kinds.path(reference)
    if path is None or bool(namespace) != ("{namespace}" in path):
        message = f"{where(namespace, reference)}: not a kind that can be read"
        raise Rejected(message)
    return path


def _names(namespace: str, name: str) -> Mapping[str, str]:
    return {"namespace": namespace, "name": name} if namespace else {"name": name}


def _asked(right: Right, namespace: str, name: str) -> Json:
    """Return a SelfSubjectAccessReview; what it leaves out means all of them."""
    plural, _, subresource = right.resource.partition("/")
    here = {HOME: namespace, EVERYWHERE: ""}.get(right.namespace, right.namespace)
    asked = {
        "group": right.group,
        "resource": plural,
        "subresource": subresource,
        "verb": right.verb,
        "namespace": here,
        "name": name,
    }
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: word for key, word in asked.items() if word}},
    }


def _dry(dry_run: bool) -> Sequence[tuple[str, str]]:  # noqa: FBT001  # what is asked
    return [("dryRun", "All")] if dry_run else []


def _options(removal: Removal) -> Json:
    """Return DeleteOptions; where a body has them, the API server does not read the address."""
    grace = {} if removal.grace is None else {"gracePeriodSeconds": removal.grace}
    dry = {"dryRun": ["All"]} if removal.dry_run else {}
    return {"preconditions": {"uid": removal.uid}, **grace, **dry}
