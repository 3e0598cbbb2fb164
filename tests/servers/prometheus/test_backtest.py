"""Backtest: what a real Prometheus remembers gives the incidents that its webhooks would have."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app.backtest import grouping, history
from bot.app.backtest.history import History
from bot.app.backtest.outcome import Outcome, outcome
from bot.app.backtest.replay import Replay
from bot.app.cli.main import main
from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from drills.alertmanager.config import Config, Receiver, Route, Webhook
from drills.alertmanager.matchers import parse
from drills.alertmanager.member import Alertmanager
from drills.alertmanager.pair import Pair
from incidents.alert import Alert
from incidents.default_policy import default_policy

pytestmark = pytest.mark.server

Samples = Iterable[tuple[Mapping[str, str], float, datetime]]
STEP = timedelta(minutes=1)
DAYS = 30
TICK = timedelta(seconds=15)
LATE = timedelta(minutes=6)
"""A step of the history, and the turns of a group."""
POLICY = default_policy()
PAGE = Path(__file__).parents[3] / "docs" / "backtest.md"
SHOWN = re.compile(r"^\$ triaged backtest .*\n```\n\n```text\n(.*?)^```", re.DOTALL | re.MULTILINE)

Run = Callable[..., tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """An alert as it was: `ends_at` is None where it fires to this day."""

    labels: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None


def fired(end: datetime) -> list[Fired]:
    """Return what fired within the thirty days before `end`, and a little before them."""

    def one(name: str, ago: float, minutes: float | None, **labels: str) -> Fired:
        start = end - timedelta(hours=ago)
        over = None if minutes is None else start + timedelta(minutes=minutes)
        known = {"alertname": name, "namespace": "llm", "model_name": "llama"}
        return Fired(labels={**known, **labels}, starts_at=start, ends_at=over)

    storm = [one("VLLMPreemptionsHigh", 700, 40 + n, pod=f"decode-{n}") for n in range(20)]
    flapping = [one("LLMDRequestQueueBuildup", 500 - n / 3, 8, model_name="qwen") for n in range(8)]
    again = [one("VLLMQueueBuildUp", 300 - n * 30, 25, namespace="batch") for n in range(5)]
    return [
        *storm,
        *flapping,
        *again,
        one("KubePodCrashLooping", 600, 26 * 60, severity="warning", pod="router-0"),
        one("KubePodCrashLooping", 590, 90, severity="critical", pod="router-1"),
        one("LLMDServiceDown", 200, 12),
        one("VLLMQueueBuildUp", 199.95, 30),
        one("NobodyKnowsIt", 150, 3, namespace="", model_name=""),
        one("DCGMXidError", 24 * DAYS + 48, 49 * 60, model_name="mistral"),
        one("VLLMPreemptionsHigh", 2, None, pod="decode-7"),
        one("Watchdog", 24 * DAYS + 48, None, namespace="", model_name=""),
    ]


def samples(
    alerts: Iterable[Fired], end: datetime
) -> Iterator[tuple[dict[str, str], float, datetime]]:
    """Yield what Prometheus' rules write: ALERTS and ALERTS_FOR_STATE, once a step."""
    begin = end - timedelta(days=DAYS, hours=2)
    every = list(alerts)
    at = begin
    while at <= end:
        for alert in every:
            labels = {name: value for name, value in alert.labels.items() if value}
            waiting = alert.starts_at - 2 * STEP <= at < alert.starts_at
            over = alert.ends_at is not None and at >= alert.ends_at
            if waiting or (alert.starts_at <= at and not over):
                state = "pending" if waiting else "firing"
                active = (alert.starts_at - 2 * STEP).timestamp()
                yield {"__name__": "ALERTS", "alertstate": state, **labels}, 1.0, at
                yield {"__name__": "ALERTS_FOR_STATE", **labels}, active, at
        at += STEP


def chosen(_: Alert) -> tuple[str, str]:
    """Return a runbook: which one is not what this is about."""
    return "triage", "nothing else matches"


