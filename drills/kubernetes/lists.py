"""Lists in pages: limit and continue."""

import base64
import json
from collections.abc import Mapping, Sequence

from drills.kubernetes import options, refusals
from drills.kubernetes.objects import Object, name_of, namespace_of
from drills.kubernetes.resources import Address
from drills.kubernetes.state import Cluster


def page(cluster: Cluster, address: Address, query: Mapping[str, str]) -> Object:
    """Return one page as a List object; items carry no kind, as in Kubernetes."""
    found = cluster.select(
        address.resource,
        address.namespace,
        labels=query.get("labelSelector", ""),
        fields=query.get("fieldSelector", ""),
    )
    rest = _after(found, query.get("continue", ""))
    limit = options.number(query, "limit") or len(rest)
    shown, left = rest[:limit], rest[limit:]
    metadata: Object = {"resourceVersion": str(cluster.version)}
    if left:
        metadata |= {"continue": _token(shown[-1]), "remainingItemCount": len(left)}
    return {
        "kind": f"{address.resource.kind}List",
        "apiVersion": address.resource.api_version,
        "metadata": metadata,
        "items": [_bare(one) for one in shown],
    }


def _bare(thing: Object) -> Object:
    return {key: value for key, value in thing.items() if key not in {"kind", "apiVersion"}}


def _token(last: Object) -> str:
    return base64.urlsafe_b64encode(json.dumps(_place(last)).encode()).decode()


def _place(thing: Object) -> list[str]:
    return [namespace_of(thing), name_of(thing)]


def _after(found: Sequence[Object], token: str) -> list[Object]:
    if not token:
        return list(found)
    try:
        place = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        why = f"continue key is not valid: {error}"
        raise refusals.bad_request(why) from error
    return [one for one in found if _place(one) > place]
