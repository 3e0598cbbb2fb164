"""`triaged classify`: what the desk would say of a saved delivery, and of the past."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alert_webhooks.door import CAP
from bot.app import saved
from bot.app.backtest.comparing import NEVER
from bot.app.cli.main import main
from bot.app.cli.replayed import LIMIT
from bot.app.opening import opened
from bot.app.settings import load
from incidents.facts import FACTS
from tests import builders
from tests.alert_webhooks import bodies
from tests.bot.intake.desks import Office

Run = Callable[..., tuple[int, str, str]]
ERRORS = {
    "alertname": "EPPCriticalErrorRatio",
    "severity": "critical",
    "namespace": "llm-d",
    "model_name": "llama",
}


TWICE = """
correlation:
  thresholds:
    - {name: twice, alerts: [VLLMPreemptionsHigh], count: 2, within: 10m}
"""
WAITS = "below the threshold twice: 2 within 10 min are an incident"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run a command in a folder of its own: status, output, errors."""
    monkeypatch.setenv("TRIAGED_DATABASE_URL", f"sqlite:///{tmp_path / 'triaged.db'}")
    monkeypatch.chdir(tmp_path)

    def ended(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(words)
        printed = capsys.readouterr()
        code = left.value.code
        return code if isinstance(code, int) else 0, printed.out, printed.err

    return ended


def body(folder: Path, *alerts: Mapping[str, str], **more: str) -> str:
    """Save a delivery of these alerts; return the name of its file."""
    told = [
        {
            "status": "firing",
            "labels": labels,
            "annotations": {},
            "startsAt": "2026-08-22T10:00:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus/graph",
            "fingerprint": f"a1b2c3d4e5f6071{number}",
            **more,
        }
        for number, labels in enumerate(alerts)
    ]
    notification = {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "receiver": "triaged",
        "status": "firing",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": told,
    }
    (folder / "body.json").write_text(json.dumps(notification))
    return "body.json"


def answered(run: Run, *words: str) -> list[dict[str, Any]]:
    """Return the answers for machines."""
    status, out, err = run("classify", *words, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


def test_each_alert_is_one_answer(run: Run, tmp_path: Path) -> None:
    """A delivery holds what Alertmanager put together, and that is not one thing."""
    preempted = {"alertname": "VLLMPreemptionsHigh", "namespace": "llm-d", "model_name": "llama"}
    file = body(tmp_path, ERRORS, preempted, {"alertname": "Watchdog", "severity": "none"})

    first, second, third = answered(run, file)

    assert (first["severity"], first["rule"]) == ("P0", "catalogue:EPPCriticalErrorRatio")
    assert (first["mode"], first["runbook"]) == ("RB-03", "high-error-rate")
    assert first["target"] == {
        "cluster": "local",
        "namespace": "llm-d",
        "model": "llama",
        "role": "",
        "key": "local/llm-d/llama",
    }
    assert {"name": "error_ratio", "why": "nobody was asked"} in first["unavailable"]
    assert "error_ratio above 0.1 makes it P1" not in first["would_change"]
    assert "error_ratio at most 0.1 makes it P2" in first["would_change"]
    assert (second["mode"], second["runbook"]) == ("RB-12", "cache-evictions")
    assert (third["alert"], third["opens"]) == ("Watchdog", False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("facts.yaml", "error_ratio: 0.25\nsecond_pool_healthy: null\n", id="yaml"),
        pytest.param(
            "facts.json", '{"error_ratio": 0.25,\n "second_pool_healthy": null}', id="json"
        ),
    ],
)
def test_facts_come_from_a_file(run: Run, tmp_path: Path, name: str, text: str) -> None:
    """What is known is said beside what is not, each with where it is from."""
    (tmp_path / name).write_text(text)

    (found,) = answered(run, body(tmp_path, ERRORS), "--facts", name)

    assert (found["severity"], found["rule"]) == ("P1", "live:errors-below-half")
    assert found["inputs"][0] == {
        "name": "error_ratio",
        "value": 0.25,
        "unit": "ratio",
        "source": f"{name}:1",
    }
    missing = {one["name"]: one["why"] for one in found["unavailable"]}
    assert missing["second_pool_healthy"] == f"{name} says that it is not known"
    assert missing["ttft_p95"] == f"{name} does not say"


def test_the_canary_makes_failed_transfers_the_worst(run: Run, tmp_path: Path) -> None:
    """An answer that is wrong and looks right is worse than none."""
    (tmp_path / "facts.yaml").write_text("transfer_failures: 0.2\ncanary_differs: true\n")
    file = body(tmp_path, {"alertname": "NIXLTransferFailures"})

    (without,) = answered(run, file)
    (found,) = answered(run, file, "--facts", "facts.yaml")

    assert (without["severity"], found["severity"]) == ("P1", "P0")
    assert found["because"].startswith("possible wrong output")


def test_people_read_lines(run: Run, tmp_path: Path) -> None:
    """The same, one thing a line, and hostile text as text."""
    (tmp_path / "facts.yaml").write_text("error_ratio: 0.96\n")
    hostile = {**ERRORS, "model_name": "a\x1b[2Jb"}

    status, out, _ = run("classify", body(tmp_path, hostile), "--facts", "facts.yaml")

    lines = out.splitlines()
    because = "more than one request in five fails; at least half of all requests fail"
    assert status == 0
    assert lines[0] == f"P0  EPPCriticalErrorRatio: {because} (error_ratio 0.96)"
    assert r"    target       llm-d/a\x1b[2Jb" in lines
    assert "    mode         RB-03: high error ratio" in lines
    assert "    known        error_ratio 0.96 (facts.yaml:1)" in lines
    assert "    would change error_ratio at most 0.02 makes it P3" in lines


def test_an_alert_without_any_label_but_its_name_is_placed(run: Run, tmp_path: Path) -> None:
    """Upstream's absent() rules arrive so."""
    status, out, _ = run("classify", body(tmp_path, {"alertname": "EPPMetricsAbsent"}))

    assert status == 0
    assert "    target       its labels name none" in out.splitlines()


def test_live_says_where_nobody_can_be_asked(run: Run, tmp_path: Path) -> None:
    """It must not look as if the world had been looked at."""
    (found,) = answered(run, body(tmp_path, ERRORS), "--live")

    assert {one["why"] for one in found["unavailable"]} == {
        "neither Prometheus nor a cluster is configured"
    }


def test_a_policy_is_tried_before_it_is_in_force(run: Run, tmp_path: Path) -> None:
    """The file that somebody is about to roll out."""
    (tmp_path / "new.yaml").write_text(
        "alerts:\n  EPPCriticalErrorRatio: {severity: P3, because: we know}\n"
    )

    (found,) = answered(run, body(tmp_path, ERRORS), "--policy", "new.yaml")

    assert (found["severity"], found["because"]) == ("P3", "we know")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param("error_rate: 1\n", "1: no fact is called 'error_rate'; known", id="unknown"),
        pytest.param("waiting: 1\nserving: 7\n", "2: serving: expected true or", id="no-truth"),
        pytest.param("waiting: many\n", "1: waiting: expected a number, found 'many'", id="word"),
        pytest.param("waiting: true\n", "1: waiting: expected a number, found True", id="truth"),
        pytest.param(
            "failure_mode: Fail\n",
            "1: failure_mode: expected one of FailOpen, FailClose, found 'Fail'",
            id="no-such-word",
        ),
        pytest.param(
            "waiting: 1\nerror_ratio: -1\n",
            "2: error_ratio: expected 0 or more, found -1",
            id="below-what-it-can-be",
        ),
        pytest.param(
            "affected_share: 1.5\n",
            "1: affected_share: expected from 0 to 1, found 1.5",
            id="above-what-it-can-be",
        ),
        pytest.param("waiting: [1]\n", "1: waiting: expected one value", id="list"),
        pytest.param("- 1\n", "1: expected names of facts and their values", id="no-names"),
        pytest.param("waiting: 1\nwaiting: 2\n", "2: waiting stands here twice", id="twice"),
        pytest.param("", "1: the file is empty", id="empty"),
    ],
)
def test_a_wrong_fact_is_refused_with_its_line(
    run: Run, tmp_path: Path, text: str, wrong: str
) -> None:
    """A misspelt fact would be one that nobody knows, and change nothing."""
    (tmp_path / "facts.yaml").write_text(text)

    status, out, err = run("classify", body(tmp_path, ERRORS), "--facts", "facts.yaml")

    assert (status, out) == (2, "")
    assert err.startswith(f"triaged: facts.yaml:{wrong}")


