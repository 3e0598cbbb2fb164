"""Error budgets from a real Prometheus: 30 days of what the shipped rules record."""

import getpass
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.app import budgets
from bot.app.cli.main import main
from bot.app.opening import opened
from bot.app.settings import load
from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from cluster.rules.budget import spent
from cluster.signals.answers import Trouble
from cluster.signals.promql import Promql
from incidents.budgets import SLOT, Budget
from incidents.commands.incident import Resolve
from incidents.desk import Desk
from incidents.errors import Rejected
from incidents.gathering import Gathering
from incidents.maintenance import Interval, Once, Weekday, Weekly, Window
from incidents.objectives import Consequence, Kind, Objective, Objectives
from incidents.patterns import Which
from storage.memory import MemoryStore
from tests import builders

pytestmark = pytest.mark.server

Samples = Iterable[tuple[Mapping[str, str], float, datetime]]
EACH = timedelta(minutes=1)
DAYS = 30
UP = {"objective": "availability-llama", "kind": "availability", "service": "chat"}
MODEL = {"namespace": "llm-d", "model_name": "llama-3-70b"}
UNSEEN = {"objective": "errors-qwen", "kind": "errors"}
PEOPLE = f"people:\n  - {{id: ann, name: Ann, unix: {getpass.getuser()}, roles: [on-call-sre]}}\n"

PAGE = Path(__file__).parents[3] / "docs" / "error-budgets.md"
SHOWN = re.compile(r"^\$ triaged slo .*\n```\n\n```text\n(.*?)^```", re.DOTALL | re.MULTILINE)

Run = Callable[..., str]


@pytest.fixture(scope="module")
def end() -> datetime:
    return datetime(2026, 1, 30, 16, 2, tzinfo=UTC)


def samples(end: datetime, days: int = DAYS) -> Iterator[tuple[dict[str, str], float, datetime]]:
    """Yield thirty days: 15 minutes down two days ago, 5 yesterday, 2 h of maintenance before."""
    for minute in range(days * 24 * 60):
        at = end - timedelta(days=days) + (minute + 1) * EACH
        ago = (end - at) / timedelta(hours=1)
        yield {"__name__": budgets.BUDGET, **UP}, 0.001, at
        yield {"__name__": budgets.BUDGET, **UNSEEN}, 0.01, at
        yield {"__name__": budgets.SPENT, **UP, **MODEL, "window": "30d"}, 0.5, at
        if 240 <= ago < 242:
            yield {"__name__": budgets.PLANNED, **UP, "namespace": "llm-d"}, 1.0, at
            continue
        down = 47.75 <= ago < 48 or 24 - 5 / 60 <= ago < 24
        yield {"__name__": budgets.EVENTS, **UP, **MODEL}, 1.0, at
        yield {"__name__": budgets.BAD, **UP, **MODEL}, float(down), at


@pytest.fixture(scope="module")
def server(real_prometheus: Callable[[Samples], str], end: datetime) -> str:
    return real_prometheus(samples(end))


def asked(server: str, query: str, end: datetime) -> list[float]:
    """Return the values of a query."""
    with closing(PrometheusClient(server, session=PrometheusSession())) as client:
        found = client.instant(Promql(query), at=end)
    assert not isinstance(found, Trouble), found
    return [row.value for row in found]


def tell(desk: Callable[[datetime], Desk], end: datetime) -> None:
    """Let an incident have been from two days ago on for an hour."""
    began = end - timedelta(hours=48)
    alert = builders.judgement(starts_at=began)
    desk(began).tell("incident-1", builders.report(alert))
    over = began + timedelta(hours=1)
    desk(over).tell("incident-1", Resolve(by="ann", because="restarted"))


def read(
    server: str, end: datetime, promised: Objectives = budgets.NOTHING, *planned: Window
) -> tuple[Budget, ...]:
    store = MemoryStore()
    rules = builders.policy(gathering=Gathering(maintenance=planned))

    def desk(now: datetime) -> Desk:
        return Desk(journal=store.journal, policy=rules, clock=lambda: now)

    tell(desk, end)
    with closing(PrometheusClient(server, session=PrometheusSession())) as client:
        return budgets.read(client, desk(end), at=end, promised=promised)


def test_what_is_left_is_what_was_not_spent(server: str, end: datetime) -> None:
    """A thousandth of thirty days without the two hours of maintenance; twenty minutes are gone."""
    kept, unseen = read(server, end)

    allowed = (timedelta(days=DAYS) - timedelta(hours=2)) * 0.001
    assert kept.left == pytest.approx(1 - timedelta(minutes=20) / allowed, abs=0.02)
    # A slot in which any of it was planned is taken out as a whole.
    assert timedelta() <= kept.planned - timedelta(hours=2) <= SLOT
    assert kept.seen == pytest.approx(1, abs=0.001)
    (one,) = kept.spent
    assert one.incident == 1
    assert one.share == pytest.approx(timedelta(minutes=15) / allowed, abs=0.02)
    assert kept.elsewhere == pytest.approx(timedelta(minutes=5) / allowed, abs=0.02)
    assert kept.burns[timedelta(hours=1)] == 0
    assert kept.burns[timedelta(days=3)] == pytest.approx(20 / (3 * 24 * 60) / 0.001, rel=0.05)
    assert (unseen.ledger.objective, unseen.left, unseen.elsewhere) == ("errors-qwen", None, None)
    assert set(unseen.burns.values()) == {None}


WEDNESDAYS = Weekly(
    weekdays=frozenset({Weekday.WEDNESDAY}),
    at=time(17, 0),
    duration=timedelta(hours=1),
    timezone=ZoneInfo("Europe/Berlin"),
)


