"""The pages are followed to the letter: an alert and an objective touch one file each."""

import re
from pathlib import Path

import pytest

from bot.app.configuration import objectives_of
from cluster.rules.shipped import TOPICS, rule_files, texts
from incidents.objectives import Objectives

DOCS = Path(__file__).parents[3] / "docs"


def block(page: str, language: str) -> str:
    """Return the first block of a language on a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.search(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the page's module, as the only file that was added."""
    module = block("adding-an-alert.md", "python")
    (tmp_path / "slow_loading.py").write_text(module, encoding="utf-8")
    return tmp_path


def test_an_alert_is_one_module(folder: Path) -> None:
    """Nothing has to be registered: three files come of it."""
    before, after = texts(Objectives()), texts(Objectives(), folders=(TOPICS, folder))

    assert set(after) - set(before) == {
        "prometheus/slow-loading.yaml",
        "prometheus/operator/slow-loading.yaml",
        "prometheus/tests/slow-loading.yaml",
    }
    assert {name: after[name] for name in before} == before
    assert "alert: ModelLoadsSlowly" in after["prometheus/slow-loading.yaml"]


def test_two_alerts_of_one_name_are_refused(folder: Path) -> None:
    """Nobody would know which of them rang."""
    text = (folder / "slow_loading.py").read_text(encoding="utf-8")
    (folder / "again.py").write_text(text.replace('name="slow-loading"', 'name="again"'))

    with pytest.raises(ValueError, match="two alerts are called ModelLoadsSlowly"):
        rule_files(Objectives(), folders=(folder,))


def test_an_objective_is_one_entry(tmp_path: Path) -> None:
    """Only the file of budgets changes."""
    file = tmp_path / "objectives.yaml"
    file.write_text(block("objectives.md", "yaml"), encoding="utf-8")

    before, after = texts(Objectives()), texts(objectives_of(file))
    changed = {name for name, text in after.items() if before.get(name) != text}

    assert changed == {"prometheus/budgets.yaml", "prometheus/operator/budgets.yaml"}
    assert "objective: chat-first-token" in after["prometheus/budgets.yaml"]