@pytest.mark.parametrize(
    "name", [name for name, fact in FACTS.items() if fact.unit == "ratio"], ids=str
)
def test_a_percentage_is_no_ratio(run: Run, tmp_path: Path, name: str) -> None:
    """Whoever means 7 % and is told P0 wakes everybody; what Prometheus measures may be above 1."""
    (tmp_path / "facts.yaml").write_text(f"waiting: 1\n{name}: 7\n")
    file = body(tmp_path, ERRORS)

    refused = run("classify", file, "--facts", "facts.yaml")
    (tmp_path / "facts.yaml").write_text(f"{name}: 1\n")

    status, _, err = refused
    said = "expected from 0 to 1, found 7; a share of all, so that 7 % is written as 0.07"
    assert (status, err) == (2, f"triaged: facts.yaml:2: {name}: {said}\n")
    assert run("classify", file, "--facts", "facts.yaml")[0] == 0


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        pytest.param((), "name the file of a saved webhook body, or --replay", id="nothing"),
        pytest.param(("gone.json",), "gone.json: No such file or directory", id="no-body"),
        pytest.param(
            ("body.json", "--facts", "gone"), "gone: No such file or directory", id="no-facts"
        ),
        pytest.param(
            ("body.json", "--facts", "x", "--live"),
            "--facts and --live: facts come from one of them",
            id="two-sources",
        ),
        pytest.param(
            ("body.json", "--replay"),
            "--replay takes what was delivered and known then: no file, no facts, not live",
            id="replay-of-a-file",
        ),
        pytest.param(
            ("body.json", "--policy", "gone"), "gone: No such file or directory", id="no-policy"
        ),
        pytest.param(("broken.json",), "broken.json: ", id="broken-body"),
        pytest.param(
            ("/dev/zero",), "/dev/zero: it is larger than 16 MiB", id="a-body-without-an-end"
        ),
        pytest.param(
            ("body.json", "--facts", "/dev/zero"),
            "/dev/zero: it is larger than 16 MiB",
            id="facts-without-an-end",
        ),
        pytest.param(("body.json", "--facts", "raw"), "raw: it is no text in UTF-8", id="bytes"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    run: Run, tmp_path: Path, words: tuple[str, ...], wrong: str
) -> None:
    """Whoever mistypes at night must not read a traceback."""
    body(tmp_path, ERRORS)
    (tmp_path / "broken.json").write_text('{"version": "4"')
    (tmp_path / "raw").write_bytes(b"\xff")

    status, out, err = run("classify", *words)

    assert (status, out) == (2, "")
    assert err.startswith(f"triaged: {wrong}")
    assert err.count("\n") == 1


