"""What an approval is bound to: the digest of exactly what will happen."""

import hashlib
import json
from dataclasses import asdict

from cluster.targets.target import Target
from incidents.events.run import WriteRecord


def digest_of(  # all that is approved
    *,
    action: str,
    target: Target,
    before: tuple[tuple[str, str], ...],
    after: tuple[tuple[str, str], ...],
    owner_path: tuple[str, ...],
    write: WriteRecord,
) -> str:
    """Return the SHA-256 as hexadecimal digits.

    The pods of the target and the resourceVersion are left out, and so is whether the object has
    annotations: they change by themselves.
    """
    covered: dict[str, object] = {
        "action": action,
        "target": [target.cluster, target.namespace, target.kind, target.name, target.uid],
        "before": before,
        "after": after,
        "owner_path": owner_path,
        "written": [write.api_version, write.kind, write.namespace, write.name, write.uid],
        "change": [write.subresource, write.fields],
    }
    if write.copied:
        covered["copied"] = [asdict(each) for each in write.copied]
    if write.also:
        covered["also"] = write.also
    written = json.dumps(covered, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def agreed_by(digest: str, people: int) -> str:
    """Return the digest of the same plan that so many people must agree to; one need not be said.

    A plan that comes to need more people is another one, and what was approved by fewer is void.
    """
    if people <= 1:
        return digest
    return hashlib.sha256(f"{digest} by {people}".encode()).hexdigest()
