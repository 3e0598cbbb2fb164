"""The fingerprint of a label set, as Prometheus' common library computes it."""

import hashlib
from collections.abc import Mapping

# FNV-1a, 64 bits (prometheus/common model/signature.go, labelSetToFingerprint).
_OFFSET = 14695981039346656037
_PRIME = 1099511628211
_SEPARATOR = b"\xff"
_LONGEST = 64 << 10


def fingerprint(labels: Mapping[str, str]) -> str:
    """Return 16 hex digits over the sorted names and values.

    Label sets of more than 64 KiB get a digest of another kind: byte by byte they would take
    seconds, and Alertmanager names its own.
    """
    raw = b"".join(_raw(name) + _raw(labels[name]) for name in sorted(labels))
    if len(raw) > _LONGEST:
        return hashlib.sha256(raw).hexdigest()[:16]
    hashed = _OFFSET
    for byte in raw:
        hashed = ((hashed ^ byte) * _PRIME) & 0xFFFFFFFFFFFFFFFF
    return f"{hashed:016x}"


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass") + _SEPARATOR
