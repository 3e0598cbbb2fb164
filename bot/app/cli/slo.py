"""`triaged slo`: each objective, what is left of its budget, and which incident spent it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Annotated, Any  # Any: what a budget shows

from cyclopts import Parameter

from bot.app import budgets, reach
from bot.app.cli.output import Json, show
from bot.app.configuration_shapes import OBJECTIVES
from bot.app.opening import opened
from bot.app.reading import http
from bot.app.settings import load
from bot.web.budgets import plain, shown
from incidents.budgets import Budget
from incidents.errors import Rejected

Url = Annotated[str, Parameter(name="--url", help="Prometheus; else TRIAGED_PROMETHEUS_URL.")]


def slo(*, url: Url = "", as_json: Json = False) -> None:
    """Show every budget that is recorded: what is left, how fast it burns, who spent it.

    Objectives are those whose rules are evaluated there, and those of `objectives.yaml`.
    """
    settings = load()
    address = _address(url or settings.prometheus_url)
    with ExitStack() as closing:
        desk = closing.enter_context(opened(settings, needed=(OBJECTIVES,)))
        client = reach.prometheus(address, settings, closing=closing)
        at = desk.clock()
        promised = desk.configuration.objectives
        found = budgets.read(client, desk.desk, at=at, promised=promised)
    told = {"prometheus": address, "at": at, "budgets": [plain(one) for one in found]}
    show(told, _lines(found), as_json=as_json)


def _address(url: str) -> str:
    if not url:
        message = "no Prometheus: give --url, or set TRIAGED_PROMETHEUS_URL"
        raise Rejected(message)
    try:
        return http(url)
    except (ValueError, Rejected) as error:
        message = f"--url {url}: {error}"
        raise Rejected(message) from error


def _lines(found: Sequence[Budget]) -> Iterator[str]:
    for one in found:
        said: dict[str, Any] = shown(one)
        yield f"{said['objective']}  {said['about']}  {said['target']}"
        yield f"    left       {said['left']}"
        yield f"    burn rate  {', '.join(f'{window} {rate}' for window, rate in said['burns'])}"
        for spent in said["incidents"]:
            yield f"    spent      {spent['share']} in INC-{spent['number']} ({spent['when']})"
        if said["elsewhere"]:
            yield f"    spent      {said['elsewhere']} outside every incident"
        yield f"    known      {said['seen']}"
        yield from (f"    agreed     {then}" for then in said["agreed"])
