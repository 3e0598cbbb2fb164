"""Where in a file something stands."""

from runbooks.language.document import Entries, Items, Node

Path = tuple[str | int, ...]


def line(root: Node | None, path: Path) -> int:
    """Return the line of the deepest part of the path that is there; keys speak for values."""
    found = root.line if root else 1
    node = root
    for part in path:
        if isinstance(node, Entries) and isinstance(part, str) and part in node.entries:
            found, node = node.lines[part], node.entries[part]
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            found = node.line
        else:
            break
    return found
