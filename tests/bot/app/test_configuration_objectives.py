"""objectives.yaml: ours, the operations chapter's document as it stands, and their mistakes."""

# ruff: noqa: W291, W293  # the chapter's document is kept as it stands, blanks and all

from datetime import timedelta
from pathlib import Path

import pytest

from bot.app.cli.main import main
from bot.app.cli.rules import SHIPPED
from bot.app.configuration import load, objectives_of
from cluster.rules import files
from cluster.rules.budget import file as budgets
from incidents.errors import Rejected
from incidents.objectives import BURNS, Kind, Urgency, allowed

CHAPTER = """
# SLO Configuration
apiVersion: monitoring.llm-d.ai/v1alpha1
kind: ServiceLevelObjective
metadata:
  name: llm-d-production-slos
  namespace: sre-monitoring
spec:
  service: "llm-d-production"
  
  objectives:
    - name: "availability"
      description: "Service availability excluding planned maintenance"
      target: 99.9  # 99.9% uptime (43.8 minutes downtime/month)
      metric:
        type: "availability"
        good_query: "up{job='llm-d-service'} == 1"
        total_query: "up{job='llm-d-service'}"
      window: "30d"
    
    - name: "latency"
      description: "95th percentile inference latency"
      target: 95.0  # 95% of requests under threshold
      metric:
        type: "latency"
        query: "histogram_quantile(0.95, rate(llm_d_request_duration_seconds_bucket[5m]))"
        threshold: "2s"
      window: "30d"
    
    - name: "error_rate"
      description: "Error rate for inference requests"
      target: 99.5  # 99.5% success rate (0.5% error budget)
      metric:
        type: "ratio"
        good_query: "rate(llm_d_requests_total{status!~'5..'}[5m])"
        total_query: "rate(llm_d_requests_total[5m])"
      window: "30d"
    
    - name: "throughput"
      description: "Minimum sustained throughput"
      target: 100.0  # Minimum 100 requests/second
      metric:
        type: "throughput" 
        query: "rate(llm_d_requests_total[5m])"
        threshold: "100"
      window: "30d"

  # Error budget configuration
  error_budget:
    policy: "burn_rate"
    alerts:
      - severity: "page"
        burn_rate: 14.4  # Page if burning budget 14.4x faster
        duration: "2m"
      
      - severity: "ticket"
        burn_rate: 6.0   # Create ticket if burning 6x faster
        duration: "15m"
"""

OURS = """
objectives:
  - name: chat-errors
    kind: errors
    target: 99.5%
    model: llama-3-70b
  - name: chat-whole
    kind: latency
    target: 95%
    within: 2
maintenance:
  - name: firmware
    from: "2026-12-01T22:00:00Z"
    until: "2026-12-01T23:00:00+00:00"
    reason: New firmware
    model: llama-3-70b
policy:
  - spent: 50%
    then: Changes wait
"""


