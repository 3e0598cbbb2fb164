"""The pages: read only, each one a reading of the journal."""

import re
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response

from bot.web.access import Access
from bot.web.rendering import Pages
from bot.web.situation import Situation, look
from bot.web.views import Viewer, listed
from incidents.desk import Desk
from incidents.journal import Aggregate
from incidents.people import People
from incidents.ports import Texts
from incidents.timeline import rows

LISTED = 200
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_INDEX = re.compile(r"[0-9]{1,9}")
_READ = ["GET", "HEAD"]


def build(*, desk: Desk, texts: Texts, people: People, access: Access) -> APIRouter:
    """Return the routes of the pages; every one is sync, reads, and asks `access` first.

    `/` lists incidents, `/incidents/{number}` shows one, `/incidents.json` and
    `/incidents/{number}/timeline.json?after=<index>` are the same for programs.
    """
    router = APIRouter(dependencies=[Depends(access.check)])
    pages = Pages()
    viewer = Viewer(texts=texts, people=people, policy=desk.policy)

    @router.api_route("/", methods=_READ)
    def front(request: Request) -> Response:
        return pages.page(request, "list.html.j2", incidents=_incidents(desk))

    @router.api_route("/incidents.json", methods=_READ)
    def incidents(request: Request) -> Response:
        return pages.json(request, {"incidents": _incidents(desk)})

    @router.api_route("/incidents/{number}", methods=_READ)
    def incident(request: Request, number: str) -> Response:
        found = _find(desk, number)
        if found is None:
            return pages.page(
                request, "missing.html.j2", status=HTTPStatus.NOT_FOUND, number=number
            )
        return pages.page(request, "incident.html.j2", view=viewer.view(found))

    @router.api_route("/incidents/{number}/timeline.json", methods=_READ)
    def timeline(request: Request, number: str, after: str = "0") -> Response:
        if not _INDEX.fullmatch(after):
            error = {"error": "after is the index of the last row that is known: 0, 1, 2 …"}
            return pages.json(request, error, status=HTTPStatus.BAD_REQUEST)
        found = _find(desk, number)
        if found is None:
            error = {"error": "there is no such incident"}
            return pages.json(request, error, status=HTTPStatus.NOT_FOUND)
        return pages.json(request, {"rows": _rows(found, int(after))})

    return router


def _find(desk: Desk, number: str) -> Situation | None:
    return look(desk, int(number)) if _NUMBER.fullmatch(number) else None


def _incidents(desk: Desk) -> list[dict[str, object]]:
    found = desk.journal.summaries(aggregate=Aggregate.INCIDENT, limit=LISTED)
    return [listed(one) for one in found]


def _rows(found: Situation, after: int) -> list[dict[str, object]]:
    return [
        {
            "at": row.at.isoformat(),
            "text": row.text,
            "by": row.by,
            "weight": row.weight.value,
            "kind": row.kind,
            "stream": row.stream,
            "version": row.version,
        }
        for row in rows(found.history)[after:]
    ]
