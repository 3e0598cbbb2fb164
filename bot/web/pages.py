"""The pages: read only, each one a reading of the journal."""

import re
from collections.abc import Callable
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response

from bot.postmortem.names import named
from bot.postmortem.story import collect
from bot.web.access import Access
from bot.web.rendering import Pages
from bot.web.views import listed, view
from incidents.desk import Desk
from incidents.journal import Aggregate
from incidents.people import People
from incidents.ports import Texts
from incidents.run import Run
from incidents.timeline import rows

LISTED = 200
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_INDEX = re.compile(r"[0-9]{1,9}")
_READ = ["GET", "HEAD"]


def build(
    *,
    desk: Desk,
    texts: Texts,
    people: People,
    access: Access,
    notice: Callable[[], str] = lambda: "",
) -> APIRouter:
    """Return the routes of the pages; every one is sync, reads, and asks `access` first.

    `notice` returns what everybody should know of the desk itself; empty is nothing.

    `/` lists incidents, `/incidents/{number}` shows one, `/incidents.json` and
    `/incidents/{number}/timeline.json?after=<index>` are the same for programs, and
    `/incidents/{number}/evidence/{run}/{step}` is what was kept before a step changed anything.
    """
    router = APIRouter(dependencies=[Depends(access.check)])
    pages = Pages()

    @router.api_route("/", methods=_READ)
    def front(request: Request) -> Response:
        return pages.page(request, "list.html.j2", incidents=_incidents(desk), notice=notice())

    @router.api_route("/incidents.json", methods=_READ)
    def incidents(request: Request) -> Response:
        return pages.json(request, {"incidents": _incidents(desk)})

    @router.api_route("/incidents/{number}", methods=_READ)
    def incident(request: Request, number: str) -> Response:
        known = _number(number)
        story = collect(known, desk=desk, texts=texts, people=people) if known else None
        if story is None:
            return pages.page(request, "missing.html.j2", status=HTTPStatus.NOT_FOUND)
        shown = view(story, people=people, freeze=desk.freeze(), policy=desk.policy)
        return pages.page(request, "incident.html.j2", view=shown)

    _route_evidence(router, pages, desk=desk, texts=texts)

    @router.api_route("/incidents/{number}/timeline.json", methods=_READ)
    def timeline(request: Request, number: str, after: str = "0") -> Response:
        if not _INDEX.fullmatch(after):
            error = {"error": "after is the index of the last row that is known: 0, 1, 2 …"}
            return pages.json(request, error, status=HTTPStatus.BAD_REQUEST)
        known = _number(number)
        if known is None or desk.incident(known).opened is None:
            error = {"error": "there is no such incident"}
            return pages.json(request, error, status=HTTPStatus.NOT_FOUND)
        return pages.json(request, {"rows": _rows(desk, people, known)[int(after) :]})

    return router


def _route_evidence(router: APIRouter, pages: Pages, *, desk: Desk, texts: Texts) -> None:
    @router.api_route("/incidents/{number}/evidence/{run}/{step}", methods=_READ)
    def evidence(request: Request, number: str, run: str, step: str) -> Response:
        return pages.text(request, _evidence(desk, texts, _number(number), run, step))


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _evidence(desk: Desk, texts: Texts, number: int | None, run: str, step: str) -> str | None:
    """Return what was kept; None where nothing was, or of no run of this incident."""
    streams = desk.streams(number) if number is not None else ()
    state = desk.state(run) if run in streams else None
    kept = state.step(step).evidence if isinstance(state, Run) else None
    if kept is None or not kept.text:
        return None
    return texts.read([kept.text]).get(kept.text)


def _incidents(desk: Desk) -> list[dict[str, object]]:
    found = desk.journal.summaries(aggregate=Aggregate.INCIDENT, limit=LISTED)
    return [listed(one) for one in found]


def _rows(desk: Desk, people: People, number: int) -> list[dict[str, object]]:
    """Return the timeline: `text` has names for people, `by` the id."""
    history = desk.history(number)
    told = zip(rows(history), rows(named(history, people)), strict=True)
    return [
        {
            "at": row.at.isoformat(),
            "text": said.text,
            "by": row.by,
            "weight": row.weight.value,
            "kind": row.kind,
            "stream": row.stream,
            "version": row.version,
        }
        for row, said in told
    ]