def written(folder: Path, text: str, name: str = "objectives.yaml") -> Path:
    """Write a file and return it."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_the_chapters_document_is_read_as_it_stands(tmp_path: Path) -> None:
    """Whoever followed the chapter has this file and no other."""
    found = objectives_of(written(tmp_path, CHAPTER))
    shown = [(one.name, one.kind, one.target, one.bound) for one in found.objectives]

    assert shown == [
        ("availability", Kind.AVAILABILITY, 0.999, None),
        ("latency", Kind.LATENCY, 0.95, 2.0),
        ("error_rate", Kind.ERRORS, 0.995, None),
        ("throughput", Kind.THROUGHPUT, 0.99, 100.0),
    ]
    assert {one.service for one in found.objectives} == {"llm-d-production"}
    assert found.objectives[0].job == "llm-d-service"
    assert allowed(found.objectives[0]) == timedelta(minutes=43.2)
    assert [(burn.factor, burn.hold, burn.urgency) for burn in found.burns[:2]] == [
        (14.4, timedelta(minutes=2), Urgency.PAGE),
        (6.0, timedelta(minutes=15), Urgency.TICKET),
    ]


def test_what_was_read_otherwise_than_written_is_said(tmp_path: Path) -> None:
    """A p95 cannot say whether 95 % were fast, and nobody should believe that it did."""
    found = objectives_of(written(tmp_path, CHAPTER))

    assert [note.partition(":")[0] for note in found.notes] == [
        "availability",
        "latency",
        "error_rate",
        "throughput",
    ]
    assert "43.2" in found.notes[0]
    assert "streaming" in found.objectives[1].off
    assert [one.name for one in found.in_force] == ["availability", "error_rate", "throughput"]


def test_our_own_file_says_all_of_it(tmp_path: Path) -> None:
    """A field that is read and not used is a promise that nobody keeps."""
    found = objectives_of(written(tmp_path, OURS))

    assert found.burns == BURNS
    assert (found.policy[0].spent, found.policy[0].then) == (0.5, "Changes wait")
    assert found.planned[0].end - found.planned[0].start == timedelta(hours=1)
    assert found.objectives[1].off
    text = files.plain(budgets(found))
    assert "1796162400" in text
    assert "New firmware" in text
    assert 'model_name=\\"llama-3-70b\\"' in text or 'model_name="llama-3-70b"' in text


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param("chat-whole", "chat-errors", ":7: .*stands here twice", id="twice"),
        pytest.param("99.5%", "100%", ":5: .*target", id="no-budget"),
        pytest.param("kind: errors", "kind: luck", ":4: .*'luck' is unknown", id="kind"),
        pytest.param("22:00:00Z", "25:00:00Z", ":13: .*hour", id="no-time"),
        pytest.param("T22", "T23", ":14: it ends before it begins", id="backwards"),
        pytest.param("    within: 2\n", "", "within is missing", id="no-bound"),
        pytest.param("model: llama-3-70b", "patron: x", ":6: .*unknown field patron", id="field"),
        pytest.param("objectives:", "promises:", "exactly one of objectives, spec", id="neither"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    """An objective that is silently left out is never missed."""
    file = written(tmp_path, OURS.replace(old, new, 1))

    with pytest.raises(Rejected, match=complaint) as refused:
        objectives_of(file)

    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param('"2s"', '"soon"', "expected 2s, 200ms or a number", id="threshold"),
        pytest.param("target: 99.5", "target: 100.0", "percentage below 100", id="target"),
        pytest.param("burn_rate: 6.0", "burn_rate: 7.0", "windows are known for", id="burn"),
    ],
)
def test_a_mistake_in_the_chapters_document_too(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    """A burn rate without windows would be a guess."""
    with pytest.raises(Rejected, match=complaint):
        objectives_of(written(tmp_path, CHAPTER.replace(old, new, 1)))


def test_the_folder_of_the_configuration_may_hold_it(tmp_path: Path) -> None:
    """One folder holds everything that people decide."""
    written(tmp_path, OURS)

    assert len(load(tmp_path).objectives.objectives) == 2
    assert load(None).objectives.objectives == ()


def test_the_command_writes_compares_and_complains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What lies in a repository is checked by the same command that wrote it."""
    file, out = str(written(tmp_path, OURS)), tmp_path / "out"
    for more in ((), ("--check",)):
        with pytest.raises(SystemExit, match="0"):
            main(("rules", "--objectives", file, "--out", str(out), *more))
    (out / "prometheus" / "gpu.yaml").unlink()
    capsys.readouterr()

    with pytest.raises(SystemExit, match="2"):
        main(("rules", "--objectives", file, "--out", str(out), "--check"))
    with pytest.raises(SystemExit, match="2"):
        main(("rules", "--check"))

    said = capsys.readouterr().err
    assert "gpu.yaml: not what `triaged rules` writes" in said
    assert "name it with --out" in said


def test_the_shipped_objectives_are_in_force_but_for_whole_answers() -> None:
    """The time of a streamed answer is off by default, with its reason."""
    found = objectives_of(SHIPPED)

    assert [one.name for one in found.objectives if one.off] == ["latency"]
    assert [one.spent for one in found.policy] == [0.5, 1.0]
