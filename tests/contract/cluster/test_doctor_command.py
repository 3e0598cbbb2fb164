"""The page about rights is followed to the letter: what is printed, and what is missing."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.app.cli.main import main
from bot.app.rights_in_force import in_force
from bot.app.settings import load
from cluster.rights import HOME
from cluster.targets import labels
from drills.kubernetes.identities import User
from tests.contract.cluster.places import StandIn, stand_in

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "least-privilege.md").read_text("utf-8")
LINES = re.DOTALL | re.MULTILINE
TYPED = re.compile(r"^```console\n(triaged doctor [^\n]*)\n```\n\n```text\n(.*?)^```", LINES)
PRINTED = re.compile(r"^```yaml\n(.*?)^```", LINES)
COUNT = re.compile(r"^[0-9]+ ", re.MULTILINE)
RULE = re.compile(r"apiGroups: \[(.*?)\], resources: \[(.*?)\], verbs: \[(.*?)\]")

Run = Callable[[str], tuple[int, str, str]]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[StandIn]:
    with stand_in(tmp_path, namespace="llm-d") as made:
        yield made


@pytest.fixture
def run(
    place: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Type commands as whoever has the token `somebody`."""
    token = tmp_path / "somebody"
    token.write_text("somebody")
    monkeypatch.setenv("TRIAGED_KUBERNETES_URL", place.address)
    monkeypatch.setenv("TRIAGED_KUBERNETES_TOKEN_FILE", str(token))

    def typed(line: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(line.split()[1:])
        printed = capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), printed.out, printed.err

    return typed


def may(place: StandIn, *, without: str = "", more: str = "", reads: bool = False) -> None:
    """Grant what is needed, but for one right and with one more."""
    rights = {f"{x.verb} {x.resource}" for x in in_force(load()).all() if x.reads or not reads}
    given = (rights - {without}) | {more} - {""}
    place.tokens["somebody"] = User(name="somebody", may=frozenset(given))


def test_the_page_shows_what_is_missing_and_what_is_too_much(place: StandIn, run: Run) -> None:
    """A page that shows another answer than the command sends people to the wrong place."""
    may(place, without="patch deployments/scale", more="get secrets")
    ((line, shown),) = TYPED.findall(PAGE)

    status, printed, said = run(line)

    # How many there are changes with every check and action that is added.
    assert (status, COUNT.sub("", printed)) == (2, COUNT.sub("", shown))
    assert said == "triaged: 2 rights are not as they should be\n"


def test_what_is_as_it_should_be_is_well(place: StandIn, run: Run) -> None:
    """With exactly what is needed nothing is missing, and nothing too much."""
    may(place)

    status, printed, said = run("triaged doctor --cluster --namespace llm-d")

    assert (status, said) == (0, "")
    assert printed.endswith("0 missing, 0 too much\n")


def test_the_readers_token_may_not_write(place: StandIn, run: Run) -> None:
    """The same rights are well for the writer, and too much for the reader."""
    may(place, more="patch deployments/scale", reads=True)

    status, printed, _ = run("triaged doctor --cluster --namespace llm-d --reader")

    assert status == 2
    assert "too much  llm-d  patch deployments/scale.apps\n" in printed
    assert printed.endswith("0 missing, 1 too much\n")


def test_whoever_may_do_everything_is_told_of_it(place: StandIn, run: Run) -> None:
    """An administrator's token works, and is the worst of all."""
    place.tokens["somebody"] = User(name="somebody", may=frozenset({"*"}))

    status, printed, _ = run("triaged doctor --cluster --namespace llm-d")

    assert status == 2
    assert "* *.*" in printed
    assert "get secrets" in printed


def test_the_page_shows_the_role_that_is_printed(run: Run) -> None:
    """What is applied is taken from the page by people in a hurry."""
    (line,) = re.findall(r"^(triaged rbac [^\n]*) > triaged.yaml$", PAGE, re.MULTILINE)
    (shown,) = PRINTED.findall(PAGE)

    status, printed, said = run(line)

    assert (status, said) == (0, "")
    assert shown in [f"{each.strip()}\n" for each in printed.split("\n---\n")]


def test_the_rights_to_find_a_target_are_those_of_its_page() -> None:
    """One source: what finding says that it needs."""
    page = (DOCS / "targets.md").read_text("utf-8")
    shown = {
        (group.strip('"'), resource, verb)
        for groups, resources, verbs in RULE.findall(page)
        for group in groups.split(", ")
        for resource in resources.split(", ")
        for verb in verbs.split(", ")
    }

    assert {each.namespace for each in labels.RIGHTS} == {HOME}
    assert shown == {(each.group, each.resource, each.verb) for each in labels.RIGHTS}
