"""Watches: the history from a version on, as a stream of lines."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

from drills.kubernetes import options
from drills.kubernetes.objects import Object, labels_of
from drills.kubernetes.refusals import Refusal
from drills.kubernetes.resources import Address
from drills.kubernetes.selectors import by_fields, by_labels
from drills.kubernetes.state import Cluster, Happened

_POLL = 0.05  # real seconds between looks at the history
_LONGEST = 300.0  # real seconds a watch without timeoutSeconds lives


async def stream(
    cluster: Cluster, address: Address, query: Mapping[str, str]
) -> AsyncIterator[bytes]:
    """Yield one JSON line per change until timeoutSeconds (real seconds) are over.

    Without a resourceVersion, or from "0", what is there now comes first as ADDED. An object that
    begins or ceases to fit the selector counts as MODIFIED here, not as ADDED or DELETED.
    """
    fits = _fits(address, query)
    seen = options.number(query, "resourceVersion")
    if not seen:
        with cluster.lock:
            first, seen = cluster.select(address.resource, address.namespace), cluster.version
        for thing in filter(fits, first):
            yield _line("ADDED", thing)
    end = time.monotonic() + (options.number(query, "timeoutSeconds") or _LONGEST)
    while time.monotonic() < end:
        try:
            news = cluster.since(seen, address.resource, address.namespace)
        except Refusal as refusal:
            yield _line("ERROR", refusal.body())
            return
        for line in _lines(news, fits):
            yield line
        seen = max([seen, *(one.version for one in news)])
        await asyncio.sleep(_POLL)


def _fits(address: Address, query: Mapping[str, str]) -> Callable[[Object], bool]:
    labelled = by_labels(query.get("labelSelector", ""))
    chosen = by_fields(query.get("fieldSelector", ""), address.resource)
    return lambda thing: labelled(labels_of(thing)) and chosen(thing)


def _lines(news: list[Happened], fits: Callable[[Object], bool]) -> Iterator[bytes]:
    return (_line(one.kind, one.thing) for one in news if fits(one.thing))


def _line(kind: str, thing: Object) -> bytes:
    return json.dumps({"type": kind, "object": thing}).encode() + b"\n"
