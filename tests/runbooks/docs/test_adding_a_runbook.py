"""The page about adding a runbook is followed to the letter."""

import json
import re
from pathlib import Path

import pytest

from runbooks.language import loader
from runbooks.language.declaration import CheckVerb
from runbooks.language.loader import LIBRARY
from runbooks.language.matching import choose
from runbooks.language.model import NOT_DONE, Action
from runbooks.language.registry import verbs

PAGE = (Path(__file__).parents[3] / "docs" / "adding-a-runbook.md").read_text("utf-8")


def block(language: str) -> str:
    return re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL).group(1)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Save the page's example under the name that the page gives it."""
    name = re.search(r"Save this as `([^`]+)`", PAGE).group(1)
    (tmp_path / name).write_text(block("yaml"), "utf-8")
    return tmp_path / name


def test_the_example_has_no_mistakes(saved):
    """A newcomer's first runbook is a copy of it."""
    assert loader.lint(saved.parent) == []


def test_the_alert_of_the_page_runs_the_example(saved):
    """The page says so."""
    library = loader.load((LIBRARY, saved.parent))

    chosen = choose(json.loads(block("json")), "", runbooks=library)

    assert chosen.runbook.name == saved.stem


def test_the_mistake_of_the_page_is_named_as_the_page_says(saved):
    """People search the documentation for what they see."""
    line = int(re.search(r"in line (\d+) of the file", PAGE).group(1))
    lines = saved.read_text("utf-8").splitlines()
    assert lines[line - 1].strip() == "do: scale"
    lines[line - 1] = lines[line - 1].replace("scale", "scael")
    saved.write_text("\n".join(lines), "utf-8")

    (problem,) = loader.lint(saved.parent)

    shown, known = block("text").strip().split(", …")[0], str(problem)
    assert known.removeprefix(f"{saved.parent}/").startswith(f"{shown}, ")


def test_the_example_of_what_is_found_has_no_mistakes(tmp_path):
    """It is what people copy who want to act on a pod."""
    second = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]
    (tmp_path / "no-return.yaml").write_text(second, "utf-8")

    assert loader.lint(tmp_path) == []


def test_the_table_of_what_is_found_is_complete():
    """Who looks for a pod to act on looks there."""
    section = PAGE.split("## What a check has found")[1].split("## ")[0]
    said = {row.split("`")[1]: row for row in section.splitlines() if row.startswith("| `")}
    finding = {
        one.name: one for one in verbs().values() if isinstance(one, CheckVerb) and one.finds
    }

    assert said.keys() == finding.keys()
    for name, verb in finding.items():
        assert set(re.findall(r"`(pod|node)`", said[name].split("|")[2])) == set(verb.finds)


def test_the_table_of_steps_has_the_verdicts_of_the_steps(saved):
    """A verdict that stands in the page and nowhere else is a runbook that does not load."""
    runbook = loader.load((LIBRARY, saved.parent))[saved.stem]

    for step in runbook.steps[:3]:
        row = next(one for one in PAGE.splitlines() if one.startswith(f"| `{step.verb}` |"))
        besides = NOT_DONE if isinstance(step, Action) else ()
        assert (*re.findall(r"`([^`]+)`", row.split("|")[-2]), *besides) == step.verdicts
