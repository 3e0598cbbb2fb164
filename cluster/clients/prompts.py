"""Sends one prompt to an engine or a gateway, and reads the answer as it streams.

Source: OpenAI's completions as vLLM serves them; server-sent events end with `data: [DONE]`.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Final

import urllib3
from urllib3.response import BaseHTTPResponse

from cluster.canary.port import Answer, Sent
from cluster.clients.bounded import CHUNK, Limits, Unfinished
from incidents.errors import Rejected, Unavailable

LIMITS: Final = Limits(connect=1.0, read=5.0, total=8.0, size=256 * 1024)
"""A run waits for it; who takes longer for a few tokens is late by any bound."""
PATH: Final = "/v1/completions"
FEWEST: Final = 16
"""So many tokens are asked for at least: enough to tell a pace."""
OK: Final = 200
WRONG: Final = range(400, 500)
BUSY: Final = frozenset({408, 429})
DATA: Final = b"data:"
DONE: Final = b"[DONE]"
STREAM: Final = "text/event-stream"

Line = tuple[float, bytes]
"""A line of the answer, and the second in which its end came."""


def ask(
    address: str,
    sent: Sent,
    *,
    limits: Limits = LIMITS,
    monotonic: Callable[[], float] = time.monotonic,
) -> Answer:
    """Ask once, without repeat or redirect; raises Rejected and Unavailable as the port says."""
    what, started = f"{address}{PATH}", monotonic()
    pool = urllib3.PoolManager(num_pools=1, retries=False)
    try:
        answer = pool.request(
            "POST",
            what,
            body=json.dumps(_body(sent)),
            headers={"Content-Type": "application/json", "User-Agent": "triaged"},
            timeout=urllib3.Timeout(connect=limits.connect, read=limits.read),
            preload_content=False,
            redirect=False,
        )
        with closing(answer):
            _refuse(what, answer)
            lines = _lines(answer, started=started, limits=limits, monotonic=monotonic)
            return read(lines, begins_with=sent.canary.begins_with, started=started)
    except (urllib3.exceptions.HTTPError, Unfinished, OSError) as error:
        said = str(error) if isinstance(error, Unfinished) else type(error).__name__
        message = f"{what}: {said}"
        raise Unavailable(message) from error
    finally:
        pool.clear()


def read(lines: Iterable[Line], *, begins_with: str, started: float) -> Answer:
    """Return what is kept of the lines; raises Unfinished for an answer that is not whole."""
    whole, head = hashlib.sha256(), ""
    moments: list[float] = []
    for moment, line in lines:
        if not line.startswith(DATA):
            continue  # an empty line ends an event; comments keep a connection open
        said = line.removeprefix(DATA).strip()
        if said == DONE:
            return Answer(
                begins=head.startswith(begins_with),
                digest=whole.hexdigest(),
                pieces=len(moments),
                first=timedelta(seconds=moments[0] - started) if moments else None,
                between=_pace(moments),
            )
        piece = _text(said)
        whole.update(piece.encode(errors="replace"))
        head = (head + piece)[: len(begins_with)]
        moments += [moment] if piece else []
    message = "the answer ended before its end"
    raise Unfinished(message)


def _body(sent: Sent) -> dict[str, object]:
    return {
        "model": sent.model,
        "prompt": sent.canary.prompt,
        # A token has at least one character.
        "max_tokens": max(FEWEST, len(sent.canary.begins_with)),
        "temperature": 0,
        "stream": True,
    }


def _refuse(what: str, answer: BaseHTTPResponse) -> None:
    """Raise for an answer that is none; what it says is foreign and not repeated."""
    if answer.status in WRONG and answer.status not in BUSY:
        message = f"{what}: HTTP {answer.status}"
        raise Rejected(message)
    if answer.status != OK:
        message = f"{what}: HTTP {answer.status}"
        raise Unavailable(message)
    if not answer.headers.get("Content-Type", "").startswith(STREAM):
        message = f"{what}: the answer does not stream"
        raise Rejected(message)


def _lines(
    answer: BaseHTTPResponse, *, started: float, limits: Limits, monotonic: Callable[[], float]
) -> Iterator[Line]:
    rest, size = b"", 0
    # read1 returns what one look at the socket brings; read() would wait for a full chunk.
    while chunk := answer.read1(CHUNK):
        moment, size = monotonic(), size + len(chunk)
        if size > limits.size:
            message = f"the answer is larger than {limits.size} bytes"
            raise Unfinished(message)
        *whole, rest = (rest + chunk).split(b"\n")
        yield from ((moment, line) for line in whole)
        if moment - started > limits.total:
            message = f"the answer took longer than {limits.total:g} s"
            raise Unfinished(message)


def _text(said: bytes) -> str:
    """Return the text of one event; raises Unfinished for anything else than a piece."""
    try:
        choices = json.loads(said)["choices"]
        piece = choices[0]["text"] if choices else ""  # the last one counts tokens, and says none
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        message = "the answer is not OpenAI's"
        raise Unfinished(message) from error
    if not isinstance(piece, str):
        message = "the answer is not OpenAI's"
        raise Unfinished(message)
    return piece


def _pace(moments: list[float]) -> timedelta | None:
    if len(moments) < 2:  # noqa: PLR2004  # a distance is between two
        return None
    return timedelta(seconds=(moments[-1] - moments[0]) / (len(moments) - 1))
