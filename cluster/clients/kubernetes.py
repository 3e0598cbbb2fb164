"""The Kubernetes client: the official one, asked once, within limits, its errors translated."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final, TypeAlias, TypeVar

from kubernetes.client import ApiClient, ApiException

from cluster.clients import parse, refusals
from cluster.clients.access import Access, configuration
from cluster.clients.bounded import Limits, read_all
from cluster.clients.objects import Autoscaler, Deployment, Pod, ReplicaSet, Resize, Resized
from incidents.errors import Unavailable

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
    repeats nothing, and every request has its time limits. Its classes per API group are left out:
    they load every model there is, which costs a second and 90 MiB, and no answer becomes a model.
    """

    def __init__(self, access: Access, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._api = ApiClient(configuration(access))
        self._api.user_agent = f"triaged/{version('triaged')}"

    def deployment(self, namespace: str, name: str) -> Deployment:
        """Return the Deployment as it is now."""
        return self._read(
            f"Deployment {namespace}/{name}",
            lambda: self._send("GET", APPS + "/deployments/{name}", namespace=namespace, name=name),
            parse.deployment,
        )

    def replica_set(self, namespace: str, name: str) -> ReplicaSet:
        """Return the ReplicaSet as it is now."""
        return self._read(
            f"ReplicaSet {namespace}/{name}",
            lambda: self._send("GET", APPS + "/replicasets/{name}", namespace=namespace, name=name),
            parse.replica_set,
        )

    def pods(self, namespace: str, selector: str) -> Sequence[Pod]:
        """Return the pods that fit the selector."""
        return self._read(
            f"pods of {namespace}",
            lambda: self._send(
                "GET", CORE + "/pods", [("labelSelector", selector)], namespace=namespace
            ),
            lambda found: [parse.pod(each) for each in parse.items(found, "items")],
        )

    def autoscalers(self, namespace: str) -> Sequence[Autoscaler]:
        """Return all HorizontalPodAutoscalers of the namespace."""
        return self._read(
            f"HorizontalPodAutoscalers of {namespace}",
            lambda: self._send(
                "GET", AUTOSCALING + "/horizontalpodautoscalers", namespace=namespace
            ),
            lambda found: [parse.autoscaler(each) for each in parse.items(found, "items")],
        )

    def resize(self, resize: Resize) -> Resized:
        """Write the size through `/scale`, as one merge patch."""
        body = {
            "metadata": {"uid": resize.uid, "resourceVersion": resize.resource_version},
            "spec": {"replicas": resize.replicas},
        }
        dry_run = [("dryRun", "All")] if resize.dry_run else []
        return self._asked(
            f"scale Deployment {resize.namespace}/{resize.name}",
            lambda: self._send(
                "PATCH",
                APPS + "/deployments/{name}/scale",
                [*dry_run, ("fieldManager", resize.manager)],
                body=body,
                namespace=resize.namespace,
                name=resize.name,
            ),
            parse.resized,
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

    def _read(
        self,
        what: str,
        ask: Ask,
        read: Callable[[Mapping[str, object]], Made],
    ) -> Made:
        return self._asked(what, ask, read, write=False)

    def _asked(
        self,
        what: str,
        ask: Ask,
        read: Callable[[Mapping[str, object]], Made],
        *,
        write: bool,
    ) -> Made:
        started = time.monotonic()
        try:
            answer = ask()
            body = read_all(answer, started=started, limits=self._limits)
        except ApiException as error:
            raise refusals.of_answer(error, what=what, write=write) from error
        except refusals.LINE as error:
            raise refusals.of_line(error, what=what, write=write) from error
        try:
            return read(_object(body))
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
