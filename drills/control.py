"""The world's control over HTTP: clock, faults, facts, a new beginning, the end."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NoReturn, Protocol, TypeAlias

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from drills import faults
from drills.alertmanager.config import Webhook
from drills.clock import WorldClock
from drills.faults import AnyFault

Given: TypeAlias = Mapping[str, object]
Answer: TypeAlias = Mapping[str, object]

# A day: more at once is a typing error, and would keep the world busy for minutes.
LONGEST_STEP = 86_400.0


class Controlled(Protocol):
    """What can be done to a world from outside."""

    clock: WorldClock

    def advance(self, seconds: float) -> datetime:
        """Let time pass at once, notifications included; return the new time."""

    def reset(self, *, seed: int | None = None, story: str | None = None) -> None:
        """Begin again at the same addresses."""

    def put(self, fault: AnyFault) -> None:
        """Let a fault begin."""

    def clear(self, kind: str) -> None:
        """Let a fault end."""

    def call(self, webhook: Webhook) -> None:
        """Point the Alertmanagers at a receiver."""

    def let_gossip(self, gossip: bool) -> None:  # noqa: FBT001  it is the value that is set
        """Let the Alertmanagers know of each other, or not."""

    def state(self) -> Answer:
        """Return what is true."""

    def end(self) -> None:
        """Ask the world to stop soon; return at once."""


def build(world: Controlled) -> Starlette:
    """Return the control of a world as an application; each refusal is a 400 that says why.

    GET /clock: `{"time": RFC 3339, "rate": world seconds per real second}`, which POST
    /clock/advance `{"seconds": n}` and /clock/rate `{"rate": r}` answer too. POST /faults: any of
    `{"put": [{"kind": "long_context", "share": 0.2}], "clear": ["traffic"], "gossip": true,
    "webhook": {"url": …, "token": …}}`; it answers as GET /state does, with what is true for
    checkers. POST /reset `{"seed": n, "story": name}`, both optional, and POST /stop.
    """
    control = _Control(world)
    return Starlette(
        routes=[
            Route("/clock", control.show_clock, methods=["GET"]),
            Route("/state", control.show_state, methods=["GET"]),
            _post("/clock/advance", control.advance),
            _post("/clock/rate", control.set_rate),
            _post("/faults", control.change_faults),
            _post("/reset", control.reset),
            _post("/stop", control.stop),
        ]
    )


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer for an address behind which nothing was put yet."""
    await PlainTextResponse("nothing here yet\n", status_code=503)(scope, receive, send)


class _Control:
    """The endpoints; what takes time runs in a thread, so that the clock always answers."""

    def __init__(self, world: Controlled) -> None:
        self._world = world

    async def show_clock(self, _: Request) -> Response:
        return JSONResponse(self._clock())

    def show_state(self, _: Request) -> Response:
        return JSONResponse(self._world.state())

    def advance(self, given: Given) -> Answer:
        _only(given, "seconds")
        self._world.advance(_number(given, "seconds", most=LONGEST_STEP))
        return self._clock()

    def set_rate(self, given: Given) -> Answer:
        _only(given, "rate")
        self._world.clock.set_rate(_number(given, "rate"))
        return self._clock()

    def change_faults(self, given: Given) -> Answer:
        """Read everything before anything is changed: a refused request changes nothing."""
        _only(given, "put", "clear", "webhook", "gossip")
        put = [_fault(each) for each in _list(given, "put")]
        ended = [_kind(each) for each in _list(given, "clear")]
        webhook = _webhook(given["webhook"]) if "webhook" in given else None
        gossip = _truth(given, "gossip") if "gossip" in given else None
        for kind in ended:
            self._world.clear(kind)
        for fault in put:
            self._world.put(fault)
        if webhook is not None:
            self._world.call(webhook)
        if gossip is not None:
            self._world.let_gossip(gossip)
        return self._world.state()

    def reset(self, given: Given) -> Answer:
        _only(given, "seed", "story")
        seed = int(_number(given, "seed")) if "seed" in given else None
        story = _text(given, "story") if "story" in given else None
        self._world.reset(seed=seed, story=story)
        return self._clock()

    def stop(self, given: Given) -> Answer:
        _only(given)
        self._world.end()
        return self._clock()

    def _clock(self) -> Answer:
        moment, rate = self._world.clock.reading()
        return {"time": moment.isoformat(), "rate": rate}


def _post(path: str, act: Callable[[Given], Answer]) -> Route:
    async def answer(request: Request) -> Response:
        try:
            given = _object(await request.body())
            return JSONResponse(await run_in_threadpool(act, given))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return Route(path, answer, methods=["POST"])


def _object(body: bytes) -> Given:
    given = json.loads(body or b"{}")
    if not isinstance(given, dict):
        _refuse("the body must be a JSON object")
    return given


def _only(given: Given, *known: str) -> None:
    if unknown := given.keys() - set(known):
        _refuse(f"unknown field {min(unknown)!r}; there are: {', '.join(known) or 'none'}")


def _number(given: Given, name: str, *, most: float = float("inf")) -> float:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        _refuse(f"{name} must be a number from 0 to {most}, not {value!r}")
    return value


def _text(given: Given, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        _refuse(f"{name} must be a text, not {value!r}")
    return value


def _truth(given: Given, name: str) -> bool:
    value = given.get(name)
    if not isinstance(value, bool):
        _refuse(f"{name} must be true or false, not {value!r}")
    return value


def _list(given: Given, name: str) -> Sequence[object]:
    value = given.get(name, [])
    if not isinstance(value, list):
        _refuse(f"{name} must be a list, not {value!r}")
    return value


def _fault(given: object) -> AnyFault:
    if not isinstance(given, dict):
        _refuse(f"a fault must be an object with a kind, not {given!r}")
    numbers = {name: value for name, value in given.items() if name != "kind"}
    return faults.read(_text(given, "kind"), numbers)


def _kind(given: object) -> str:
    if given not in faults.KINDS:
        _refuse(f"unknown fault {given!r}; there are: {', '.join(faults.KINDS)}")
    return str(given)


def _webhook(given: object) -> Webhook:
    if not isinstance(given, dict):
        _refuse(f"webhook must be an object with url and token, not {given!r}")
    _only(given, "url", "token")
    return Webhook(url=_text(given, "url"), token=_text(given, "token"))


def _refuse(why: str) -> NoReturn:
    raise ValueError(why)
