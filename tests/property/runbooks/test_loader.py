"""Whatever an editor does to a runbook, the linter answers."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.errors import Rejected
from runbooks.language import loader, registry
from runbooks.language.loader import LIBRARY
from runbooks.language.model import Runbook

VERBS = registry.verbs()
TEXT = (LIBRARY / "cache-evictions.yaml").read_text("utf-8")
LINES = TEXT.splitlines(keepends=True)
PIECES = ["", "  ", "- ", "{", "}", "[", "]", ": ", "$", "'", '"', "#", "&a ", "*a", "5", "no\n"]


def loaded(text: str) -> Runbook | None:
    try:
        return loader.load_text(text, name="example", verbs=VERBS)
    except Rejected:
        return None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(LINES) - 1), st.integers(0, len(LINES) - 1))
def test_lines_that_were_moved_are_loaded_or_refused(source: int, target: int) -> None:
    """A slip with the editor must never be a stack trace at start."""
    lines = list(LINES)
    lines.insert(target, lines.pop(source))

    found = loaded("".join(lines))

    assert found is None or found.steps


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(TEXT)), st.integers(0, 12), st.sampled_from(PIECES))
def test_a_place_that_was_overwritten_is_loaded_or_refused(at: int, cut: int, piece: str) -> None:
    """Nor must any half-finished edit."""
    found = loaded(TEXT[:at] + piece + TEXT[at + cut :])

    assert found is None or found.steps


def test_the_text_itself_is_loaded() -> None:
    """A property over refusals alone proves nothing."""
    assert loaded(TEXT) is not None
    assert Path(LIBRARY).is_dir()