def test_a_file_may_be_as_large_as_what_the_door_takes() -> None:
    """What was delivered can be classified."""
    assert saved.LARGEST == CAP


def test_alerts_that_were_left_out_are_counted(run: Run, tmp_path: Path) -> None:
    """An answer about nine of ten alerts must not look like one about all of them."""
    whole = run("classify", body(tmp_path, ERRORS))[1]
    file = tmp_path / "body.json"
    file.write_text(file.read_text().replace('"truncatedAlerts": 0', '"truncatedAlerts": 9'))

    lines = run("classify", "body.json")[1].splitlines()
    (found,) = answered(run, "body.json")

    assert lines[-1] == "9 more alerts were left out of it (truncatedAlerts)"
    assert found["truncated_alerts"] == 9
    assert "left out" not in whole


def test_every_fact_can_be_given(run: Run, tmp_path: Path) -> None:
    """A fact that only a machine can tell cannot be tried out."""
    values = {name: _some(name) for name in FACTS}
    (tmp_path / "facts.json").write_text(json.dumps(values))

    (found,) = answered(run, body(tmp_path, ERRORS), "--facts", "facts.json")

    assert found["unavailable"] == []


def delivered(*bodies: bytes) -> None:
    """Let a desk take up deliveries, as it does that serves."""
    with opened(load(), migrate=True) as there:
        office = Office(store=there.store, now=there.clock())
        office.deliver(*bodies)