@pytest.mark.parametrize(
    ("when", "hours"),
    [
        pytest.param(
            Once(
                interval=Interval(
                    start=datetime(2026, 1, 28, 16, tzinfo=UTC),
                    end=datetime(2026, 1, 28, 17, tzinfo=UTC),
                )
            ),
            3,
            id="once",
        ),
        # Five Wednesdays of the thirty days.
        pytest.param(WEDNESDAYS, 7, id="every-week"),
    ],
)
def test_work_that_only_the_policy_names_is_taken_out_as_well(
    server: str, end: datetime, when: Once | Weekly, hours: int
) -> None:
    """What kept the alerts back was planned, wherever it is written; another place pays."""
    here = Which(labels=(("namespace", "llm-*"),))
    planned = Window(name="nodes", which=here, when=when, reason="new nodes")
    elsewhere = replace(planned, which=Which(labels=(("namespace", "web"),)))
    single = replace(planned, which=replace(here, alerts=("KubeNodeNotReady",)))

    kept, _ = read(server, end, budgets.NOTHING, planned)
    paid, _ = read(server, end, budgets.NOTHING, elsewhere, single)

    assert timedelta() <= kept.planned - timedelta(hours=hours) <= hours * SLOT
    assert kept.spent == ()
    assert kept.left == pytest.approx(1 - 5 / (DAYS * 24 * 60 * 0.001), abs=0.02)
    assert paid == read(server, end)[0]


@pytest.mark.parametrize("days", [pytest.param(3, id="young"), pytest.param(12, id="planned")])
def test_the_recorded_share_is_that_of_the_command(
    real_prometheus: Callable[[Samples], str], end: datetime, days: int
) -> None:
    """A dashboard that shows ten times what the command shows makes both of them guesses."""
    server = real_prometheus(samples(end, days))

    (recorded,) = asked(
        server, spent(timedelta(days=DAYS), only='{objective=~"availability-.*"}'), end
    )
    kept, _ = read(server, end)

    assert kept.left is not None
    assert kept.seen == pytest.approx(days / DAYS, abs=0.01)
    # The planned two hours are 0.3 % of the window.
    assert recorded == pytest.approx(1 - kept.left, rel=0.001)
    # Twenty minutes of 43: what was not seen may have been bad, and is not known to be.
    assert recorded == pytest.approx(20 / 43, abs=0.02)


def test_a_prometheus_without_our_rules_says_so(
    real_prometheus: Callable[[Samples], str], end: datetime
) -> None:
    """No objective, and no objective that is broken, are two things."""
    server = real_prometheus([({"__name__": "up", "job": "a"}, 1.0, end)])

    with pytest.raises(Rejected) as refused:
        read(server, end)

    assert "no objective is recorded there" in str(refused.value)


def test_what_is_promised_and_recorded_nowhere_cannot_be_told(server: str, end: datetime) -> None:
    """A rule file that was never loaded must not look like a promise that is kept."""
    promise = Objective(name="first-token", kind=Kind.TTFT, target=0.95, service="chat")
    known = Objective(name=UP["objective"], kind=Kind.AVAILABILITY, target=0.999)
    off = Objective(name="whole-answer", kind=Kind.LATENCY, target=0.95, off="it streams")
    agreed = (
        Consequence(spent=0.4, then="changes wait"),
        Consequence(spent=1.0, then="only repairs"),
    )
    promised = Objectives(objectives=(promise, known, off), policy=agreed)
    kept, unseen, unrecorded = read(server, end, promised)

    assert (kept.agreed, unseen.agreed) == (("changes wait",), ())
    assert unrecorded.ledger.objective == "first-token"
    assert (unrecorded.left, unrecorded.because[:19]) == (None, "nothing is recorded")
    assert unrecorded.ledger.allowed == pytest.approx(0.05)


@pytest.fixture
def run(
    server: str,
    end: datetime,
    clock: Callable[[datetime], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Give a way to run the command at the end of the samples."""
    (tmp_path / "people.yaml").write_text(PEOPLE)
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'triaged.db'}",
        "CONFIG": str(tmp_path),
        "REHEARSAL": "true",
        "CLOCK_URL": clock(end),
    }.items():
        monkeypatch.setenv(f"TRIAGED_{name}", value)
    with pytest.raises(SystemExit):
        main(["migrate"])

    def typed(*words: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["slo", "--url", server, *words])
        assert left.value.code in (None, 0)
        return capsys.readouterr().out

    return typed


def test_the_page_shows_what_the_command_prints(run: Run, end: datetime) -> None:
    """A page that was true once is believed for ever."""
    with opened(load()) as here:
        journal, policy = here.store.journal, here.desk.policy
        tell(lambda now: Desk(journal=journal, policy=policy, clock=lambda: now), end)
    shown = SHOWN.search(PAGE.read_text("utf-8"))

    assert shown is not None
    assert shown[1] == run()


def test_the_command_prints_it(run: Run) -> None:
    """What cannot be told is null for a program, and said to a person."""
    printed = {"json": run("--json"), "lines": run()}

    kept, unseen = json.loads(printed["json"])["budgets"]
    assert (kept["objective"], kept["target"], kept["window_seconds"]) == (
        "availability-llama",
        0.999,
        30 * 86400,
    )
    assert 0.5 < kept["left"] < 0.56
    assert (unseen["left"], set(unseen["burn"].values())) == (None, {None})
    assert "availability-llama  llm-d/llama-3-70b  99.9 % availability over 30d" in printed["lines"]
    assert "left       cannot tell: nothing is recorded" in printed["lines"]
    with opened(load()) as desk:
        assert desk.desk.journal.last_incident() == 0
