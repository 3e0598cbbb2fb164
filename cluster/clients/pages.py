"""Lists in pages: whole, or refused when they are too long to be looked through."""

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from kubernetes.client import ApiException

from cluster.clients import parse
from cluster.clients.bounded import Limits
from cluster.clients.refusals import GONE
from cluster.clients.things import Json
from incidents.errors import Rejected

Made = TypeVar("Made")
Query: TypeAlias = Sequence[tuple[str, str]]
Page: TypeAlias = Callable[[Query], Json]


def paged(page: Page, read: Callable[[Json], Made], *, what: str, limits: Limits) -> Sequence[Made]:
    """Return everything on all pages; raises Rejected for more than `limits.most` objects.

    A continue token expires when the API server has forgotten its version (410, after five minutes
    by default): then the list begins anew, once.
    """
    try:
        return _whole(page, read, what=what, limits=limits)
    except ApiException as error:
        if error.status != GONE:
            raise
    return _whole(page, read, what=what, limits=limits)


def _whole(
    page: Page, read: Callable[[Json], Made], *, what: str, limits: Limits
) -> Sequence[Made]:
    found: list[Made] = []
    token = ""
    while True:
        query = [("limit", str(limits.page)), *([("continue", token)] if token else [])]
        answer = page(query)
        found += [read(each) for each in parse.items(answer, "items")]
        token = parse.text(parse.section(answer, "metadata"), "continue")
        if len(found) > limits.most:
            message = f"{what}: there are more than {limits.most}, too many to look through"
            raise Rejected(message)
        if not token:
            return found
