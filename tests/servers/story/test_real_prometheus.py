"""A real Prometheus rings a real Alertmanager as we ship it, and that the desk."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.app.main import App, built
from bot.app.server import Server
from bot.app.settings import load
from drills.alertmanager.real import binary
from incidents.journal import Aggregate
from incidents.timeline import rows

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        not binary() or shutil.which("promtool") is None,
        reason="Debian packages prometheus and prometheus-alertmanager are needed",
    ),
]

DEPLOY = Path(__file__).parents[3] / "deploy"
SHIPPED = DEPLOY / "prometheus" / "kv-cache.yaml"
SNIPPET = DEPLOY / "alertmanager" / "alertmanager.yaml"
TOKEN = "a-token-of-16-chars"
ALERT = "VLLMQueueBuildUp"
LABELS = {"namespace": "llm-d", "model_name": "llama-3-70b", "role": "decode"}
# Its own time, and the rules' 15 seconds, are real.
PATIENCE = 120.0
LOOK_EVERY = 0.2


class Engine:
    """A decode pod's exposition: how many requests wait."""

    def __init__(self) -> None:
        self.waiting = 500
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                labels = 'namespace="llm-d",model_name="llama-3-70b",pod="decode-0"'
                shown = f"vllm:num_requests_waiting{{{labels}}} {engine.waiting}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(shown)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.target = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


@pytest.fixture
def app(tmp_path: Path, engine: Engine) -> Iterator[App]:
    """Make the desk with its door open, an Alertmanager that knows it, a Prometheus that rings."""
    (tmp_path / "tokens").write_text(f"alertmanager {TOKEN}\n")
    environment = {
        "TRIAGED_DATABASE_URL": f"sqlite:///{tmp_path / 'triaged.db'}",
        "TRIAGED_WEBHOOK_TOKENS_FILE": str(tmp_path / "tokens"),
        "TRIAGED_POSTMORTEMS": str(tmp_path / "postmortems"),
        "TRIAGED_ROLES": "door,desk",
    }
    with ExitStack() as ends:
        made = ends.enter_context(built(load(environment)))
        server = Server(made.web, host="127.0.0.1", port=0)
        port = server.start()
        ends.callback(server.stop)
        rung = ends.enter_context(_alertmanager(tmp_path / "alertmanager", port))
        ends.enter_context(_prometheus(tmp_path / "prometheus", engine.target, rung))
        yield made


def test_a_real_alert_opens_an_incident_and_its_end_calms_it(app: App, engine: Engine) -> None:
    """The whole way, with nothing of ours between the engine's number and the desk's door."""
    _until(app, lambda: _told(app, "fired"))
    engine.waiting = 0
    _until(app, lambda: _told(app, "ended"))

    journal = app.opened.store.journal
    found = journal.summaries(aggregate=Aggregate.INCIDENT)
    assert [(row.incident, row.key, row.severity) for row in found] == [
        (1, "local/llm-d/llama-3-70b", "P2")
    ]
    told = [row.text for row in rows(app.opened.desk.history(1))]
    assert sum(text.startswith(f"{ALERT} fired (P2: ") for text in told) == 1
    assert any(text.startswith("every alert has ended; resolves at ") for text in told)
    (alert,) = app.opened.desk.incident(1).alerts.values()
    assert {name: value for name, value in alert.fired.labels if name in LABELS} == LABELS
    assert alert.fired.runbook == "cache-evictions"
    # The watchdog rings all the time and opens nothing.
    delivered = _delivered(app)
    assert {"Watchdog", ALERT} <= delivered
    assert journal.last_incident() == 1


def _told(app: App, what: str) -> bool:
    if app.opened.store.journal.last_incident() == 0:
        return False
    return any(f"{ALERT} {what}" in row.text for row in rows(app.opened.desk.history(1)))


def _until(app: App, happened: Callable[[], bool]) -> None:
    pause, until = threading.Event(), time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        for loop in app.loops:
            loop.once()
        pause.wait(LOOK_EVERY)


def _delivered(app: App) -> set[str]:
    """Return the names of the alerts that the door kept."""
    found, number = set[str](), 1
    while one := app.opened.store.inbox.get(number):
        found |= {alert["labels"]["alertname"] for alert in json.loads(one.body)["alerts"]}
        number += 1
    return found


def snippet(folder: Path, door: int) -> str:
    """Return the configuration that we ship, with our door, our token's file, and short times."""
    (folder / "token").write_text(TOKEN)
    text = SNIPPET.read_text(encoding="utf-8")
    for shipped, here in {
        "http://triaged.triaged.svc:8080/": f"http://127.0.0.1:{door}/",
        "/etc/alertmanager/secrets/triaged/token": str(folder / "token"),
        "group_wait: 30s": "group_wait: 500ms",
        "group_interval: 5m": "group_interval: 1s",
    }.items():
        assert shipped in text
        text = text.replace(shipped, here)
    return text


@contextmanager
def _alertmanager(folder: Path, door: int) -> Iterator[str]:
    """Run one with the shipped snippet until the block ends; yield its address."""
    folder.mkdir()
    (folder / "alertmanager.yml").write_text(snippet(folder, door))
    port = _free_port()
    command = [
        binary(),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with _started(command, folder):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _prometheus(folder: Path, target: str, alertmanager: str) -> Iterator[None]:
    """Run one that scrapes the engine and evaluates the shipped rules, until the block ends.

    It remembers that the alert was active before: otherwise its five minutes would be waited for.
    """
    folder.mkdir()
    _remember(folder)
    engines = {"job_name": "decode", "static_configs": [{"targets": [target]}]}
    rung = {"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "15s"},
        "rule_files": [str(SHIPPED)],
        "scrape_configs": [engines],
        "alerting": {"alertmanagers": [rung]},
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{_free_port()}",
        "--rules.alert.for-grace-period=0s",
        "--rules.alert.resend-delay=1s",
    ]
    with _started(command, folder):
        yield


@contextmanager
def _started(command: list[str], folder: Path) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield
        finally:
            server.terminate()
            server.wait(15)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _remember(folder: Path) -> None:
    """Write since when the alert is active, as Prometheus does for its own restarts."""
    now = int(time.time())
    labels = {"alertname": ALERT, "severity": "warning", **LABELS}
    named = ",".join(f'{name}="{value}"' for name, value in labels.items())
    lines = [f"ALERTS_FOR_STATE{{{named}}} {now - 1200} {now - ago}" for ago in range(600, 30, -15)]
    text = folder / "samples.om"
    text.write_text("\n".join([*lines, "# EOF\n"]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text)]
    subprocess.run([*command, str(folder / "data")], check=True, capture_output=True)
