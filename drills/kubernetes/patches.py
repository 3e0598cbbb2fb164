"""The three kinds of PATCH, as functions from one object to the next."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from drills.kubernetes import applies, list_keys, refusals
from drills.kubernetes.objects import Object, View, copied

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


def read(content_type: str, body: object, *, manager: str = "") -> Callable[[Object], Object]:
    """Return what a PATCH with this content type and body does to an object.

    `manager` is who applies it, where it is a server-side apply.
    Raises Refusal 400, 415 or 501 now, 422 when it is applied.
    """
    match content_type, body:
        case "application/merge-patch+json", dict():
            return lambda before: merge(before, body)
        case "application/strategic-merge-patch+json", dict():
            return lambda before: strategic(before, body)
        case "application/json-patch+json", list():
            return lambda before: json_patch(before, body)
        case (("application/merge-patch+json" | "application/strategic-merge-patch+json"), _):
            msg = "cannot unmarshal the patch into an object"
            raise refusals.bad_request(msg)
        case "application/json-patch+json", _:
            msg = "cannot unmarshal the patch into a list of operations"
            raise refusals.bad_request(msg)
        case "application/apply-patch+yaml", dict():
            return partial(applies.applied, declared=body, manager=manager, merge=strategic)
        case "application/apply-patch+yaml", _:
            msg = "server-side apply of what is no JSON object"
            raise refusals.not_implemented(msg)
        case _:
            raise refusals.unsupported_type(content_type, (JSON, MERGE, STRATEGIC, APPLY))


def merge(before: View, change: View) -> Object:
    """Apply a JSON merge patch (RFC 7386): null deletes, lists are replaced."""
    after = dict(before)
    for key, value in change.items():
        if value is None:
            after.pop(key, None)
        elif isinstance(value, Mapping):
            inner = after.get(key)
            after[key] = merge(inner if isinstance(inner, Mapping) else {}, value)
        else:
            after[key] = copied(value)
    return after


def strategic(before: View, change: View) -> Object:
    """Apply a strategic merge patch: as a merge patch, but keyed lists are merged by their key.

    `$patch: delete` and `$patch: replace` are known; other directives and lists that nobody
    looked up are refused with 501.
    """
    if change.get("$patch") == "replace":
        return {key: copied(value) for key, value in change.items() if key != "$patch"}
    after = dict(before)
    for key, value in change.items():
        if key.startswith("$"):
            msg = f"the strategic merge directive {key!r}"
            raise refusals.not_implemented(msg)
        if value is None:
            after.pop(key, None)
        elif isinstance(value, Mapping):
            inner = after.get(key)
            after[key] = strategic(inner if isinstance(inner, Mapping) else {}, value)
        elif isinstance(value, list):
            after[key] = _strategic_list(key, after.get(key) or [], value)
        else:
            after[key] = value
    return after


def _strategic_list(field: str, before: Sequence[View], change: Sequence[View]) -> list[Object]:
    if list_keys.replaced_whole(field):
        return copied(list(before[:0]) + list(change))  # type: ignore[arg-type]  # scalars too
    key = list_keys.merge_key(field, change)
    if not key:
        msg = f"the list {field!r} needs its merge key in every item"
        raise refusals.bad_request(msg)
    items: dict[object, Object] = {item[key]: dict(item) for item in before}
    for item in change:
        if item.get("$patch") == "delete":
            items.pop(item[key], None)
        else:
            items[item[key]] = strategic(items.get(item[key], {}), item)
    return list(items.values())


def json_patch(before: View, operations: Sequence[object]) -> Object:
    """Apply a JSON patch (RFC 6902); a failed `test` or a missing path is a Refusal 422."""
    after: Object = copied(dict(before))
    for operation in operations:
        if not isinstance(operation, Mapping) or not isinstance(operation.get("path"), str):
            msg = f"not a JSON patch operation: {operation!r}"
            raise refusals.bad_request(msg)
        try:
            _operate(after, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            why = f"{operation.get('op')} operation does not apply: {operation['path']}: {error}"
            raise refusals.unappliable(why) from error
    return after


def _operate(document: Object, operation: View) -> None:
    path = str(operation["path"])
    match operation.get("op"):
        case "test":
            if _get(document, path) != operation["value"]:
                msg = f"testing value {path} failed: test failed"
                raise refusals.unappliable(msg)
        case "remove":
            _remove(document, path)
        case "add":
            _add(document, path, copied(operation["value"]))
        case "replace":
            _replace(document, path, copied(operation["value"]))
        case "copy":
            _add(document, path, copied(_get(document, str(operation["from"]))))
        case "move":
            moved = _get(document, str(operation["from"]))
            _remove(document, str(operation["from"]))
            _add(document, path, moved)
        case other:
            msg = f"unexpected kind: {other!r}"
            raise refusals.unappliable(msg)


def _parts(path: str) -> list[str]:
    if not path.startswith("/"):
        raise ValueError(path)
    return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]


def _get(document: object, path: str) -> object:
    for part in _parts(path):
        document = _child(document, part)
    return document


def _child(node: object, part: str) -> object:
    match node:
        case dict():
            return node[part]
        case list():
            return node[int(part)]
        case _:
            raise KeyError(part)


def _remove(document: Object, path: str) -> None:
    *parents, last = _parts(path)
    node = _walk(document, parents)
    match node:
        case dict():
            del node[last]
        case list():
            del node[int(last)]
        case _:
            raise KeyError(last)


def _replace(document: Object, path: str, value: object) -> None:
    """Replace a value; a field that is not there is added, as the API server's library does."""
    *parents, last = _parts(path)
    node = _walk(document, parents)
    match node:
        case dict():
            node[last] = value
        case list():
            node[int(last)] = value
        case _:
            raise KeyError(last)


def _add(document: Object, path: str, value: object) -> None:
    *parents, last = _parts(path)
    node = _walk(document, parents)
    match node:
        case dict():
            node[last] = value
        case list():
            node.insert(len(node) if last == "-" else int(last), value)
        case _:
            raise KeyError(last)


def _walk(document: object, parts: Sequence[str]) -> object:
    for part in parts:
        document = _child(document, part)
    return document
