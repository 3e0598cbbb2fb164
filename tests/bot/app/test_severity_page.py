"""The page about severity is followed to the letter, and its tables are those of the code."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from bot.app.backtest.comparing import Kind
from bot.app.cli.main import main
from bot.app.cli.replayed import LIMIT
from bot.app.cluster_facts import OF_TARGET
from bot.app.opening import opened
from bot.app.settings import load
from bot.app.signal_facts import IDLE
from cluster.rules.shipped import texts
from incidents.catalogued import shipped, together
from incidents.facts import FACTS, Origin
from incidents.objectives import Objectives
from incidents.policy import Severity
from incidents.severity import judge
from tests.alert_webhooks import bodies
from tests.bot.intake.desks import Office
from tests.builders import alert, policy
from tests.incidents.knowing import knowing

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "severity.md").read_text("utf-8")
TYPED = re.compile(r"^```console\n([^\n]*)\n```\n\n```text\n(.*?)^```", re.DOTALL | re.MULTILINE)
FACT = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| (\w+) `(\w+)` \| (\w+) \|$", re.MULTILINE)
JUDGED = re.compile(r"^\| (P\d) \| ([^|]*) \| (`[^|]*`) \| ([^|]*) \|$", re.MULTILINE)

Run = Callable[..., str]


def block(name: str) -> str:
    """Return the block that the page tells the reader to save under a name."""
    (found,) = re.findall(
        rf"as\s+`{re.escape(name)}`.*?^```\w+\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    return found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Save the page's files in a folder, and give a way to type commands there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIAGED_DATABASE_URL", f"sqlite:///{tmp_path / 'triaged.db'}")
    for name in ("body.json", "facts.yaml", "policy.yaml", "try.yaml"):
        (tmp_path / name).write_text(block(name))

    def typed(line: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(line.split()[1:])
        assert left.value.code in {0, None}
        return capsys.readouterr().out

    return typed


def test_the_page_shows_what_the_commands_print(run: Run) -> None:
    """What people copy must do what they read."""
    shown = TYPED.findall(PAGE)

    assert len(shown) == 2
    assert [run(command) for command, _ in shown] == [printed for _, printed in shown]


def test_the_past_is_asked_as_the_page_says(run: Run) -> None:
    """What it prints stands there: whoever reads on knows the words."""
    with opened(load(), migrate=True) as there:
        office = Office(store=there.store, now=there.clock())
        office.deliver(block("body.json").encode(), bodies.body(bodies.alert()), b"<html>")
    ((command, printed),) = re.findall(
        r"^```console\n(triaged classify --replay .*)\n```.*?^```text\n(.*?)^```",
        PAGE,
        re.DOTALL | re.MULTILINE,
    )

    assert run(command) == printed
    assert printed.splitlines()[-1] == LIMIT


def test_the_page_names_every_way_to_be_another_incident() -> None:
    """Whoever reads the JSON looks the words up there."""
    table = PAGE.partition("| kind | the incident |")[2].partition("\n\n")[0]

    assert re.findall(r"`([a-z ]+)`", table) == [one.value for one in Kind]


def test_an_alert_of_the_page_is_one_file(tmp_path: Path) -> None:
    """Whoever adds an alert touches one place, and it is judged from then on."""
    module = ModuleType("guard")
    exec(compile(block("guard.py"), "guard.py", "exec"), module.__dict__)  # noqa: S102  # the page's own

    found = together([module])
    rules = policy(catalogue=found.judged, live=found.live)

    for name in ("GuardRejects", "PromptGuardRejects"):
        calm, loud = alert(name), knowing(error_ratio=0.2)
        assert judge(calm, {}, rules).severity is Severity.P3
        assert judge(calm, loud, rules).severity is Severity.P1
    known = shipped()
    assert set(found.judged) & set(known.judged) == set()
    assert {rule.name for rule in found.live} & {rule.name for rule in known.live} == set()


def test_the_facts_of_the_page_are_those_of_the_code() -> None:
    """Whoever writes a rule looks its facts up there."""
    rows = re.findall(
        r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| (\w+) `(\w+)` \| (\w+) \|$", PAGE, re.MULTILINE
    )

    assert rows == [
        (
            one.name,
            one.unit or one.kind.value,
            one.meaning,
            one.origin.value,
            one.of,
            one.worse.value,
        )
        for one in FACTS.values()
    ]


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        pytest.param("README.md", r"A fact that only a declared prompt tells[^.]*\.", id="limits"),
        pytest.param("docs/severity.md", r"Only a declared prompt tells[^:]*:", id="page"),
    ],
)
def test_the_reader_is_told_which_facts_nothing_tells_by_itself(file: str, sentence: str) -> None:
    """A rule about one of them does nothing by itself, and looks as if it did."""
    (said,) = re.findall(sentence, (ROOT / file).read_text("utf-8"))

    told = {name for name, one in FACTS.items() if one.origin in {Origin.SIGNAL, Origin.DESK}}
    assert set(re.findall(r"`(\w+)`", said)) == set(FACTS) - told - {*OF_TARGET, IDLE}


def test_nobody_relies_on_the_desk_for_a_watchdog_that_stays_away() -> None:
    """The dead man's switch is only kept out of incidents: somebody else has to watch it."""
    shipped = (ROOT / "deploy" / "alertmanager" / "alertmanager.yaml").read_text("utf-8")

    assert "does not watch yet whether it\n    # stays away" in shipped


def test_the_page_names_the_command_that_writes_the_catalogue() -> None:
    """A table that is kept by hand says yesterday's severities."""
    adding = PAGE.partition("## Adding an alert")[2].partition("\n## ")[0]

    assert "`triaged rules --out deploy`" in adding
    assert "[the catalogue](../deploy/catalogue.md)" in adding
    assert JUDGED.findall(PAGE) == []


def test_the_alert_of_the_page_has_its_row_written() -> None:
    """One file and one command: nobody edits the catalogue."""
    module = ModuleType("guard")
    exec(compile(block("guard.py"), "guard.py", "exec"), module.__dict__)  # noqa: S102  # the page's own
    known = shipped()
    with_it = replace(known, judged={**known.judged, **together([module]).judged})

    before, after = texts(Objectives()), texts(Objectives(), known=with_it)
    changed = {name for name, text in after.items() if before.get(name) != text}

    assert changed == {"catalogue.md"}
    (new,) = set(after["catalogue.md"].splitlines()) - set(before["catalogue.md"].splitlines())
    assert (
        new == "| P3 | RB-27 | `GuardRejects`, `PromptGuardRejects` | the guard refuses prompts |"
    )


def test_the_catalogue_that_is_shipped_is_that_of_the_code() -> None:
    """An alert that is missing there nobody will look for in the code."""
    page = (ROOT / "deploy" / "catalogue.md").read_text("utf-8")
    found = dict[str, tuple[str, str, str]]()
    for severity, modes, names, because in JUDGED.findall(page):
        for name in re.findall(r"`(\w+)`", names):
            found[name] = (severity, modes, because)

    assert found == {
        name: (
            one.severity.value,
            ", ".join(filter(None, (one.mode, *one.also))),
            one.because,
        )
        for name, one in shipped().judged.items()
    }
    quiet = page.rpartition("No incident:")[2]
    assert set(re.findall(r"`(\w+)`", quiet)) == shipped().never_open
