"""The child that renders: killed in time, kept small, told nothing."""

import os
import sys
from pathlib import Path

import pytest

from bot.postmortem.compose import document
from bot.postmortem.document import Document
from bot.postmortem.rendering import render
from bot.postmortem.story import collect
from incidents.errors import Rejected
from tests.bot.postmortem.tale import PEOPLE, kv_cache_story


@pytest.fixture(scope="module")
def story() -> Document:
    """Return the document of the story."""
    tale = kv_cache_story()
    found = collect(1, desk=tale.desk, texts=tale.store.texts, people=PEOPLE)
    assert found is not None
    return document(found)


def test_a_child_that_hangs_is_killed(story: Document, tmp_path: Path) -> None:
    """A document that never ends must not hold the desk up, nor keep a core busy afterwards."""
    name = tmp_path / "id"
    hanging = ("/bin/sh", "-c", f"echo $$ > {name}; exec sleep 600")

    with pytest.raises(Rejected, match=r"INC-1: rendering was not done after 1\.5 s"):
        render(story, deadline=1.5, child=hanging)

    with pytest.raises(ProcessLookupError):
        os.kill(int(name.read_text()), 0)


@pytest.mark.parametrize(
    ("template", "because"),
    [
        pytest.param("{{ 'a'.center(10 ** 10) }}", "MemoryError", id="memory"),
        pytest.param("{{ 'a' * 10 ** 10 }}", "MemoryError", id="product"),
        pytest.param("{% for x in range(10 ** 9) %}x{% endfor %}", "Range too big", id="range"),
        pytest.param("{{ ''.__class__.__mro__ }}", "unsafe", id="escape"),
        pytest.param("{{ document.nothing }}", "no attribute 'nothing'", id="unknown"),
        pytest.param("{% if %}", "Expected an expression", id="no-template"),
        pytest.param("{% include 'x' %}", "no loader", id="include"),
    ],
)
def test_a_template_that_goes_too_far_is_refused(
    story: Document, template: str, because: str
) -> None:
    """The sandbox stops escapes, not exhaustion; the child's limits stop that."""
    with pytest.raises(Rejected, match=because):
        render(story, template=template)


def test_a_template_that_never_ends_is_killed(story: Document) -> None:
    """Each loop is small and all of them together take years."""
    loops = "{% for a in range(99999) %}" * 3 + "{% endfor %}" * 3

    with pytest.raises(Rejected, match="not done after 1 s"):
        render(story, template=loops, deadline=1)


def test_a_template_prints_text_escaped_whatever_it_forgets(story: Document) -> None:
    """Whoever writes a template of their own will forget a filter."""
    rendered = render(story, template="{{ '<b>*x*</b>' ~ document.label }}\n")

    assert rendered.markdown == "\\<b\\>\\*x\\*\\</b\\>INC-1\n"


def test_the_child_has_no_environment(story: Document) -> None:
    """What renders foreign text has no use for tokens and addresses."""
    nosy = (sys.executable, "-c", "import os; print(sorted(os.environ)); raise SystemExit(3)")
    telling = (
        sys.executable,
        "-c",
        "import os, sys; sys.exit(','.join(sorted(set(os.environ) - {'LC_CTYPE'})) or 'nothing')",
    )

    with pytest.raises(Rejected, match=r"rendering failed \(3\)"):
        render(story, child=nosy)
    with pytest.raises(Rejected, match=r": nothing$"):
        render(story, child=telling)
