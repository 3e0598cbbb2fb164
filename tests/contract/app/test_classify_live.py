"""`triaged classify --live` at a Prometheus and a cluster: the same words as the page shows."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.app.cli.main import main
from drills.world import World

PAGE = (Path(__file__).parents[3] / "docs" / "severity.md").read_text("utf-8")
BODY = re.compile(r"as `body.json`:\n\n```json\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(
    r"^```console\ntriaged classify body.json --live\n```\n.*?^```text\n(.*?)^```",
    re.DOTALL | re.MULTILINE,
)
TIME = re.compile(r"\b\d\d:\d\d(:\d\d)?\b")
NUMBER = re.compile(r"\d+(\.\d+)?")
MINUTES_14 = 14 * 60

Run = Callable[..., str]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Serve a world in which the KV cache is exhausted."""
    served = World(story="kv-cache")
    served.start()
    served.advance(MINUTES_14)
    yield served
    served.stop()


@pytest.fixture
def run(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Give a way to run the command on the page's alert, in the world's time."""
    found = BODY.search(PAGE)
    assert found is not None
    (tmp_path / "body.json").write_text(found[1])
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'triaged.db'}",
        "REHEARSAL": "true",
        "CLOCK_URL": world.addresses.control,
        "PROMETHEUS_URL": world.addresses.prometheus,
        "KUBERNETES_URL": world.addresses.kubernetes,
    }.items():
        monkeypatch.setenv(f"TRIAGED_{name}", value)

    def typed(*words: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(("classify", "body.json", "--live", *words))
        assert left.value.code in {0, None}
        return capsys.readouterr().out

    return typed


def answer(run: Run) -> dict[str, Any]:
    """Return the answer about the one alert, for machines."""
    (found,) = json.loads(run("--json"))
    return dict(found)


def test_live_numbers_decide_and_say_where_they_were_read(run: Run) -> None:
    """What an operator types at night, before they believe the label."""
    found = answer(run)

    assert (found["severity"], found["rule"]) == ("P2", "live:first-token-2s")
    known = {one["name"]: one for one in found["inputs"]}
    assert 2 < known["ttft_p95"]["value"] < 5
    assert known["ttft_p95"]["source"].startswith("llm_d_epp_request_ttft_seconds_bucket at ")
    assert known["affected_share"]["source"].startswith("Deployment llm-d/")


def test_the_page_shows_what_the_command_prints(run: Run) -> None:
    """Times and numbers differ from day to day; nothing else does."""
    shown = SHOWN.search(PAGE)
    assert shown is not None

    def plain(text: str) -> str:
        return NUMBER.sub("0", TIME.sub("hh:mm", text))

    assert plain(shown[1]) == plain(run())


def test_a_prometheus_that_is_gone_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The base priority stands, with what could not be seen."""
    monkeypatch.setenv("TRIAGED_PROMETHEUS_URL", "http://127.0.0.1:9")
    found = answer(run)

    why = {one["name"]: one["why"] for one in found["unavailable"]}
    assert (found["severity"], found["rule"]) == ("P2", "catalogue:LLMDHighErrorRate")
    assert why["error_ratio"].startswith("Prometheus cannot be reached")


@pytest.fixture
def silent() -> Iterator[str]:
    """Yield an address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as bound:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_servers_that_hang_are_given_up_within_the_deadline(
    run: Run, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its own time limit of eight seconds and more, and neither is waited for so long."""
    monkeypatch.setenv("TRIAGED_PROMETHEUS_URL", silent)
    monkeypatch.setenv("TRIAGED_KUBERNETES_URL", silent)

    found = answer(run)

    why = {one["name"]: one["why"] for one in found["unavailable"]}
    assert (found["severity"], found["rule"]) == ("P2", "catalogue:LLMDHighErrorRate")
    assert why["error_ratio"] == "Prometheus did not answer within 3 s"
    assert why["nodes_affected"] == "the cluster did not answer within 1.5 s"
