"""Plain HTTP to an API server, whichever: what no client has smoothed yet."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

TIMEOUT = 20  # seconds; a frozen server must not hang the suite
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"

Body = dict[str, Any]  # Any: JSON as the API server has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; the body of what is no JSON is under `text`."""

    status: int
    body: Body
    form: str = ""

    @property
    def message(self) -> str:
        """Return what a Status object says."""
        return str(self.body.get("message", ""))


class Refused(AssertionError):
    """The server refused what the test needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """An API server as somebody sees it."""

    address: str
    token: str
    ca: Path | None = None

    def ask(
        self, method: str, path: str, body: object = None, *, form: str = "", **query: str | int
    ) -> Answer:
        """Send one request, and return its answer whatever it is; a text is sent as it is."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        sent = body.encode() if isinstance(body, str) else json.dumps(body)
        if body is not None:
            headers["Content-Type"] = form or "application/json"
        answer = requests.request(
            method,
            self.address + path,
            params=query,
            data=None if body is None else sent,
            headers=headers,
            verify=str(self.ca) if self.ca else True,
            timeout=TIMEOUT,
        )
        given = answer.headers.get("Content-Type", "").partition(";")[0]
        told = answer.json() if given == "application/json" else {"text": answer.text}
        return Answer(status=answer.status_code, body=told, form=given)

    def get(self, path: str, **query: str | int) -> Body:
        """Return an object or a list; raises Refused."""
        return self._done("GET", path, None, "", query)

    def create(self, path: str, body: object, **query: str | int) -> Body:
        """Create an object; raises Refused."""
        return self._done("POST", path, body, "", query)

    def change(self, path: str, body: object, *, form: str = MERGE, **query: str | int) -> Body:
        """Patch an object; raises Refused."""
        return self._done("PATCH", path, body, form, query)

    def delete(self, path: str, **query: str | int) -> Body:
        """Delete an object; raises Refused."""
        return self._done("DELETE", path, None, "", query)

    def watch(self, path: str, **query: str | int) -> Iterator[Body]:
        """Yield the events of a watch until it ends; pass `timeoutSeconds`."""
        with requests.get(
            self.address + path,
            params={"watch": "1", **query},
            headers={"Authorization": f"Bearer {self.token}"},
            verify=str(self.ca) if self.ca else True,
            timeout=TIMEOUT,
            stream=True,
        ) as answer:
            for line in answer.iter_lines():
                yield json.loads(line)

    def _done(
        self, method: str, path: str, body: object, form: str, query: Mapping[str, str | int]
    ) -> Body:
        answer = self.ask(method, path, body, form=form, **query)
        if answer.status >= 300:
            message = f"{method} {path}: {answer.status} {answer.body}"
            raise Refused(message)
        return answer.body