def posted(alerts: Iterable[Fired], end: datetime) -> Outcome:
    """Return what there is when the same alerts come as webhooks of an Alertmanager."""
    start = end - timedelta(days=DAYS)
    desk = Replay(policy=POLICY, choose=chosen, start=start)
    now = start
    bodies = list[tuple[datetime, bytes]]()

    def post(_: Webhook, body: bytes) -> Future[int]:
        bodies.append((now, body))
        answer = Future[int]()
        answer.set_result(200)
        return answer

    member = _member(lambda: now, post)
    changes = sorted({at for one in alerts for at in (one.starts_at, one.ends_at) if at})
    while now < end:
        for alert in alerts:
            if max(alert.starts_at, start) <= now < max(alert.starts_at, start) + TICK:
                member.receive(_sent(alert, None))
            if alert.ends_at and alert.ends_at <= now < alert.ends_at + TICK:
                member.receive(_sent(alert, alert.ends_at))
        member.tick(now)
        following = min((at for at in changes if at > now), default=end)
        # Far from every change nothing of the Alertmanager's can happen either.
        quiet = now - max((at for at in changes if at <= now), default=now) > timedelta(minutes=10)
        now = max(now + TICK, following) if quiet else now + TICK
    for at, body in bodies:
        desk.post(body, at=at)
    desk.finish(at=end)
    return outcome(desk.desk, ())


def _member(now: Callable[[], datetime], post: Callable[..., Future[int]]) -> Alertmanager:
    webhook = Webhook(url="http://desk/hook", token="t")
    urgent, usual = grouping.TIMINGS
    config = Config(
        route=Route(
            receiver="triaged",
            group_by=grouping.GROUP_BY,
            group_wait=usual.wait,
            group_interval=usual.interval,
            repeat_interval=timedelta(days=365),
            routes=(
                Route(
                    matchers=(parse(f'severity=~"{"|".join(sorted(urgent.severities))}"'),),
                    group_wait=urgent.wait,
                    group_interval=urgent.interval,
                ),
            ),
        ),
        receivers=(Receiver(name="triaged", webhooks=(webhook,)),),
    )
    return Pair(config, now=now, post=post, gossip=False).members[0]


def _sent(alert: Fired, ends_at: datetime | None) -> bytes:
    ends = ends_at or alert.starts_at + timedelta(days=365)
    labels = {name: value for name, value in alert.labels.items() if value}
    sent = {"labels": labels, "annotations": {"summary": "as it was"}}
    times = {"startsAt": alert.starts_at.isoformat(), "endsAt": ends.isoformat()}
    return json.dumps([{**sent, **times}]).encode()


def remembered(server: str, end: datetime) -> tuple[History, Outcome]:
    """Return the same, from what the server remembers."""
    with ExitStack() as stack:
        client = stack.enter_context(closing(PrometheusClient(server, session=PrometheusSession())))
        wanted = history.period(client, end=end, days=DAYS, step=None)
        found = history.read(client, wanted, without=POLICY.never_open, tell=lambda _: None)
    desk = Replay(policy=POLICY, choose=chosen, start=wanted.start)
    desk.run(grouping.notices(found.occurrences), end=wanted.end)
    return found, outcome(desk.desk, found.occurrences)


@pytest.fixture(scope="module")
def end() -> datetime:
    return datetime(2026, 1, 30, 16, 11, tzinfo=UTC)


@pytest.fixture(scope="module")
def server(real_prometheus: Callable[[Samples], str], end: datetime) -> str:
    return real_prometheus(samples(fired(end), end))


def told(found: Outcome) -> list[object]:
    """Return what must be alike: everything but words that annotations bring, and seconds."""
    return [
        (
            one.key,
            one.severity,
            one.because,
            one.rule,
            one.alerts,
            one.occurrences,
            one.reopened,
            one.follows,
            one.hidden_under,
            one.announced_in,
        )
        for one in found.incidents
    ]


