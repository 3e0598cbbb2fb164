"""The page of error budgets: what is left, how fast it burns, and which incident spent it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response

from bot.postmortem.spans import span
from bot.web.access import Access
from bot.web.rendering import Pages
from incidents.budgets import Budget
from incidents.errors import TriagedError

CANNOT_TELL = "cannot tell"
PAGE = "slo.html.j2"
ALL_BUT = 0.99
"""From this share of a window on it counts as known."""
OF_TIME = frozenset({"availability", "throughput"})
_READ = ["GET", "HEAD"]
_DAY = timedelta(days=1)

Read = Callable[[], tuple[datetime, Sequence[Budget]]]
"""Returns the budgets and the moment that they are of; raises TriagedError where it cannot."""


def build(*, read: Read, access: Access, notice: Callable[[], str] = lambda: "") -> APIRouter:
    """Return the routes `/slo` and `/slo.json`; `access` is asked first.

    `notice` returns why the objectives of the folder are not those in force; empty is nothing.
    """
    router = APIRouter(dependencies=[Depends(access.check)])
    pages = Pages()

    @router.api_route("/slo", methods=_READ)
    def budgets(request: Request) -> Response:
        try:
            at, found = read()
        except TriagedError as error:
            # The page is there, and says what it cannot see.
            return pages.page(request, PAGE, notice=notice(), trouble=str(error), at="", budgets=[])
        rows = [shown(one) for one in found]
        moment = f"{at:%Y-%m-%d %H:%M} UTC"
        return pages.page(request, PAGE, notice=notice(), trouble="", at=moment, budgets=rows)

    @router.api_route("/slo.json", methods=_READ)
    def plain_budgets(request: Request) -> Response:
        try:
            at, found = read()
        except TriagedError as error:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            return pages.json(request, {"error": str(error)}, status=status)
        rows = [plain(one) for one in found]
        return pages.json(request, {"at": at.isoformat(), "budgets": rows})

    return router


def plain(one: Budget) -> dict[str, object]:
    """Return a budget for programs; what cannot be told is null, never zero and never whole."""
    ledger = one.ledger
    return {
        "objective": ledger.objective,
        "kind": ledger.kind,
        "service": ledger.service,
        "namespace": ledger.namespace,
        "model": ledger.model,
        "pool": ledger.pool,
        "target": round(1 - ledger.allowed, 9),
        "window_seconds": ledger.window.total_seconds(),
        "left": one.left,
        "because": one.because,
        "seen": one.seen,
        "planned_seconds": one.planned.total_seconds(),
        "burn": {length(window): rate for window, rate in one.burns.items()},
        "incidents": [
            {
                "incident": spent.incident,
                "from": spent.start.isoformat(),
                "to": spent.end.isoformat(),
                "spent": spent.share,
            }
            for spent in one.spent
        ],
        "spent_elsewhere": one.elsewhere,
        "agreed": list(one.agreed),
    }


def shown(one: Budget) -> dict[str, object]:
    """Return a budget in words, for the page and the terminal."""
    ledger = one.ledger
    pool = f"pool {ledger.pool}" if ledger.pool else ""
    where = "/".join(part for part in (ledger.namespace, ledger.model, pool) if part)
    return {
        "objective": ledger.objective,
        "about": where or ledger.service or "no service",
        "target": f"{percent(1 - ledger.allowed)} {ledger.kind} over {length(ledger.window)}",
        "left": _left(one),
        "state": _state(one),
        "burns": [
            (length(window), CANNOT_TELL if rate is None else f"{rate:.3g}")
            for window, rate in one.burns.items()
        ],
        "seen": _seen(one),
        "incidents": [
            {
                "number": spent.incident,
                "share": percent(spent.share),
                "when": f"{spent.start:%Y-%m-%d %H:%M} to {spent.end:%Y-%m-%d %H:%M}",
            }
            for spent in one.spent
        ],
        "elsewhere": percent(one.elsewhere) if one.elsewhere else "",
        "agreed": list(one.agreed),
    }


def percent(share: float) -> str:
    """Return a share in percent, to three digits and never rounded up to all of it."""
    text = f"{share * 100:.3g}"
    return f"{share * 100:.6g} %" if text == "100" and share < 1 else f"{text} %"


def length(span_: timedelta) -> str:
    """Return a window as the rules name it: `5m`, `1h`, `30d`."""
    if span_ % _DAY == timedelta():
        return f"{span_ // _DAY}d"
    minutes = span_ // timedelta(minutes=1)
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def _left(one: Budget) -> str:
    if one.left is None:
        return f"{CANNOT_TELL}: {one.because}"
    share = percent(one.left) if one.seen >= ALL_BUT else f"at most {percent(one.left)}"
    if one.ledger.kind not in OF_TIME:
        return share
    whole = (one.ledger.window - one.planned) * one.ledger.allowed
    return f"{share}: {span(one.left * whole)} of {span(whole)}"


def _state(one: Budget) -> str:
    if one.left is None:
        return "unknown"
    return "spent" if one.left <= 0 else "kept"


def _seen(one: Budget) -> str:
    told = f"{percent(one.seen)} of {length(one.ledger.window)} is known"
    return f"{told}; {span(one.planned)} of planned maintenance taken out" if one.planned else told
