"""`triaged signals` at a Prometheus: what it prints, for people and for machines."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.app.cli.main import main
from cluster.signals.catalogue import SIGNALS
from drills.world import World

PAGE = (Path(__file__).parents[3] / "docs" / "signals.md").read_text("utf-8")
SHOWN = re.compile(
    r"^```console\n\$ triaged signals --url (\S+)\n```\n\n```text\n(.*?)^```",
    re.DOTALL | re.MULTILINE,
)
LEFT_OUT = "…"
NUMBER = re.compile(r"\d+(\.\d+)?")
MINUTES_14 = 14 * 60


@dataclass(frozen=True)
class Ended:
    """How the command ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def signal(self, name: str) -> dict[str, Any]:
        return next(one for one in self.json["signals"] if one["signal"] == name)


Run = Callable[..., Ended]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Serve a world in which the KV cache is exhausted."""
    served = World(story="kv-cache")
    served.start()
    served.advance(MINUTES_14)
    yield served
    served.stop()


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run the command in the world's time."""
    monkeypatch.setenv("TRIAGED_REHEARSAL", "true")
    monkeypatch.setenv("TRIAGED_CLOCK_URL", world.addresses.control)

    def ended(*words: str) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(("signals", *words))
        printed = capsys.readouterr()
        return Ended(status=left.value.code or 0, out=printed.out, err=printed.err)

    return ended


def test_it_needs_no_cluster(run: Run, world: World) -> None:
    """Somebody who only has a Prometheus sees in a minute what triaged would know."""
    ended = run("--url", world.addresses.prometheus)

    assert (ended.status, ended.err) == (0, "")
    head, known, *rest = ended.out.splitlines()
    assert head == f"{world.addresses.prometheus}: llm-d/llama-3-70b"
    assert known == (
        "6 pods, taken from the series of the model, so that prefill and decode count together "
        "(no cluster is configured)"
    )
    assert any(
        line.split()[:1] == ["kv_usage"] and line.endswith("vllm:kv_cache_usage_perc (vLLM)")
        for line in rest
    )
    assert any(
        line.split()[:1] == ["recomputed_tokens"] and SIGNALS["recomputed_tokens"].without in line
        for line in rest
    )


def test_the_page_shows_what_the_command_prints(run: Run, world: World) -> None:
    """Lines may be left out there; those that stand there are printed, in that order.

    Values differ from day to day, widths and counts with every signal that is added.
    """
    shown = SHOWN.search(PAGE)
    assert shown is not None

    def plain(line: str) -> str:
        return NUMBER.sub("0", " ".join(line.split()))

    printed = run("--url", world.addresses.prometheus).out
    there = iter([plain(line) for line in printed.splitlines()])
    wanted = [
        plain(line.replace(shown[1], world.addresses.prometheus)).replace(f": {LEFT_OUT}", ": 0")
        for line in shown[2].splitlines()
        if line.strip() != LEFT_OUT
    ]

    assert len(wanted) > 8
    assert [line for line in wanted if line not in there] == []
    assert not re.search(r": \d+$", shown[2], re.MULTILINE)


def test_with_the_cluster_it_is_about_one_workload(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefill and decode count apart where somebody can tell them apart."""
    monkeypatch.setenv("TRIAGED_KUBERNETES_URL", world.addresses.kubernetes)

    found = run("--url", world.addresses.prometheus, "--json").json

    assert found["known"] == (
        "4 pods of Deployment llm-d/pd-disaggregation-nvidia-gpu-vllm-decode, as the cluster says"
    )
    assert len(found["pods"]) == 4


def test_a_machine_reads_every_signal_with_its_state(run: Run, world: World) -> None:
    """What is missing costs something, and what is read has a unit and a query."""
    ended = run("--url", world.addresses.prometheus, "--json")

    assert [one["signal"] for one in ended.json["signals"]] == list(SIGNALS)
    usage = ended.signal("kv_usage")
    assert (usage["state"], usage["unit"], usage["era"]) == ("read", "ratio", "vLLM")
    assert 0.9 < usage["value"] <= 1
    assert usage["query"].startswith("max (vllm:kv_cache_usage_perc{")
    gone = ended.signal("gpu_temperature")
    assert (gone["state"], gone["value"], gone["cost"]) == (
        "missing",
        None,
        "cannot see GPUs that throttle for heat",
    )
    assert gone["because"].startswith("not scraped: namespace llm-d has none of: DCGM_FI_DEV_GPU")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        pytest.param((), 2, "no Prometheus: give --url, or set TRIAGED_PROMETHEUS_URL", id="none"),
        pytest.param(
            ("--url", "prometheus:9090"),
            2,
            "--url prometheus:9090: 'prometheus:9090' is no address: expected http://… or "
            "https://…",
            id="no-address",
        ),
        pytest.param(
            ("--url", "http://127.0.0.1:1"),
            1,
            "http://127.0.0.1:1: Prometheus cannot be reached: ConnectionError",
            id="nobody-there",
        ),
    ],
)
def test_what_is_wrong_is_one_line(
    run: Run, words: tuple[str, ...], status: int, said: str
) -> None:
    """A page of Python helps nobody at night."""
    assert run(*words) == Ended(status=status, out="", err=f"triaged: {said}\n")


def test_a_model_that_nobody_serves_is_one_line_too(run: Run, world: World) -> None:
    """A misspelt model must not look like a missing exporter."""
    address = world.addresses.prometheus

    ended = run("--url", address, "--model", "llama-9")

    assert ended.err == (
        f"triaged: {address} has no engine's series of the model 'llama-9': "
        "name a --namespace to look further\n"
    )
    elsewhere = run("--url", address, "--namespace", "kube-system")
    assert elsewhere.out.splitlines()[1] == (
        "no pods: no engine has series there (no cluster is configured)"
    )


def test_a_prometheus_that_hangs_is_said_after_one_deadline(run: Run, faulty: Any) -> None:
    """A person at night who sees nothing for ten seconds believes that triaged hangs.

    One question is asked, and its own time limit of eight seconds is not waited for.
    """
    faulty.behave = lambda handler: handler.hang()

    ended = run("--url", faulty.address)

    assert ended == Ended(
        status=1, out="", err=f"triaged: {faulty.address}: timeout: no answer within 3 s\n"
    )
    assert len(faulty.asked) == 1


def test_a_cluster_that_hangs_leaves_the_series(
    run: Run, world: World, faulty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signals do not need it."""
    faulty.behave = lambda handler: handler.hang()
    monkeypatch.setenv("TRIAGED_KUBERNETES_URL", faulty.address)

    ended = run("--url", world.addresses.prometheus)

    assert ended.status == 0
    assert ended.out.splitlines()[1].endswith("(the cluster: no answer within 3 s)")
