"""What pods and events say of themselves, in the few words that a bundle has room for. Pure."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json, Thing

EVENTS: Final = 50
"""So many events are kept, the newest."""
CONTAINERS: Final = 3
"""Logs of so many containers of a pod are read: an engine, its sidecar, and one more."""
PORT_MARK: Final = "prometheus.io/port"
# Ports that llm-d's charts and vLLM's give to what serves metrics, in the order of trust.
PORTS: Final = ("metrics", "http-metrics", "vllm", "modelserver")
HIGHEST: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a pod can be asked; an empty address where it has none yet."""

    address: str
    port: int


def health(pod: Thing) -> tuple[bool, int, str]:
    """Return what pods are sorted by, the worst first; a status that is no status is worst."""
    try:
        statuses = parse.items(parse.section(pod.body, "status"), "containerStatuses")
        ready = bool(statuses) and all(one.get("ready") is True for one in statuses)
        return ready, -sum(parse.number(one, "restartCount") for one in statuses), pod.itself.name
    except parse.Malformed:
        return False, 0, pod.itself.name


def state(pod: Thing) -> tuple[str, int]:
    """Return the pod's state as JSON, with the digests of its images; raises Malformed."""
    status, spec = parse.section(pod.body, "status"), parse.section(pod.body, "spec")
    shown = {
        "uid": pod.itself.uid,
        "node": parse.text(spec, "nodeName"),
        "phase": parse.text(status, "phase"),
        "started": parse.text(status, "startTime"),
        "conditions": [
            {key: one[key] for key in ("type", "status", "reason", "message") if key in one}
            for one in parse.items(status, "conditions")
            if one.get("status") != "True"
        ],
        "containers": [
            {key: one[key] for key in _SHOWN if key in one}
            for name in ("initContainerStatuses", "containerStatuses")
            for one in parse.items(status, name)
        ],
    }
    try:
        return json.dumps(shown, indent=1, sort_keys=True), 1
    except RecursionError as error:
        message = f"the status of {pod} is nested too deep"
        raise parse.Malformed(message) from error


_SHOWN: Final = ("name", "image", "imageID", "ready", "restartCount", "state", "lastState")


def containers(pod: Thing) -> tuple[tuple[str, bool], ...]:
    """Return the names of containers, and whether each has lived before; raises Malformed."""
    spec, status = parse.section(pod.body, "spec"), parse.section(pod.body, "status")
    restarts = {
        parse.text(one, "name"): parse.number(one, "restartCount")
        for one in parse.items(status, "containerStatuses")
    }
    names = [parse.text(one, "name") for one in parse.items(spec, "containers")]
    return tuple((name, restarts.get(name, 0) > 0) for name in names[:CONTAINERS])


def address(pod: Thing) -> Place | None:
    """Return where the pod's metrics should be; None where no port is declared. Raises Malformed.

    The annotation that Prometheus' own examples use goes before the ports that are declared.
    """
    spec, status = parse.section(pod.body, "spec"), parse.section(pod.body, "status")
    ip, said = parse.text(status, "podIP"), pod.annotations.get(PORT_MARK, "")
    ports = {
        parse.text(one, "name"): parse.number(one, "containerPort")
        for each in reversed(parse.items(spec, "containers"))
        for one in reversed(parse.items(each, "ports"))
    }
    first = next((ports[name] for name in PORTS if name in ports), None)
    declared = first if first is not None else next(reversed(ports.values()), None)
    port = _counted(said) if said.isascii() and said.isdigit() else declared
    if port is None or not 0 < port <= HIGHEST:
        return None
    return Place(address=ip, port=port)


def _counted(digits: str) -> int:
    """Return the number; 0, which is no port, for digits that are too many for one."""
    return int(digits) if len(digits) <= len(str(HIGHEST)) else 0


def events(listed: Sequence[Thing], names: Iterable[str]) -> tuple[str, int]:
    """Return the newest events about objects of these names, a line each; how many they are."""
    about = frozenset(names)
    dated = sorted(_lines(listed, about))[-EVENTS:]
    return "\n".join(line for _, line in dated), len(dated)


def _lines(listed: Sequence[Thing], about: frozenset[str]) -> Iterator[tuple[str, str]]:
    for one in listed:
        try:
            of = parse.section(one.body, "involvedObject")
            if parse.text(of, "name") in about:
                yield _line(one.body, of)
        except parse.Malformed:
            continue


def _line(body: Json, of: Json) -> tuple[str, str]:
    at = parse.text(body, "lastTimestamp") or parse.text(body, "eventTime")
    count = parse.number(body, "count", missing=1)
    about = f"{parse.text(of, 'kind')} {parse.text(of, 'name')}"
    said = f"{parse.text(body, 'type')} {parse.text(body, 'reason')}: {parse.text(body, 'message')}"
    return at, f"{at} {about} {said} (x{count})"
