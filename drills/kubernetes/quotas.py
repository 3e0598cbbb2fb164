"""The quota admission: a pod over a ResourceQuota is not made. Pure.

Source: k8s.io/kubernetes plugin/pkg/admission/resourcequota controller.go and pkg/quota/v1
evaluator/core/pods.go. Counted are pods and extended resources, which have no fractions; quotas of
CPU and memory, and those with scopes, are stored and not enforced.
"""

from collections.abc import Iterable, Mapping, Sequence

from drills.kubernetes import refusals
from drills.kubernetes.objects import View, name_of
from drills.kubernetes.resources import PODS

_COUNTS = ("pods", "count/pods")
_OVER = ("Succeeded", "Failed")
_REQUESTS = "requests."


def admit(pod: View, quotas: Sequence[View], pods: Sequence[View]) -> None:
    """Let a new pod pass; raises Refusal 403 where it is over a quota of its namespace."""
    for quota in quotas:
        hard = limits(quota)
        asked, used = usage([pod], hard), usage(pods, hard)
        over = [key for key in sorted(hard) if asked[key] and used[key] + asked[key] > hard[key]]
        if over:
            said = ", ".join(
                f"{word}: {_listed(counts, over)}"
                for word, counts in (("requested", asked), ("used", used), ("limited", hard))
            )
            why = f"exceeded quota: {name_of(quota)}, {said}"
            raise refusals.over_quota(PODS.qualified, name_of(pod), why)


def limits(quota: View) -> Mapping[str, int]:
    """Return what a quota limits of what is counted here; nothing for one with scopes."""
    spec = quota.get("spec") or {}
    if spec.get("scopes") or spec.get("scopeSelector"):
        return {}
    hard = spec.get("hard") or {}
    return {key: int(given) for key, given in hard.items() if _counted(key, str(given))}


def usage(pods: Iterable[View], keys: Iterable[str]) -> dict[str, int]:
    """Return what the pods that are not over use of each."""
    going = [pod for pod in pods if pod.get("status", {}).get("phase") not in _OVER]
    return {key: sum(_of(pod, key) for pod in going) for key in keys}


def _counted(key: str, given: str) -> bool:
    """Tell whether it is a number of pods, or of an extended resource, whose name has a domain."""
    if not (given.isascii() and given.isdigit()):
        return False
    return key in _COUNTS or (key.startswith(_REQUESTS) and "/" in key)


def _of(pod: View, key: str) -> int:
    if key in _COUNTS:
        return 1
    wanted = key.removeprefix(_REQUESTS)
    resources = (one.get("resources") or {} for one in pod["spec"]["containers"])
    # An extended resource has its request equal to its limit; one of them may be left out.
    merged = ({**(each.get("limits") or {}), **(each.get("requests") or {})} for each in resources)
    return sum(int(each.get(wanted, 0)) for each in merged)


def _listed(counts: Mapping[str, int], keys: Iterable[str]) -> str:
    return ",".join(f"{key}={counts[key]}" for key in keys)