def tables(file: Path) -> list[str]:
    """Return everything that a database holds."""
    with closing(sqlite3.connect(file)) as database:
        return list(database.iterdump())


@pytest.mark.parametrize(
    ("policy", "differs"),
    [
        pytest.param("hold: 3m\n", [], id="nothing"),
        pytest.param(
            "alerts:\n  VLLMPreemptionsHigh: {severity: P0, because: our only model}\n",
            [("P2", "P0", "VLLMPreemptionsHigh: our only model", ["severity"])],
            id="worse",
        ),
        pytest.param(
            "never_open: [VLLMPreemptionsHigh]\n",
            [
                (
                    "P2",
                    None,
                    f"VLLMPreemptionsHigh opens nothing: {NEVER}",
                    ["not opened"],
                )
            ],
            id="never",
        ),
        pytest.param(
            TWICE,
            [
                (
                    "P2",
                    None,
                    f"VLLMPreemptionsHigh is kept back: {WAITS}",
                    ["not opened"],
                )
            ],
            id="threshold",
        ),
    ],
)
def test_the_past_is_judged_by_another_policy(
    run: Run, tmp_path: Path, policy: str, differs: list[tuple[str, str | None, str, list[str]]]
) -> None:
    """Whoever changes the policy sees whom it would have woken, and whom not."""
    delivered(bodies.body(bodies.alert()))
    (tmp_path / "new.yaml").write_text(policy)

    status, out, err = run("classify", "--replay", "--policy", "new.yaml")
    answer = json.loads(run("classify", "--replay", "--policy", "new.yaml", "--json")[1])
    found = answer["incidents"]

    assert status == 0
    assert err.startswith("triaged: replayed 1 deliveries, to ")
    assert answer["limit"] == out.splitlines()[-1] == LIMIT
    assert answer["deliveries"] == 1
    assert [
        (one["was"], one["would_be"], one["because"], [x["kind"] for x in one["changes"]])
        for one in found
    ] == differs
    assert ("nothing changes" in out) is (differs == [])
    assert ("INC-1  P2 -> " in out) is (differs != [])


def test_a_replay_names_what_it_leaves_out(run: Run) -> None:
    """Silence about a delivery would look like calm."""
    delivered(b"poison", bodies.body(bodies.alert()))
    with opened(load()) as there:
        there.store.inbox.submit(source="alertmanager:late", body=b"{}").result(10)
        there.desk.tell("incident-9", builders.report(builders.judgement(), number=9, key="k"))

    out = run("classify", "--replay")[1]
    answer = json.loads(run("classify", "--replay", "--json")[1])

    (aside,) = answer["set_aside"]
    assert (aside["delivery"], aside["source"]) == (1, "alertmanager:prod")
    assert (answer["waiting"], answer["no_delivery_kept"]) == (1, [9])
    assert out.splitlines()[:6] == [
        "nothing changes",
        "cannot tell: no delivery is kept of INC-9",
        "not replayed: 1 delivery was set aside, and never done",
        f"    inbox 1 of alertmanager:prod: {aside['because']}",
        "not replayed: 1 delivery that the desk has not taken up yet",
        LIMIT,
    ]


def test_a_replay_writes_nothing_into_the_journal(run: Run, tmp_path: Path) -> None:
    """It is evidence, and the desk at work goes on beside it."""
    delivered(b"poison", bodies.body(bodies.alert()))
    (tmp_path / "new.yaml").write_text("never_open: [VLLMPreemptionsHigh]\n")
    before = tables(tmp_path / "triaged.db")

    assert run("classify", "--replay", "--policy", "new.yaml")[0] == 0
    assert tables(tmp_path / "triaged.db") == before


def test_the_limit_of_a_replay_names_what_it_cannot_know() -> None:
    """Nothing changes, it says, and that is no news of what people would have done."""
    for unseen in ("people", "acknowledged", "resolved", "merged", "runs", "approvals", "facts"):
        assert unseen in LIMIT


def _some(name: str) -> object:
    fact = FACTS[name]
    if fact.words:
        return fact.words[0]
    return True if fact.kind.value.startswith("true") else 1
