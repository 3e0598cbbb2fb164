"""Lists in pages: limit and continue."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

from drills.kubernetes import options, refusals
from drills.kubernetes.objects import Object, name_of, namespace_of
from drills.kubernetes.resources import Address
from drills.kubernetes.state import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """Where a page ended, and the version of the first one, of which all pages are said to be.

    What changed since is shown as it is now, where the real server shows what was.
    """

    version: int
    namespace: str
    name: str


def page(cluster: Cluster, address: Address, query: Mapping[str, str]) -> Object:
    """Return one page as a List object; items carry no kind, as in Kubernetes.

    Raises Refusal 410 for the page of a list whose version was forgotten.
    """
    token = _read(query.get("continue", ""))
    version = token.version if token else cluster.version
    if token and token.version < cluster.forgotten:
        raise refusals.expired_page()
    found = cluster.select(
        address.resource,
        address.namespace,
        labels=query.get("labelSelector", ""),
        fields=query.get("fieldSelector", ""),
    )
    rest = [one for one in found if not token or _place(one) > (token.namespace, token.name)]
    limit = options.number(query, "limit") or len(rest)
    shown, left = rest[:limit], rest[limit:]
    metadata: Object = {"resourceVersion": str(version)}
    if left:
        written = _written(version, shown[-1])
        metadata |= {"continue": written, "remainingItemCount": len(left)}
    return {
        "kind": f"{address.resource.kind}List",
        "apiVersion": address.resource.api_version,
        "metadata": metadata,
        "items": [_bare(one) for one in shown],
    }


def _bare(thing: Object) -> Object:
    return {key: value for key, value in thing.items() if key not in {"kind", "apiVersion"}}


def _written(version: int, last: Object) -> str:
    return base64.urlsafe_b64encode(json.dumps([version, *_place(last)]).encode()).decode()


def _read(token: str) -> _Token | None:
    """Read a token; None where there is none. Raises Refusal 400."""
    if not token:
        return None
    try:
        version, namespace, name = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError) as error:
        why = f"continue key is not valid: {error}"
        raise refusals.bad_request(why) from error
    return _Token(version=int(version), namespace=namespace, name=name)


def _place(thing: Object) -> tuple[str, str]:
    return namespace_of(thing), name_of(thing)
