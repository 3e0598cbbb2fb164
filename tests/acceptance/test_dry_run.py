"""`triaged runbooks dry-run` over HTTP: real clients, and afterwards all is as it was."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.app.cli.main import main
from drills.installation import DECODE_DEPLOYMENT, MODEL, NAMESPACE
from tests.rehearsing import Stage, environment

Run = Callable[..., tuple[int, str]]
PAGE = (Path(__file__).parents[2] / "docs" / "runbooks.md").read_text("utf-8")
NUMBER = re.compile(r"\d+(\.\d+)?")
EXHAUSTED_AFTER = 14 * 60


def saved(folder: Path, alertname: str) -> str:
    """Save a webhook body of one alert about the world's model."""
    labels = {"alertname": alertname, "namespace": NAMESPACE, "model_name": MODEL}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {},
        "startsAt": "2026-01-01T10:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "a1b2c3d4e5f60718",
    }
    body = {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "receiver": "triaged",
        "status": "firing",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": [alert],
    }
    file = folder / "webhook.json"
    file.write_text(json.dumps(body))
    return str(file)


@pytest.fixture
def run(
    stage: Stage,
    tmp_path: Path,
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Give a way to make a dry run in the world, fourteen minutes into its story."""
    stage.advance(EXHAUSTED_AFTER)
    for name, value in environment(stage, tmp_path, database_url=sqlite_url).items():
        monkeypatch.setenv(name, value)

    def ended(alertname: str, *words: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["runbooks", "dry-run", saved(tmp_path, alertname), *words])
        code = left.value.code
        return (code if isinstance(code, int) else 0), capsys.readouterr().out

    return ended


def test_a_dry_run_proposes_what_the_desk_would_and_changes_nothing(run: Run, stage: Stage) -> None:
    """Whoever tries a runbook must be able to do so in production, at any hour."""
    status, out = run("VLLMPreemptionsHigh", "--json")
    told: dict[str, Any] = json.loads(out)

    assert status == 0
    assert (told["runbook"], told["covers"], told["others"]) == ("cache-evictions", ["RB-12"], [])
    verdicts = {step: one["verdict"] for step, one in told["verdicts"].items()}
    assert verdicts == {"preempting": "beyond", "queue": "beyond", "kv-cache": "exhausted"}
    assert told["verdicts"]["kv-cache"]["evidence"]
    assert (told["diagnosis"]["step"], told["diagnosis"]["verdict"]) == ("kv-cache", "exhausted")
    assert {one["step"] for one in told["diagnosis"]["for"]} == set(verdicts)
    assert told["diagnosis"]["against"] == []
    proposed = told["proposed"]
    assert (proposed["action"], proposed["before"], proposed["after"]) == (
        "scale",
        {"replicas": "4"},
        {"replicas": "6"},
    )
    assert proposed["target"] == f"Deployment {NAMESPACE}/{DECODE_DEPLOYMENT}"
    assert "accepted by the API server" in proposed["dry_run"]
    assert (told["reason"], told["asks"]) == ("", [])
    assert stage.writes() == []


def test_a_dry_run_of_a_service_that_is_well_asks_a_person(run: Run, stage: Stage) -> None:
    """Every check of the cluster's objects is answered by the stand-in, none by silence."""
    status, out = run("LLMDServiceDown")

    assert status == 0
    assert "runbook" not in out.splitlines()[0]
    assert "service-down (RB-01, RB-02, RB-20, RB-21, RB-22)" in out
    assert "4 of 4 pods are ready" in out
    assert "Service pd-disaggregation-decode 4 of 4 ready" in out
    assert "Ingress pd-disaggregation-decode: accepted" in out
    # Nobody has declared a canary here.
    assert re.findall(r"(\S+) +cannot_tell", out) == ["answers"]
    assert "proposed: nothing: bring-back: pods is ready, not scaled_to_zero" in out
    assert "asks: Does it serve?" in out
    assert out.rstrip().endswith("nothing was changed")
    assert stage.writes() == []


def test_the_page_shows_what_it_prints(run: Run) -> None:
    """The reader compares it with their own screen, number by number different."""
    shown = re.search(r"^```text\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert shown is not None

    _, out = run("VLLMPreemptionsHigh")

    printed = [NUMBER.sub("0", line) for line in out.splitlines()]
    assert [x for x in shown.group(1).splitlines() if NUMBER.sub("0", x) not in printed] == []
