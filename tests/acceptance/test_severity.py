"""Severity from live facts, over HTTP: with a Prometheus that answers, and in every trouble."""

import html
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

import pytest

from bot.app.between import Between
from bot.app.loops.loop import Loop
from bot.app.main import App, built
from bot.app.opening import Opened
from bot.app.server import Server
from bot.app.settings import load
from bot.chat.headline import because
from incidents.desk import Desk
from incidents.incident import Incident
from incidents.policy import Severity
from incidents.timeline import rows
from tests.acceptance.troubled import TROUBLES, Troubled, troubled
from tests.rehearsing import TOKEN

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
MOST_TURNS = 50
TRANSFERS_FAIL = "transfer_failures"
BASE = "more than 5 % of requests fail"
HALF = "at least half of all requests fail (error_ratio 0.6)"
CAN_BE_WRONG = tuple(one for one in TROUBLES if one != "hanging")


@dataclass(slots=True, kw_only=True)
class Office:
    """A desk that is turned by hand; its clock is moved by hand, too."""

    prometheus: Troubled
    now: datetime = NOON
    app: App = field(init=False)
    port: int = field(init=False)

    def turn(self) -> None:
        """Turn every loop until nothing more happens."""
        for _ in range(MOST_TURNS):
            turned = [loop.once() for loop in self.app.loops]
            if not any(turned):
                return
        message = "the loops never come to rest"
        raise AssertionError(message)

    def loop(self, name: str) -> Loop:
        """Return a loop by its name."""
        return next(one for one in self.app.loops if one.name == name)

    def wait(self, seconds: float) -> None:
        """Let time pass, and turn."""
        self.now += timedelta(seconds=seconds)
        self.turn()

    def fire(self, name: str = "LLMDHighErrorRate", *, model: str = "llama", pods: int = 1) -> None:
        """Post a webhook, as Alertmanager does, with an alert for each pod."""
        labels = {"alertname": name, "namespace": "llm-d", "model_name": model}
        alerts = [
            {
                "status": "firing",
                "labels": {**labels, "pod": f"decode-{number}"},
                "annotations": {},
                "startsAt": self.now.isoformat(),
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": f"{number:08x}{crc32(f'{name} {model}'.encode()):08x}",
            }
            for number in range(pods)
        ]
        body = {
            "version": "4",
            "groupKey": "{}:{}",
            "truncatedAlerts": 0,
            "receiver": "triaged",
            "status": "firing",
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager",
            "alerts": alerts,
        }
        request = urllib.request.Request(  # loopback
            f"http://127.0.0.1:{self.port}/webhooks/alertmanager",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # loopback
            assert answer.status == 200

    def incident(self, number: int = 1) -> Incident:
        """Return an incident."""
        return self.app.opened.desk.incident(number)

    def told(self) -> str:
        """Return the timeline."""
        return "\n".join(row.text for row in rows(self.app.opened.desk.history(1)))

    def page(self) -> str:
        """Return the page of the incident."""
        address = f"http://127.0.0.1:{self.port}/incidents/1"
        with urllib.request.urlopen(address, timeout=30) as answer:  # loopback
            return html.unescape(answer.read().decode())


@pytest.fixture
def prometheus() -> Iterator[Troubled]:
    """Serve a Prometheus."""
    with troubled() as made:
        yield made


@pytest.fixture
def office(prometheus: Troubled, tmp_path: Path) -> Iterator[Office]:
    """Make the real desk over it."""
    with opened(prometheus, tmp_path) as made:
        yield made


@contextmanager
def opened(prometheus: Troubled, folder: Path) -> Iterator[Office]:
    """Make a desk with a door, and without Slack and a cluster."""
    (folder / "tokens").write_text(f"alertmanager {TOKEN}\n")
    settings = load(
        {
            "TRIAGED_DATABASE_URL": f"sqlite:///{folder / 'triaged.db'}",
            "TRIAGED_LISTEN": "127.0.0.1:0",
            "TRIAGED_WEBHOOK_TOKENS_FILE": str(folder / "tokens"),
            "TRIAGED_PROMETHEUS_URL": prometheus.address,
            "TRIAGED_POSTMORTEMS": str(folder / "postmortems"),
            "TRIAGED_ROLES": "door,desk",
        }
    )
    office = Office(prometheus=prometheus)

    def by_hand(found: Opened) -> Opened:
        def clock() -> datetime:
            return office.now

        desk = Desk(journal=found.store.journal, policy=found.configuration.policy, clock=clock)
        return replace(found, clock=clock, desk=desk)

    with built(settings, between=Between(opened=by_hand)) as office.app:
        server = Server(office.app.web, host="127.0.0.1", port=0)
        office.port = server.start()
        try:
            yield office
        finally:
            server.stop()


def test_a_live_number_decides_and_stands_in_the_reason(office: Office) -> None:
    """The label says warning; the metrics say that nobody is served."""
    office.fire()
    office.turn()

    incident = office.incident()
    assert (incident.severity, incident.severity_rule) == (Severity.P0, "live:errors-half")
    assert because(incident).startswith(HALF)
    for told in (office.told(), office.page()):
        assert HALF in told
    assert {one.name: one.value for one in incident.seen}["error_ratio"] == "0.6"


@pytest.mark.parametrize("trouble", CAN_BE_WRONG)
def test_what_cannot_be_seen_is_said_and_the_incident_opens(office: Office, trouble: str) -> None:
    """Nothing that is not a number may look like zero, or like an outage."""
    office.prometheus.trouble = trouble
    office.fire()
    office.turn()

    incident = office.incident()
    assert (incident.severity, incident.severity_because) == (Severity.P2, BASE)
    missing = {one.name: one for one in incident.seen}["error_ratio"]
    assert missing.value is None
    short = missing.source.partition(": ")[0]
    whole = ((office.told(), missing.source), (office.page(), missing.source))
    for told, why in ((because(incident), short), *whole):
        assert f"{BASE}; could not see: error ratio" in told
        assert why in told


@pytest.mark.parametrize("trouble", CAN_BE_WRONG)
def test_the_raise_comes_when_prometheus_is_back(office: Office, trouble: str) -> None:
    """It is asked again: nobody has to notice that the first look was in the dark."""
    office.prometheus.trouble = trouble
    office.fire()
    office.turn()
    office.wait(6)
    office.wait(6)
    assert office.incident().severity is Severity.P2
    office.prometheus.trouble = ""
    for _ in range(12):
        office.wait(30)

    incident = office.incident()
    assert (incident.severity, incident.severity_rule) == (Severity.P0, "live:errors-half")
    assert f"severity P2 → P0: {HALF}" in office.told()
    assert "looked again at what LLMDHighErrorRate rests on: error ratio 0.6" in office.told()
    assert "could not see: error ratio" not in because(incident)
    assert office.told().count("looked again") == 1


def test_a_prometheus_that_hangs_is_waited_for_once(office: Office) -> None:
    """Of two models that break one after the other, the second opens without waiting."""
    office.prometheus.trouble = "hanging"
    office.fire(model="llama")
    office.turn()
    asked = len(office.prometheus.asked)
    office.fire(model="mistral")
    office.turn()

    late = "could not see: error ratio"
    why = "Prometheus did not answer within 3 s"
    for number in (1, 2):
        said = because(office.incident(number))
        assert late in said
        assert why in said
    assert len(office.prometheus.asked) == asked


def test_a_slow_prometheus_is_believed(office: Office) -> None:
    """The pods come of its own series, and their numbers after that: all of it has three seconds.

    Where it was too slow even for that, it says so, and what it tells is seen the next time.
    """
    office.prometheus.trouble = "slow"
    office.prometheus.transfers = "0.6"
    office.prometheus.ratio = "0.001"
    office.fire("LLMDGPUHighUtilization")
    office.turn()
    missing = {one.source for one in office.incident().seen if one.name == TRANSFERS_FAIL}
    for _ in range(3):
        office.wait(30)

    incident = office.incident()
    assert (incident.severity, incident.severity_rule) == (Severity.P1, "live:failed-transfers")
    assert "(transfer_failures 0.6 transfers/s)" in because(incident)
    assert not any("has no pods" in each for each in missing)


def test_a_storm_asks_once(office: Office) -> None:
    """A hundred pods of one model, in ten deliveries: Prometheus is slow enough as it is."""
    office.fire("Unheard0", pods=10)
    office.turn()
    asked = len(office.prometheus.asked)
    for number in range(1, 10):
        office.fire(f"Unheard{number}", pods=10)
        office.turn()

    assert len(office.incident().alerts) == 100
    assert len(office.prometheus.asked) == asked


def test_nothing_lowers_an_open_incident(office: Office) -> None:
    """The ratio falls while people work: that is their success, and no reason to go home."""
    office.fire()
    office.turn()
    office.prometheus.ratio = "0.001"
    for _ in range(5):
        office.wait(60)
    office.fire("EPPCriticalErrorRatio")
    office.turn()

    assert office.incident().severity is Severity.P0
