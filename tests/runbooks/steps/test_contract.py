"""What every step must have; a new one is held to it by being there."""

import importlib
from pathlib import Path

import jsonschema
import pytest

from runbooks.language import registry, schema
from runbooks.language.declaration import AskVerb, CheckVerb, Kind, kind

VERBS = registry.verbs()
DOCS = Path(__file__).parents[3] / "docs" / "adding-a-runbook.md"

each = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)


@each
def test_a_step_says_in_its_first_line_what_it_does(verb):
    """The folder's listing is its documentation."""
    words = importlib.import_module(f"runbooks.steps.{verb.name}").__doc__

    assert words.startswith(f"{verb.name}: ")
    assert verb.meaning


@each
def test_every_field_of_a_step_is_explained(verb):
    """Editors show the meaning from the schema."""
    assert all(known.meaning for known in verb.fields.fields.values())


@each
def test_the_fields_of_a_step_make_a_schema(verb):
    """The published schema is the sum of these."""
    jsonschema.Draft202012Validator.check_schema(schema.schema(verb.fields))


@each
def test_a_step_has_a_line_in_the_documentation(verb):
    """Undocumented is unused."""
    assert f"| `{verb.name}` | {kind(verb).value} |" in DOCS.read_text("utf-8")


@pytest.mark.parametrize(
    "verb", [v for v in VERBS.values() if isinstance(v, CheckVerb)], ids=lambda v: v.name
)
def test_a_check_can_say_that_it_cannot_tell(verb):
    """A check without this word must invent one when Prometheus is away."""
    assert "cannot_tell" in verb.verdicts
    assert len(set(verb.verdicts)) == len(verb.verdicts) > 1


def test_an_ask_takes_no_parameter_for_its_choices():
    """Its choices are verdicts, which `when` names before anything runs."""
    asks = [verb for verb in VERBS.values() if isinstance(verb, AskVerb)]

    assert asks
    assert not any(known.by_reference for ask in asks for known in ask.fields.fields.values())


def test_there_is_a_step_of_every_kind():
    """The engine's four ways are all in use."""
    assert {kind(verb) for verb in VERBS.values()} == set(Kind)
