"""Documents that the language suites share."""

from pathlib import Path

import pytest

from runbooks.language import loader, registry

GOOD = """\
title: An example
steps:
  - id: look
    title: Look
    do: signal
    with: {signal: waiting, at_most: 5}
  - id: more
    title: More
    do: scale
    when: {look: [beyond]}
    with: {replicas: $growth, at_most: 9}
    verify: {settle: 10m, window: 5m, expect: [{signal: waiting, at_most: 5}]}
parameters:
  growth: {type: choice, choices: ["+1", "+50%"], default: "+1", meaning: How many more}
match:
  labels: ['alertname="Example"']
"""


@pytest.fixture
def good() -> str:
    return GOOD


@pytest.fixture(scope="session")
def verbs():
    return registry.verbs()


@pytest.fixture
def complaints(tmp_path: Path):
    """Write files into a folder and return what the linter says, without the folder's name."""

    def lint(**files: str) -> list[str]:
        for name, text in files.items():
            (tmp_path / f"{name.replace('_', '-')}.yaml").write_text(text, "utf-8")
        return [str(problem).removeprefix(f"{tmp_path}/") for problem in loader.lint(tmp_path)]

    return lint
