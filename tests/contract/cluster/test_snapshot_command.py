"""`triaged snapshot` over HTTP: with its own token, in the rights of its own Role, and no other."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.app.cli.main import main
from cluster import roles
from cluster.clients import kinds
from cluster.snapshots.rights import RIGHTS
from drills.kubernetes import resources
from drills.kubernetes.identities import User
from drills.kubernetes.managed_fields import Writer
from tests.contract.cluster import objects
from tests.contract.cluster.places import OPERATOR, StandIn, stand_in

BOUNDS = resources.Resource(group="", version="v1", plural="configmaps", kind="ConfigMap")
MAY = frozenset(
    {f"{one.verb} {one.resource}" for one in RIGHTS} | {"get configmaps", "patch configmaps"}
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[StandIn]:
    with stand_in(tmp_path, namespace="llm-d") as made:
        made.cluster.install(BOUNDS)
        made.make(kinds.DEPLOYMENT, objects.deployment("decode"))
        made.make(kinds.GROUPS, objects.groups("lws"))
        yield made


@pytest.fixture
def run(
    place: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Type the command as the snapshot identity, beside a token that may do nothing."""
    for name, setting in (("writer", "KUBERNETES"), ("snapshot", "SNAPSHOT")):
        (tmp_path / name).write_text(name)
        monkeypatch.setenv(f"TRIAGED_{setting}_TOKEN_FILE", str(tmp_path / name))
    monkeypatch.setenv("TRIAGED_KUBERNETES_URL", place.address)
    place.tokens["snapshot"] = User(name="snapshot", may=MAY)
    place.tokens["writer"] = User(name="writer", may=frozenset())

    def typed(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["snapshot", *words])
        printed = capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), printed.out, printed.err

    return typed


def bounded(place: StandIn) -> None:
    meta = {"name": roles.BOUNDS, "namespace": place.namespace}
    body = {"metadata": meta, "data": {"least": "1", "most": "16"}}
    place.cluster.create(BOUNDS, body, writer=Writer(manager=OPERATOR))


def test_what_is_new_is_noted_and_told(place: StandIn, run: Run) -> None:
    """And looked at again there is nothing to say but what is known."""
    bounded(place)

    status, printed, said = run("--namespace", "llm-d")
    _, again, _ = run("--namespace", "llm-d", "--json")

    assert (status, said) == (0, "")
    assert printed.splitlines() == [
        "noted     LeaderWorkerSet llm-d/lws: generation 1",
        "wrote     llm-d: 1 image and 1 command line known",
    ]
    (found,) = json.loads(again)["namespaces"]
    assert found == {
        "namespace": "llm-d",
        "noted": [],
        "images": 1,
        "arguments": 1,
        "wrote": False,
        "problems": [],
    }


def test_it_says_what_is_missing_and_fails(place: StandIn, run: Run) -> None:
    """Without the ConfigMap the policy refuses every write; somebody has to apply it."""
    status, printed, said = run("--namespace", place.namespace)

    assert status == 2
    assert "wrong     llm-d: there is no ConfigMap llm-d/triaged-bounds" in printed
    assert said == "triaged: 1 namespace not looked at in full\n"


@pytest.mark.parametrize(
    ("words", "because"),
    [
        pytest.param((), "say --namespace", id="no namespace"),
        pytest.param(("--namespace", "x", "--every", "1"), "at least 5 seconds", id="in a loop"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, words: tuple[str, ...], because: str) -> None:
    """Before anything is asked."""
    status, _, said = run(*words)

    assert (status, because in said) == (2, True)
