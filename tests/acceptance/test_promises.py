"""The page of budgets follows `objectives.yaml`, as the desk follows its policy."""

import html
import json
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bot.app.main import App, built
from bot.app.server import Server
from bot.app.settings import load
from tests.rehearsing import TOKEN

OURS = "objectives:\n  - {name: ours, kind: errors, target: 99%}\n"


class Empty(BaseHTTPRequestHandler):
    """A Prometheus that has no series of anything."""

    def do_POST(self) -> None:
        """Answer every query with nothing."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        answer = {"status": "success", "data": {"resultType": "vector", "result": []}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def prometheus() -> Iterator[str]:
    """Start the empty Prometheus; return its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of a configuration that promises one thing."""
    found = tmp_path / "configuration"
    found.mkdir()
    (found / "objectives.yaml").write_text(OURS)
    return found


@pytest.fixture
def app(tmp_path: Path, folder: Path, prometheus: str) -> Iterator[App]:
    """Make a desk with that folder."""
    (tmp_path / "tokens").write_text(f"alertmanager {TOKEN}\n")
    settings = load(
        {
            "TRIAGED_CONFIG": str(folder),
            "TRIAGED_DATABASE_URL": f"sqlite:///{tmp_path / 'triaged.db'}",
            "TRIAGED_PROMETHEUS_URL": prometheus,
            "TRIAGED_WEBHOOK_TOKENS_FILE": str(tmp_path / "tokens"),
            "TRIAGED_ROLES": "door",
        }
    )
    with built(settings) as app:
        yield app


def test_the_page_follows_the_file_and_says_when_it_cannot(app: App, folder: Path) -> None:
    """A promise that was added is shown; a file with a mistake is named, and changes nothing."""
    server = Server(app.web, host="127.0.0.1", port=0)
    port = server.start()
    try:
        first = page(port)
        (folder / "objectives.yaml").write_text(OURS + "  - {name: more, kind: ttft}\n")
        app.reloading.once()
        wrong = page(port)
        (folder / "objectives.yaml").write_text(OURS.replace("ours", "theirs"))
        app.reloading.once()
        last = page(port)
    finally:
        server.stop()

    assert ">ours<" in first
    assert ">ours<" in wrong
    assert f"the changed configuration is refused: {folder}/objectives.yaml:3: " in wrong
    assert (">theirs<" in last, ">ours<" in last, "refused" in last) == (True, False, False)


def page(port: int) -> str:
    """Return the page of budgets."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/slo", timeout=30) as answer:
        return html.unescape(answer.read().decode())
