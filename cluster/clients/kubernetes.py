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
from cluster.clients.objects import (
    Autoscaler,
    Deployment,
    Owner,
    OwnerReference,
    Pod,
    Pool,
    Resize,
    Resized,
    Route,
    Workload,
)
from cluster.clients.pages import Query, paged
from cluster.clients.patience import Patience
from cluster.clients.refusals import Missing
from incidents.errors import Rejected, Unavailable

Made = TypeVar("Made")

# Any: the client's annotations name models; without preloading it returns urllib3's response.
Ask: TypeAlias = Callable[[], Any]

MERGE_PATCH: Final = "application/merge-patch+json"
OK: Final = range(200, 300)
APPS: Final = "/apis/apps/v1/namespaces/{namespace}"
CORE: Final = "/api/v1/namespaces/{namespace}"
AUTOSCALING: Final = "/apis/autoscaling/v2/namespaces/{namespace}"


class KubernetesClient:
    """Asks one API server; implements the port of the same folder.

    The official client repeats PUT, PATCH and DELETE by itself when it is left alone; here it
    repeats nothing, and every request has its time limits. What is repeated are reads, by us, as
    `Patience` says; `pause` waits so many real seconds. Its classes per API group are left out:
    they load every model there is, which costs a second and 90 MiB, and no answer becomes a model.
    """

    def __init__(
        self,
        access: Access,
        *,
        limits: Limits | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits = limits or Limits()
        self._pause = pause
        self._api = ApiClient(configuration(access))
        self._api.user_agent = f"triaged/{version('triaged')}"

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
        for group, release in kinds.POOLS:
            path = kinds.root(group, release) + "/inferencepools"
            found = self._custom("InferencePools", path, parse.pool, namespace=namespace)
            if found:
                return [replace(each, api_version=f"{group}/{release}") for each in found]
        return []

    def routes(self, namespace: str) -> Sequence[Route]:
        """Return the HTTPRoutes."""
        path = kinds.root(*kinds.ROUTES) + "/httproutes"
        return self._custom("HTTPRoutes", path, parse.route, namespace=namespace)

    def workloads(self, namespace: str, kind: str) -> Sequence[Workload]:
        """Return the workloads of a kind."""
        group, release = next((g, v) for g, v, named in kinds.WORKLOADS if named == kind)
        path = f"{kinds.root(group, release)}/{kinds.PLURALS[group, kind]}"
        read = partial(parse.workload, kind=kind, api_version=f"{group}/{release}")
        return self._custom(f"{kind}s", path, read, namespace=namespace)

    def autoscalers(self, namespace: str) -> Sequence[Autoscaler]:
        """Return all HorizontalPodAutoscalers of the namespace."""
        what = f"HorizontalPodAutoscalers of {namespace}"
        path = AUTOSCALING + "/horizontalpodautoscalers"
        return self._list(what, path, parse.autoscaler, namespace=namespace)

    def resize(self, resize: Resize) -> Resized:
        """Write the size through `/scale`, as one merge patch."""
        body = {
            "metadata": {"uid": resize.uid, "resourceVersion": resize.resource_version},
            "spec": {"replicas": resize.replicas},
        }
        dry_run = [("dryRun", "All")] if resize.dry_run else []
        return self._told(
            f"scale Deployment {resize.namespace}/{resize.name}",
            lambda: parse.resized(
                self._body(
                    lambda: self._send(
                        "PATCH",
                        APPS + "/deployments/{name}/scale",
                        [*dry_run, ("fieldManager", resize.manager)],
                        body=body,
                        namespace=resize.namespace,
                        name=resize.name,
                    ),
                    started=time.monotonic(),
                )
            ),
            write=not resize.dry_run,
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
        **names: str,
    ) -> Any:  # Any: urllib3's response; the client's annotations do not say so
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = MERGE_PATCH
        request = self._api.param_serialize(
            method=method,
            resource_path=path,
            path_params=names,
            query_params=list(query),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        answer = self._api.call_api(*request, _request_timeout=self._limits.timeout)
        if answer.status not in OK:
            answer.read()  # type: ignore[no-untyped-call]  # the client's own
            raise ApiException.from_response(http_resp=answer, body=None, data=None)
        return answer.response

    def _read(self, what: str, ask: Ask, read: Callable[[parse.Json], Made]) -> Made:
        patience = self._patience()
        return self._told(
            what,
            lambda: read(patience.read(lambda: self._body(ask, started=patience.started))),
        )

    def _custom(
        self, kind: str, path: str, read: Callable[[parse.Json], Made], *, namespace: str
    ) -> Sequence[Made]:
        """Return the objects of a kind that may not be installed, which is a normal state."""
        try:
            return self._list(f"{kind} of {namespace}", path, read, namespace=namespace)
        except Missing:
            return []

    def _list(
        self,
        what: str,
        path: str,
        read: Callable[[parse.Json], Made],
        *,
        namespace: str,
        selector: str = "",
    ) -> Sequence[Made]:
        chosen = [("labelSelector", selector)] if selector else []

        def page(query: Query) -> parse.Json:
            ask = lambda: self._send("GET", path, [*chosen, *query], namespace=namespace)  # noqa: E731  # said once
            return patience.read(lambda: self._body(ask, started=patience.started))

        patience = self._patience()
        return self._told(what, lambda: paged(page, read, what=what, limits=self._limits))

    def _patience(self) -> Patience:
        return Patience(started=time.monotonic(), limits=self._limits, pause=self._pause)

    def _body(self, ask: Ask, *, started: float) -> parse.Json:
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
