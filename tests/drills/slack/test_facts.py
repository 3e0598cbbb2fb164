"""The stand-in says only what Slack documents."""

import ast
from pathlib import Path

import drills.slack
from drills.slack.facts import COMMON_ERRORS, METHODS
from drills.slack.methods.table import HANDLERS

HOME = Path(drills.slack.__file__).parent
# Codes that are not written out, but passed on, are held by `dispatch` while it runs.
DOCUMENTED = COMMON_ERRORS.union(*[method.errors for method in METHODS.values()])


def _refusals() -> dict[str, str]:
    """Return every code that is written in a call of `refuse`, and where."""
    found = {}
    for path in sorted(HOME.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if not (named and node.func.id == "refuse" and node.args):
                continue
            found |= dict.fromkeys(_codes(node.args[0]), f"{path.name}:{node.lineno}")
    return found


def _codes(written: ast.expr) -> list[str]:
    match written:
        case ast.Constant(value=str(code)):
            return [code]
        case ast.IfExp(body=one, orelse=other):
            return _codes(one) + _codes(other)
        case _:
            return []


def test_every_code_that_is_refused_with_is_documented() -> None:
    """An invented code would teach the bot a branch that Slack never takes."""
    refusals = _refusals()

    assert len(refusals) > 40
    assert {code: place for code, place in refusals.items() if code not in DOCUMENTED} == {}


def test_every_method_has_its_facts_and_every_fact_its_method() -> None:
    """A method without facts has no scope and no limit; facts without a method answer nothing."""
    assert set(HANDLERS) == set(METHODS)
