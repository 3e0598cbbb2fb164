"""How Kubernetes merges each list: by a key, as a set, or whole.

Source: the patchMergeKey and listType markers in k8s.io/api for the kinds served here.
"""

from collections.abc import Sequence

from drills.kubernetes import refusals

_BY_KEY = {
    "conditions": "type",
    "containers": "name",
    "containerStatuses": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "initContainerStatuses": "name",
    "ownerReferences": "uid",
    "ports": "containerPort",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
_SETS = frozenset({"finalizers"})
_WHOLE = frozenset(
    {
        "args",
        "command",
        "currentMetrics",
        "envFrom",
        "matchExpressions",
        "metrics",
        "policies",
        "taints",
        "tolerations",
        "values",
    }
)


def merge_key(field: str, items: Sequence[object]) -> str:
    """Return the key that tells items of this list apart; empty for lists that have none."""
    key = _BY_KEY.get(field, "")
    return key if key and all(isinstance(item, dict) and key in item for item in items) else ""


def replaced_whole(field: str) -> bool:
    """Tell whether a strategic merge replaces the list; refuses lists that nobody looked up.

    Raises Refusal 501.
    """
    if field in _SETS or (field not in _WHOLE and field not in _BY_KEY):
        msg = f"a strategic merge of the list {field!r}"
        raise refusals.not_implemented(msg)
    return field in _WHOLE
