"""Logs of containers: a few lines that are true of the pod, or why there are none.

Source: k8s.io/kubernetes pkg/registry/core/pod/strategy.go (LogLocation) for what the API server
refuses, pkg/kubelet/kubelet_pods.go (validateContainerLogStatus) for what the kubelet does.
"""

from collections.abc import Iterator, Mapping

from drills.kubernetes import options, refusals
from drills.kubernetes.objects import View, name_of

_TEXT = "2026-03-01T12:00:00.000000000Z "


def tail(pod: View, query: Mapping[str, str]) -> str:
    """Return the end of a container's log; raises Refusal 400."""
    names = [one["name"] for one in pod["spec"]["containers"]]
    container = query.get("container") or names[0]
    if container not in names:
        why = f"container {container} is not valid for pod {name_of(pod)}"
        raise refusals.bad_request(why)
    status = _status(pod, container)
    previous = query.get("previous") == "true"
    if previous and not status.get("restartCount"):
        why = f'previous terminated container "{container}" in pod "{name_of(pod)}" not found'
        raise refusals.bad_request(why)
    if not previous and "running" not in status.get("state", {}):
        why = (
            f'container "{container}" in pod "{name_of(pod)}" is waiting to start: '
            "ContainerCreating"
        )
        raise refusals.bad_request(why)
    lines = list(_lines(pod, container, status, previous=previous))
    kept = lines[-options.number(query, "tailLines") :] if query.get("tailLines") else lines
    stamp = _TEXT if query.get("timestamps") == "true" else ""
    text = "".join(f"{stamp}{one}\n" for one in kept)
    most = options.number(query, "limitBytes")
    return text.encode()[:most].decode(errors="ignore") if most else text


def _status(pod: View, container: str) -> View:
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return next((one for one in statuses if one["name"] == container), {})


def _lines(pod: View, container: str, status: View, *, previous: bool) -> Iterator[str]:
    yield f"INFO {container} of {name_of(pod)} runs {status.get('image', '')}"
    if previous:
        yield "ERROR EngineCore encountered a fatal error"
    elif status.get("ready"):
        yield "INFO Application startup complete."
    else:
        yield "INFO Loading model weights"
