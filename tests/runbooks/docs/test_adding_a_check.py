"""The page about adding a check is followed to the letter."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app import settings
from cluster.signals.reading import NoData, Observation, Reading, Why
from cluster.targets.target import Target
from runbooks.language import loader, registry
from runbooks.language.declaration import Finding, Question
from runbooks.language.loader import LIBRARY

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "adding-a-check.md").read_text("utf-8")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def block(language: str) -> str:
    return re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL).group(1)


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """Save the page's module, under its name, in a folder beside the one that it is for."""
    place = Path(re.search(r"Save this as `([^`]+\.py)`", PAGE).group(1))
    assert ROOT / place.parent == registry.SHIPPED
    folder = tmp_path / "steps"
    folder.mkdir()
    (folder / place.name).write_text(block("python"), "utf-8")
    return folder


class Answers:
    """Two signals of the page's last sentence."""

    def __init__(self, **values: float) -> None:
        self._values = values

    def read(self, name: str, target: Target, *, at: datetime) -> Observation:
        if name not in self._values:
            return NoData(signal=name, why=Why.NOT_SCRAPED, detail="no series")
        return Reading(signal=name, value=self._values[name], unit="s", at=at, query="")


def ask(steps: Path, **values: float) -> Finding:
    verb = registry.verbs([steps])["first_token"]
    target = Target(
        cluster="local",
        namespace="llm-d",
        kind="Deployment",
        name="decode",
        uid="uid",
        model="llama",
        role="decode",
        pods=(),
    )
    question = Question(arguments={"at_most": 1.5}, target=target, signals=Answers(**values), at=AT)
    return verb.judge(question)


def test_the_check_of_the_page_gives_the_verdict_of_the_page(steps):
    """The reader has seen it work before writing one."""
    found = ask(steps, ttft_p95=2.0, waiting=7.0)

    assert f"it says `{found.verdict}`" in PAGE
    assert f"*{found.because}*" in PAGE.replace("\n", " ")


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        pytest.param({"ttft_p95": 1.0, "waiting": 7.0}, "in_time", id="in-time"),
        pytest.param({"ttft_p95": 2.0, "waiting": 0.0}, "late", id="late"),
        pytest.param({"waiting": 0.0}, "cannot_tell", id="without-data"),
    ],
)
def test_the_check_of_the_page_keeps_its_promises(steps, values, verdict):
    """What people copy must be right in every branch."""
    found = ask(steps, **values)

    assert found.verdict == verdict
    assert len(found.evidence) == 2


def test_the_runbook_of_the_page_uses_the_check(tmp_path, steps):
    """A check is there for runbooks."""
    own = tmp_path / "runbooks"
    own.mkdir()
    (own / "first-token.yaml").write_text(block("yaml"), "utf-8")

    assert loader.lint(own, steps=[steps]) == []
    runbook = loader.load((LIBRARY, own), steps=[steps])["first-token"]
    assert runbook.step("first-token").verdicts == (
        "in_time",
        "late",
        "late_and_queued",
        "cannot_tell",
    )


def test_without_the_module_the_runbook_is_refused(tmp_path):
    """The runbook alone does not bring the check along."""
    (tmp_path / "first-token.yaml").write_text(block("yaml"), "utf-8")

    (problem,) = loader.lint(tmp_path)

    assert "'first_token' is unknown" in problem.what


def test_the_check_of_the_page_is_typed_as_ours_are(steps):
    """Whoever copies it meets the type checker next: it must not be the page that is wrong."""
    name = next(steps.glob("*.py"))

    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_there_is_no_setting_for_checks_as_the_page_says():
    """The day there is one, this page has to lead to it."""
    assert "There is no setting for" in PAGE
    assert [name for name in settings.about() if "step" in name or "check" in name] == []
