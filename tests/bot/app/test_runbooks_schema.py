"""`triaged runbooks schema`: what an editor is given to read runbooks by."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from runbooks.language.loader import LIBRARY
from tests.bot.app.commanding import Run

SHIPPED = sorted(LIBRARY.glob("*.yaml"))


@pytest.fixture
def editor(run: Run) -> Draft202012Validator:
    """Give an editor the schema that the command prints."""
    ended = run("runbooks", "schema")
    assert (ended.status, ended.err) == (0, "")
    Draft202012Validator.check_schema(ended.json)
    return Draft202012Validator(ended.json)


def saved(file: Path) -> dict[str, Any]:
    """Return a runbook as an editor reads it."""
    found: dict[str, Any] = json.loads(json.dumps(YAML(typ="safe", pure=True).load(file)))
    return found


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_printed_schema_accepts_what_we_ship(editor: Draft202012Validator, file: Path) -> None:
    """What we ship is what people copy; a red line under it would make them distrust the rest."""
    editor.validate(saved(file))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_printed_schema_refuses_an_unknown_field(
    editor: Draft202012Validator, file: Path
) -> None:
    """A misspelt field is seen while it is typed, in the runbook and in each of its steps."""
    runbook = saved(file)
    above = {**runbook, "colour": "red"}
    within = {**runbook, "steps": [{**one, "colour": "red"} for one in runbook["steps"]]}

    assert not editor.is_valid(above)
    assert not editor.is_valid(within)
    assert len(list(editor.iter_errors(within))) == len(runbook["steps"])
