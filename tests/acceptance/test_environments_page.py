"""The page about environments is followed to the letter, on the cluster of the demo."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.app.cli.main import main
from bot.app.configuration import load
from bot.app.configuration_environments import SHAPE
from runbooks.language.shapes import ListOf, MapOf, Record
from tests.rehearsing import DECODE, Stage, ask, stepped_world

PAGE = (Path(__file__).parents[2] / "docs" / "environments.md").read_text("utf-8")
LINES = re.DOTALL | re.MULTILINE
SAVED = re.compile(r"as `environments\.yaml`.*?^```yaml\n(.*?)^```", LINES)
TYPED = re.compile(r"^```console\n(triaged drift)\n```\n\n```text\n(.*?)^```", LINES)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Open the demo's world at a moment that the page can name."""
    with stepped_world(start=START) as stage:
        yield stage


@pytest.fixture
def run(
    stage: Stage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Save the page's file, and give a way to type commands beside it."""
    (saved,) = SAVED.findall(PAGE)
    (tmp_path / "environments.yaml").write_text(saved)
    monkeypatch.setenv("TRIAGED_CONFIG", str(tmp_path))
    monkeypatch.setenv("TRIAGED_KUBERNETES_URL", stage.addresses["kubernetes"])

    def typed(line: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(line.split()[1:])
        printed = capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), printed.out, printed.err

    return typed


def scale(stage: Stage, replicas: int) -> None:
    """Scale decode as kubectl does."""
    address = f"{stage.addresses['kubernetes']}{DECODE}/scale?fieldManager=kubectl"
    ask(address, body={"spec": {"replicas": replicas}}, method="PATCH")


def test_the_page_shows_what_the_command_prints(stage: Stage, run: Run) -> None:
    """What people copy must do what they read; and nothing is written."""
    scale(stage, 6)
    before = len(stage.writes())
    ((command, printed),) = TYPED.findall(PAGE)

    assert run(command) == (0, printed, "")
    assert len(stage.writes()) == before


def test_the_command_ends_as_the_page_says(stage: Stage, run: Run) -> None:
    """A pipeline goes by the status alone."""
    assert run("triaged drift --environment production")[0] == 0
    assert run("triaged drift --environment staging --check")[0] == 2
    status, out, err = run("triaged drift --environment nowhere")
    assert (status, out) == (2, "")
    assert err == (
        "triaged: environments.yaml has no workload in 'nowhere'; there are: production, staging\n"
    )
    stage.kubernetes_fails("down")
    status, out, err = run("triaged drift")
    assert (status, out) == (1, "")
    assert err


def test_a_machine_reads_what_the_page_says(stage: Stage, run: Run) -> None:
    """A field that is renamed must be renamed where people read about it."""
    scale(stage, 6)

    found: dict[str, Any] = json.loads(run("triaged drift --json")[1])

    (documented,) = re.findall(r"^With `--json`.*?\n\n", PAGE, LINES)
    names = {*found, *found["workloads"][0], *found["workloads"][0]["findings"][0]}
    assert {name for name in names if f"`{name}`" not in documented} == set()
    (size,) = [x for x in found["workloads"][0]["findings"] if x["what"] == "replicas"]
    assert (size["live"], size["by"]) == ("6", "kubectl (through scale)")
    assert [one["workload"] for one in found["workloads"]][2] is None


def test_a_secret_that_a_pod_shows_is_not_printed(stage: Stage, run: Run) -> None:
    """Terminals and pipelines keep what they print."""
    secret = f"hf_{'C4n4ry' * 5}"
    change = {"name": "modelserver", "image": f"registry.example/llm-d:{secret}"}
    body = {"spec": {"template": {"spec": {"containers": [change]}}}}
    merge_items(f"{stage.addresses['kubernetes']}{DECODE}", body)
    stage.advance(1200)

    for line in ("triaged drift", "triaged drift --json"):
        _, out, err = run(line)
        assert "***" in out
        assert secret not in out + err


def merge_items(address: str, body: object) -> None:
    """Change an object as `kubectl set image` does: items of lists are merged by their names."""
    kind = {"Content-Type": "application/strategic-merge-patch+json"}
    request = urllib.request.Request(  # noqa: S310  # loopback
        address, data=json.dumps(body).encode(), headers=kind, method="PATCH"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # loopback
        answer.read()


def test_every_field_stands_on_the_page(tmp_path: Path) -> None:
    """A field that nobody can read about is used by nobody."""
    assert load(tmp_path).environments.places == ()
    fields = set(names(SHAPE))

    assert {"replicas", "tensor_parallel", "begins_with"} <= fields
    assert {name for name in fields if not re.search(rf"\b{name}\b", PAGE)} == set()


def names(shape: object) -> Iterator[str]:
    """Yield the names of all fields."""
    match shape:
        case Record(fields=fields):
            yield from fields
            for one in fields.values():
                yield from names(one.shape)
        case ListOf(item=item) | MapOf(item=item):
            yield from names(item)
        case _:
            return
