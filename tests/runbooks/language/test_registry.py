"""A step is one module, and a forgotten part is refused at start."""

from pathlib import Path

import pytest

from incidents.errors import Rejected
from runbooks.language import loader, registry
from runbooks.language.loader import LIBRARY

MODULE = '''
"""pause: does nothing for a while."""
from datetime import timedelta

from runbooks.language.declaration import WaitVerb
from runbooks.language.shapes import Record

STEP = WaitVerb(
    name="pause", meaning="Pause", fields=Record(fields={}), length=lambda _: timedelta()
)
'''


def write(folder: Path, name: str, text: str) -> Path:
    (folder / f"{name}.py").write_text(text, "utf-8")
    return folder


def test_a_module_in_an_extra_folder_is_a_step(tmp_path):
    """A team adds a check of its own without forking."""
    assert registry.verbs([write(tmp_path, "pause", MODULE)])["pause"].meaning == "Pause"


def test_a_module_is_run_once_for_all_runbooks(tmp_path):
    """Eight runbooks ran it eight times, which a module that connects somewhere would notice."""
    seen = tmp_path / "seen"
    text = f"{MODULE}\nwith open({str(seen)!r}, 'a') as file:\n    file.write('x')\n"

    loader.load((LIBRARY,), steps=[write(tmp_path, "pause", text)])

    assert seen.read_text("utf-8") == "x"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        pytest.param("rest", MODULE, "a module is called like its verb", id="another-name"),
        pytest.param("pause", '"""Nothing."""', "declares no STEP", id="no-declaration"),
        pytest.param(
            "wait",
            MODULE.replace('"pause"', '"wait"'),
            "there is a step wait already",
            id="a-name-that-is-taken",
        ),
    ],
)
def test_a_module_that_is_no_step_is_refused(tmp_path, name, text, words):
    """A step that is silently missing is found at two in the morning."""
    with pytest.raises(Rejected, match=words):
        registry.verbs([write(tmp_path, name, text)])