def test_the_past_gives_the_incidents_that_the_webhooks_gave(server: str, end: datetime) -> None:
    """Whoever switches paging on believes these numbers."""
    _, ours = remembered(server, end)
    theirs = posted(fired(end), end)

    assert told(ours) == told(theirs)
    assert len(ours.incidents) > 8
    assert [(one.incident, one.severity, one.roles) for one in ours.pages] == [
        (one.incident, one.severity, one.roles) for one in theirs.pages
    ]
    for mine, real in zip(ours.incidents, theirs.incidents, strict=True):
        assert abs(mine.opened_at - real.opened_at) < LATE
        assert (mine.resolved_at is None) == (real.resolved_at is None)
    assert ours.kept == theirs.kept


def test_every_occurrence_is_found_with_its_times(server: str, end: datetime) -> None:
    """One that is lost, or split in two, is a page too few or too many."""
    found, _ = remembered(server, end)
    real = [one for one in fired(end) if one.labels["alertname"] != "Watchdog"]

    ours = sorted((dict(one.labels)["alertname"], one.starts_at) for one in found.occurrences)
    theirs = sorted((one.labels["alertname"], one.starts_at) for one in real)
    assert [name for name, _ in ours] == [name for name, _ in theirs]
    # One that fired before the history begins is known by when it became active.
    assert all(abs(a - b) <= 2 * STEP for (_, a), (_, b) in zip(ours, theirs, strict=True))
    assert [one.name for one in found.occurrences if one.cut] == ["DCGMXidError"]
    assert [one.name for one in found.occurrences if one.ends_at is None] == ["VLLMPreemptionsHigh"]
    assert found.gaps == ()


@pytest.fixture
def run(
    server: str,
    end: datetime,
    clock: Callable[[datetime], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Give a way to run the command at the end of the samples; it returns both its outputs."""
    for name in ("CONFIG", "PROMETHEUS_URL"):
        monkeypatch.delenv(f"TRIAGED_{name}", raising=False)
    monkeypatch.setenv("TRIAGED_REHEARSAL", "true")
    monkeypatch.setenv("TRIAGED_CLOCK_URL", clock(end))

    def typed(*words: str) -> tuple[str, str]:
        with pytest.raises(SystemExit) as left:
            main(["backtest", "--days", str(DAYS), "--url", server, *words])
        assert left.value.code in (None, 0)
        return capsys.readouterr()

    return typed


def test_the_page_shows_what_the_command_prints(run: Run, server: str) -> None:
    """A page that was true once is believed for ever; where it leaves rows out it says so."""
    shown = SHOWN.search(PAGE.read_text("utf-8"))
    assert shown is not None
    first, last = shown[1].split("…\n")
    printed, _ = run()
    found = printed.replace(server, "http://prometheus:9090")

    assert found.startswith(first)
    assert found.endswith(last)


def test_the_command_prints_it_for_programs(run: Run) -> None:
    """A script compares numbers, not tables."""
    out, err = run("--json")

    found: dict[str, Any] = json.loads(out)
    assert found["incidents"]
    assert {row["severity"] for row in found["by_severity"]} == {"P0", "P1", "P2", "P3"}
    assert any("live facts" in line for line in found["could_not_know"])
    assert err.count("read to ") >= DAYS


def test_a_history_that_is_shorter_than_asked_for_says_so(
    real_prometheus: Callable[[Samples], str], end: datetime
) -> None:
    """Three quiet weeks and three weeks of nothing are two things."""
    young = [({"__name__": "up", "job": "a"}, 1.0, end - n * STEP) for n in range(3 * 24 * 60)]
    found, result = remembered(real_prometheus(reversed(young)), end)

    ((start, over),) = found.gaps
    assert start == found.period.start
    assert abs(over - (end - timedelta(days=3))) < timedelta(hours=2)
    assert result.incidents == ()


def test_a_prometheus_that_is_away_is_no_quiet_month(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Nothing found, and nobody asked, are two things."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["backtest", "--url", "http://127.0.0.1:9"])

    assert left.value.code == 1
    assert "Prometheus cannot be reached" in capsys.readouterr().err
