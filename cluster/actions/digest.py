"""What an approval is bound to: the digest of exactly what will happen."""

import hashlib
import json

from cluster.targets.target import Target


def digest_of(
    *,
    action: str,
    target: Target,
    before: tuple[tuple[str, str], ...],
    after: tuple[tuple[str, str], ...],
    owner_path: tuple[str, ...],
) -> str:
    """Return the SHA-256 as hexadecimal digits.

    The pods of the target and its resourceVersion are left out: they change by themselves.
    """
    covered = {
        "action": action,
        "target": [target.cluster, target.namespace, target.kind, target.name, target.uid],
        "before": before,
        "after": after,
        "owner_path": owner_path,
    }
    written = json.dumps(covered, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()
