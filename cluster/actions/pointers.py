"""JSON pointers (RFC 6901), and the paths that they are."""

from collections.abc import Sequence


def pointer(path: Sequence[str]) -> str:
    """Return the path as a JSON pointer."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def path(pointer: str) -> tuple[str, ...]:
    """Return what a JSON pointer leads along."""
    parts = pointer.split("/")[1:]
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
