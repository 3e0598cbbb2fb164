"""What each verb does, from a read request to the body of its answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from drills.kubernetes import applies, evictions, lists, logs, options, patches, refusals
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object, View, uid_of
from drills.kubernetes.resources import EVENTS, PODS, Address
from drills.kubernetes.scale import scale_of, through_scale
from drills.kubernetes.state import Change, Cluster

_NAMED = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
"""The verbs of one object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request, read and found allowed."""

    verb: str
    address: Address
    query: Mapping[str, str]
    content_type: str
    user_agent: str
    body: bytes

    @property
    def writer(self) -> Writer:
        """The field manager: as named, else the user agent up to its first slash."""
        manager = self.query.get("fieldManager") or self.user_agent.partition("/")[0]
        applied = self.verb == "patch" and self.kind == patches.APPLY
        body = parsed(self.body) if applied else None
        return Writer(
            manager=manager[:128],
            subresource=self.address.subresource,
            applied=applies.fields(body) if isinstance(body, dict) else frozenset(),
        )

    @property
    def kind(self) -> str:
        """Return the content type without its parameters."""
        return self.content_type.partition(";")[0].strip()


def verb_of(method: str, address: Address, query: Mapping[str, str]) -> str:
    """Return the Kubernetes verb of an HTTP method on this address; raises Refusal 405 or 501."""
    named = bool(address.name)
    if method == "GET" and not named:
        return "watch" if query.get("watch", "").lower() in {"1", "true"} else "list"
    if method == "DELETE" and not named:
        msg = "deletecollection"
        raise refusals.not_implemented(msg)
    created = not named or address.subresource == "eviction"
    verb = "create" if method == "POST" and created else _NAMED.get(method, "")
    if not verb or (created and verb != "create"):
        raise refusals.method_not_allowed()
    return verb


def answer(request: Request, cluster: Cluster) -> tuple[int, Object | str]:
    """Do what the request asks; return the HTTP status and the body. Raises Refusal."""
    match request.verb:
        case "get":
            return 200, _get(request, cluster)
        case "list":
            return 200, lists.page(cluster, request.address, request.query)
        case "create" if request.address.subresource:
            where = request.address
            body = _object(request)
            return 201, evictions.evict(cluster, where.namespace, where.name, body, request.query)
        case "create":
            return 201, _create(request, cluster)
        case "delete":
            return 200, _delete(request, cluster)
        case _:
            return 200, _change(request, cluster)


def parsed(body: bytes) -> object:
    """Read a JSON body; None when it is empty. Raises Refusal 400."""
    if not body:
        return None
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        why = f"couldn't read the body as JSON: {error}"
        raise refusals.bad_request(why) from error
    return value


def _get(request: Request, cluster: Cluster) -> Object | str:
    address = request.address
    found = cluster.get(address.resource, address.namespace, address.name)
    if address.subresource == "log":
        return logs.tail(found, request.query)
    if address.subresource == "scale":
        return scale_of(found)
    # One object has as many versions as its kind: it is shown in the one that was asked for.
    return found | {"apiVersion": address.resource.api_version}


def _object(request: Request) -> Object:
    kind = request.content_type.partition(";")[0].strip()
    if kind not in ("", "application/json"):
        raise refusals.unsupported_type(kind, ("application/json",))
    body = parsed(request.body)
    if not isinstance(body, dict):
        why = "the body is not an object"
        raise refusals.bad_request(why)
    return body


def _create(request: Request, cluster: Cluster) -> Object:
    given, namespace = _object(request), request.address.namespace
    if request.address.resource.namespaced:
        named = given.setdefault("metadata", {}).setdefault("namespace", namespace)
        if named != namespace:
            why = f"the namespace of the object ({named}) is not that of the request ({namespace})"
            raise refusals.bad_request(why)
    return cluster.create(
        request.address.resource,
        given,
        writer=request.writer,
        dry_run=options.dry_run(request.query),
    )


def _change(request: Request, cluster: Cluster) -> Object:
    address, change = request.address, _asked(request)
    if address.subresource == "scale":
        change = through_scale(change)
    try:
        after = cluster.update(
            address.resource,
            address.namespace,
            address.name,
            change,
            writer=request.writer,
            dry_run=options.dry_run(request.query),
        )
    except refusals.Malformed as refusal:
        if request.verb != "patch":
            raise
        wrong, nameless = [("patch", f"Invalid value: {refusal}")], ""
        raise refusals.invalid(nameless, nameless, wrong) from refusal
    return scale_of(after) if address.subresource == "scale" else after


def _asked(request: Request) -> Change:
    if request.verb == "patch":
        manager = _applier(request) if request.kind == patches.APPLY else ""
        change = patches.read(request.kind, parsed(request.body), manager=manager)
        # Through /scale, and in a PUT, another uid is a precondition that fails.
        return change if request.address.subresource == "scale" else _same_uid(change, request)
    whole = _object(request)
    return lambda _: whole


def _same_uid(change: Change, request: Request) -> Change:
    """Return the change, which refuses to make another object of this one."""

    def checked(before: Object) -> Object:
        after = change(before)
        given = after.get("metadata")
        uid = given.get("uid", uid_of(before)) if isinstance(given, dict) else uid_of(before)
        if uid != uid_of(before):
            resource = request.address.resource
            kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
            wrong = f'Invalid value: "{uid}": field is immutable'
            raise refusals.invalid(kind, request.address.name, [("metadata.uid", wrong)])
        return after

    return checked


def _delete(request: Request, cluster: Cluster) -> Object:
    body = parsed(request.body)
    wanted = options.deletion(request.query, body if isinstance(body, dict) else None)
    address = request.address
    gone = cluster.delete(
        address.resource,
        address.namespace,
        address.name,
        uid=wanted.uid,
        version=wanted.version,
        grace=wanted.grace,
        dry_run=wanted.dry_run,
    )
    return gone if address.resource in (PODS, EVENTS) else _success(gone, address)


def _success(gone: View, address: Address) -> Object:
    resource = address.resource
    details = {"name": address.name, "kind": resource.plural, "uid": uid_of(gone)}
    group = {"group": resource.group} if resource.group else {}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details | group,
    }


def _applier(request: Request) -> str:
    """Return who applies: nobody else than this parameter says it. Raises Refusal 422 or 400."""
    manager = request.query.get("fieldManager", "")
    if not manager:
        cause = ("fieldManager", "Required value: is required for apply patch")
        kind = "PatchOptions.meta.k8s.io"
        raise refusals.invalid(kind, "", [cause])
    body = parsed(request.body)
    if isinstance(body, dict) and not (body.get("apiVersion") and body.get("kind")):
        msg = f"invalid object type: {body.get('apiVersion', '/')}, Kind={body.get('kind', '')}"
        raise refusals.bad_request(msg)
    return manager[:128]
