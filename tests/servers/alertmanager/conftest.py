"""A real Alertmanager and the stand-in, side by side, each with a receiver of its own."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from drills.alertmanager.config import Config, Webhook, one_webhook
from drills.alertmanager.pair import Pair
from drills.alertmanager.posts import HttpPost
from drills.alertmanager.real import Running, binary, running

TOKEN = "seven-seas"
PEER_TIMEOUT = 1.5
Start = Callable[..., Running]
Body = dict[str, Any]  # Any: a webhook's JSON


class Hook:
    """A webhook receiver on loopback; `answers` are used up one by one, then it is 200."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.delay = 0.0  # seconds before each answer
        self.attempts = 0
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self._news = threading.Condition()
        self._hold = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def until(self, count: int, within: float = 20.0) -> list[Body]:
        """Return the accepted bodies once there are `count` of them, or after `within` seconds."""
        with self._news:
            self._news.wait_for(lambda: len(self.bodies) >= count, within)
            return list(self.bodies)

    def close(self) -> None:
        """Stop listening."""
        self._hold.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """Note a post and return its answer."""
        with self._news:
            self.attempts += 1
            code = self.answers.pop(0) if self.answers else 200
            if code == 200:
                self.bodies.append(json.loads(body))
                self.headers.append(headers)
            self._news.notify_all()
        self._hold.wait(self.delay)
        return code

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(hook.take(body, dict(self.headers)))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class StandIn:
    """The pair on real time, ticked by a thread."""

    def __init__(self, config: Config, *, gossip: bool = True) -> None:
        self.post = HttpPost(timeout=10)
        self.pair = Pair(
            config,
            now=lambda: datetime.now(UTC),
            post=self.post,
            gossip=gossip,
            peer_timeout=timedelta(seconds=PEER_TIMEOUT),
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the clock."""
        self._ended.set()
        self._thread.join()
        self.post.close()

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            self.pair.tick(datetime.now(UTC))


class Both:
    """A real Alertmanager (or two) and the stand-in, asked the same at the same time."""

    def __init__(
        self, real: Sequence[Running], stand_in: StandIn, hooks: tuple[Hook, Hook]
    ) -> None:
        self.real = real
        self.stand_in = stand_in
        self.hooks = hooks

    def send(self, *alerts: Body) -> tuple[int, int]:
        """Post alerts to all members of both; return the last status of each."""
        body, code = json.dumps(alerts).encode(), 0
        for one in self.real:
            headers = {"content-type": "application/json"}
            answer = requests.post(
                f"{one.address}/api/v2/alerts", data=body, headers=headers, timeout=5
            )
            code = answer.status_code
        complaints = [self.stand_in.pair.members[i].receive(body) for i in range(len(self.real))]
        return code, 400 if any(complaints) else 200

    def answer(self, *codes: int) -> None:
        """Let both receivers answer so."""
        for hook in self.hooks:
            hook.answers = list(codes)

    def told(self, count: int) -> tuple[list[Body], list[Body]]:
        """Return what each receiver accepted, without times and addresses."""
        real, ours = (hook.until(count) for hook in self.hooks)
        return [plain(one) for one in real], [plain(one) for one in ours]


def plain(body: Body) -> Body:
    """Leave out what must differ: times and the member's address."""
    alerts = [
        {k: v for k, v in alert.items() if k not in {"startsAt", "endsAt"}}
        | {"open": alert["endsAt"] == "0001-01-01T00:00:00Z"}
        for alert in body["alerts"]
    ]
    return {k: v for k, v in body.items() if k != "externalURL"} | {"alerts": alerts}


@pytest.fixture
def real_alertmanager(tmp_path: Path) -> Iterator[Start]:
    """Return a function: (config_webhook_url, token, peers=()) → a real one on loopback."""
    if not binary():
        pytest.skip("no Alertmanager is installed (Debian package prometheus-alertmanager)")
    with ExitStack() as servers:

        def start(
            config_webhook_url: str,
            token: str,
            peers: Sequence[Running] = (),
            config: Config | None = None,
        ) -> Running:
            told = config or quick(Webhook(url=config_webhook_url, token=token))
            folder = tmp_path / f"alertmanager-{len(list(tmp_path.iterdir()))}"
            return servers.enter_context(
                running(told, folder, peers=peers, peer_timeout=PEER_TIMEOUT)
            )

        yield start


@pytest.fixture
def hooks() -> Iterator[tuple[Hook, Hook]]:
    """Yield a receiver for the real one and one for ours."""
    made = Hook(), Hook()
    yield made
    for hook in made:
        hook.close()


@pytest.fixture
def both(real_alertmanager: Start, hooks: tuple[Hook, Hook]) -> Iterator[Callable[..., Both]]:
    """Return a function that starts both with the same configuration."""
    with ExitStack() as running_things:

        def start(
            config: Callable[[Webhook], Config] = quick, *, members: int = 1, **more: Any
        ) -> Both:
            webhooks = [Webhook(url=hook.url, token=TOKEN, **more) for hook in hooks]
            real: list[Running] = []
            for _ in range(members):
                whole = config(webhooks[0])
                real.append(real_alertmanager(hooks[0].url, TOKEN, peers=real, config=whole))
            stand_in = StandIn(config(webhooks[1]))
            running_things.callback(stand_in.close)
            return Both(real, stand_in, hooks)

        yield start


def quick(webhook: Webhook) -> Config:
    """Return a configuration whose times suit a test."""
    return one_webhook(
        webhook,
        receiver="triaged.bot",
        group_by=("alertname", "model"),
        group_wait=timedelta(seconds=0.5),
        group_interval=timedelta(seconds=2),
    )
