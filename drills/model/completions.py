"""A model server that answers OpenAI's completions as vLLM streams them, and fails when it is told.

Its tokens are words; what it knows is a table of prompts and how they go on.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

KNOWN: Mapping[str, str] = {"The capital of France is": " Paris. It lies on the river Seine"}
WRONG = " !!!! !!!! !!!! !!!!"
"""What an engine with corrupted weights or KV transfers says."""


class Fault(Enum):
    """How it fails."""

    WRONG_OUTPUT = "wrong output"
    CUT = "cut"
    ENDLESS = "endless"


@dataclass(kw_only=True)
class ModelServer:
    """What it serves, how fast in real seconds, and how it fails; `asked` are the bodies so far."""

    model: str
    first_token: float = 0.0
    between_tokens: float = 0.0
    fault: Fault | None = None
    known: Mapping[str, str] = field(default_factory=lambda: KNOWN)
    asked: list[Mapping[str, object]] = field(default_factory=list)

    def app(self) -> Starlette:
        """Return it as an ASGI app."""
        return Starlette(routes=[Route("/v1/completions", self._complete, methods=["POST"])])

    async def _complete(self, http: Request) -> Response:
        body = await http.json()
        self.asked.append(body)
        if body.get("model") != self.model:
            message = f"The model `{body.get('model')}` does not exist."
            return JSONResponse({"error": {"message": message, "code": 404}}, status_code=404)
        return StreamingResponse(self._stream(body), media_type="text/event-stream")

    async def _stream(self, body: Mapping[str, object]) -> AsyncIterator[str]:
        known = self.known.get(str(body.get("prompt")), " I do not know")
        text = WRONG if self.fault is Fault.WRONG_OUTPUT else known
        words = [f" {word}" for word in text.split()][: int(str(body.get("max_tokens", 16)))]
        await asyncio.sleep(self.first_token)
        for number, word in enumerate(words):
            if number:
                await asyncio.sleep(self.between_tokens)
            yield _event({"choices": [{"index": 0, "text": word, "finish_reason": None}]})
        if self.fault is Fault.CUT:
            return
        while self.fault is Fault.ENDLESS:
            yield ": still here\n\n"
            await asyncio.sleep(0.01)
        yield _event({"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]})
        yield "data: [DONE]\n\n"


def _event(said: Mapping[str, object]) -> str:
    return f"data: {json.dumps(said)}\n\n"
