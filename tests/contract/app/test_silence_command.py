"""`triaged silence` over the wire: made, listed, ended, and honest about what it cannot tell."""

import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app.cli.main import main
from bot.app.opening import opened
from bot.app.settings import load
from cluster.clients.alertmanager import AlertmanagerClient, Found
from incidents.commands.silence import AskSilence
from incidents.matchers import parse
from incidents.silence import silence_stream
from incidents.timeline import rows
from tests import builders
from tests.silences import stand_ins

PEOPLE = f"people:\n  - {{id: ann, name: Ann, unix: {getpass.getuser()}, roles: [on-call-sre]}}\n"
NAME = "alertname=VLLMPreemptionsHigh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return what a machine reads."""
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture
def pair() -> Iterator[dict[str, str]]:
    """Serve two stand-ins that gossip."""
    with stand_ins() as addresses:
        yield addresses


@pytest.fixture
def run(
    tmp_path: Path,
    pair: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Give a way to run a command at a desk that has one open incident."""
    (tmp_path / "people.yaml").write_text(PEOPLE)
    monkeypatch.setenv("TRIAGED_DATABASE_URL", f"sqlite:///{tmp_path / 'triaged.db'}")
    monkeypatch.setenv("TRIAGED_CONFIG", str(tmp_path))
    monkeypatch.setenv("TRIAGED_ALERTMANAGER_URLS", ",".join(pair.values()))

    def ended(*words: str) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(words)
        printed = capsys.readouterr()
        code = left.value.code
        return Ended(status=code if isinstance(code, int) else 0, out=printed.out, err=printed.err)

    assert ended("migrate").status == 0
    with opened(load()) as desk:
        desk.desk.tell(builders.INCIDENT, builders.report(builders.judgement()))
    return ended


def create(run: Run, *more: str, matcher: str = NAME, lasting: str = "2h") -> Ended:
    words = ["silence", "create", "1", "--matcher", matcher, "--for", lasting]
    return run(*words, "--because", "a known fault", *more)


def seen(address: str) -> tuple[Found, ...]:
    """Return what an Alertmanager has."""
    with closing(AlertmanagerClient(address)) as client:
        return client.silences()


def told() -> list[str]:
    """Return the timeline's rows about silences."""
    with opened(load()) as desk:
        return [one.text for one in rows(desk.desk.history(1)) if one.stream.startswith("silence")]


def test_a_silence_is_made_at_every_alertmanager_and_told(run: Run, pair: dict[str, str]) -> None:
    """Who, why, until when, which alerts, under which ids: on the timeline, and at both."""
    made = create(run, "--json")

    found = {name: seen(name) for name in pair.values()}
    (stood,) = {one for there in found.values() for one in there}
    assert (made.status, made.json["state"]) == (0, "standing")
    # They gossip: the second had it already, and did not get another one.
    assert made.json["ids"] == dict.fromkeys(pair.values(), stood.id)
    assert stood.comment == "INC-1 silence-1-1: a known fault (Ann, through triaged)"
    assert (stood.state, stood.created_by) == ("active", "Ann")
    assert stood.matchers == (parse(NAME),)
    asked, *stands = told()
    assert asked.endswith('asked for by ann: alertname="VLLMPreemptionsHigh": a known fault')
    assert stands == [f"silenced at {name}, as {stood.id}" for name in pair.values()]


def test_a_silence_is_ended_everywhere_and_told(run: Run, pair: dict[str, str]) -> None:
    """Whoever ends it wants to be called again, by all of them."""
    create(run)

    ended = run("silence", "expire", "silence-1-1", "--because", "it is over", "--json")

    assert (ended.status, ended.json["state"]) == (0, "ended")
    assert {one.state for name in pair.values() for one in seen(name)} == {"expired"}
    assert told()[-3:] == [
        "the silence is ended by ann: it is over",
        *(f"no longer silenced at {name}" for name in sorted(pair.values())),
    ]
    assert run("silence", "expire", "silence-1-1", "--because", "again").status == 2


def test_an_alertmanager_that_is_away_is_named(
    run: Run, pair: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a silence is better than none, and must not look whole."""
    away = "http://127.0.0.1:9"
    here = pair["am-0"]
    monkeypatch.setenv("TRIAGED_ALERTMANAGER_URLS", f"{here},{away}")

    made = create(run, "--json")
    listed = run("silence", "list", "--json")

    assert (made.status, list(made.json["ids"])) == (0, [here])
    assert list(made.json["failed"]) == [away]
    (one,) = listed.json
    assert one["there"][here] == "active"
    assert one["there"][away].startswith("cannot tell: ")


def test_nowhere_made_is_a_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that goes on would believe in silence."""
    monkeypatch.setenv("TRIAGED_ALERTMANAGER_URLS", "http://127.0.0.1:9")

    made = create(run)

    assert made.status == 1
    assert "silence-1-1  INC-1  failed" in made.out
    assert made.err == "triaged: silence-1-1: no Alertmanager is known to have it\n"


def test_after_a_crash_the_doubt_shows_and_can_be_ended(run: Run, pair: dict[str, str]) -> None:
    """The answer was lost: what may stand is found by its mark, and not made a second time."""
    create(run)
    crashed = silence_stream(1, 2)
    with opened(load()) as desk:
        desk.desk.tell(
            crashed,
            AskSilence(
                incident=1,
                matchers=(parse(NAME),),
                until=desk.clock() + timedelta(hours=1),
                by="ann",
                because="crash",
                at=tuple(pair.values()),
            ),
        )
    listed = run("silence", "list", "--incident", "1", "--json").json
    ended = run("silence", "expire", crashed, "--because", "in doubt", "--json")

    assert [one["state"] for one in listed] == ["in doubt", "standing"]
    assert set(listed[0]["there"].values()) == {"not there"}
    assert (ended.status, ended.json["state"]) == (0, "ended")
    # The other one stands as before.
    assert {one.state for one in seen(pair["am-0"])} == {"active"}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        pytest.param({"matcher": "alertname!=Watchdog"}, "silences nearly everything", id="all"),
        pytest.param({"matcher": "pod=decode-1"}, "no alert of INC-1 is like this", id="none"),
        pytest.param({"matcher": 'pod=~"("'}, "does not compile", id="no-expression"),
        pytest.param({"matcher": "pod"}, "expected name=value", id="no-matcher"),
        pytest.param({"lasting": "8d"}, "within 168 h", id="too-long"),
        pytest.param({"lasting": "0s"}, "ends in the future", id="no-time"),
        pytest.param({"lasting": "ever"}, "--for: 'ever' is no duration", id="no-end"),
    ],
)
def test_a_silence_that_is_a_danger_is_refused(
    run: Run, pair: dict[str, str], words: dict[str, str], complaint: str
) -> None:
    """The sentence says what is wrong, and no Alertmanager was asked."""
    ended = create(run, **words)

    assert (ended.status, complaint in ended.err) == (2, True), ended.err
    assert seen(pair["am-0"]) == ()
    assert told() == []


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        pytest.param(["create", "7", "--matcher", NAME, "--for", "1h"], "no INC-7", id="unknown"),
        pytest.param(["expire", "incident-1"], "'incident-1' is no silence", id="no-silence"),
        pytest.param(["expire", "silence-1-9"], "there is no silence-1-9", id="no-such-silence"),
    ],
)
def test_what_is_not_there_is_named(run: Run, command: list[str], complaint: str) -> None:
    """A wrong number silences nothing."""
    ended = run("silence", *command, "--because", "x")

    assert (ended.status, complaint in ended.err) == (2, True), ended.err


def test_a_resolved_incident_is_silenced_no_more(run: Run) -> None:
    """What fires later is another problem."""
    run("incident", "resolve", "1", "--because", "done")

    ended = create(run)

    assert (ended.status, ended.err) == (2, "triaged: INC-1 was resolved by ann\n")


def test_without_an_alertmanager_it_says_what_to_set(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody should have to guess the name of a setting."""
    monkeypatch.setenv("TRIAGED_ALERTMANAGER_URLS", "")

    ended = create(run)

    assert (ended.status, ended.err) == (
        2,
        "triaged: no Alertmanager: set TRIAGED_ALERTMANAGER_URLS\n",
    )


def test_an_alertmanager_that_was_taken_out_is_not_asked(
    run: Run, pair: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our token goes to those who are configured, not to whom the journal names."""
    create(run)
    monkeypatch.setenv("TRIAGED_ALERTMANAGER_URLS", pair["am-0"])

    ended = run("silence", "expire", "silence-1-1", "--because", "x", "--json")

    assert ended.status == 1
    assert ended.json["in_doubt"] == {
        pair["am-1"]: "it is not among the configured Alertmanagers any more"
    }
