"""What is installed is what was locked, and every dependency has its reason."""

import re
from pathlib import Path

import pytest

LOCKS = ("build.txt", "runtime.txt", "dev.txt")
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>\S+)")
PLACE = re.compile(r"://|^--|@ |^\s*/")


@pytest.fixture(params=LOCKS, ids=LOCKS)
def lock(request: pytest.FixtureRequest, root: Path) -> str:
    """Return the text of one lock file."""
    return (root / "requirements" / str(request.param)).read_text(encoding="utf-8")


def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    """One missing hash makes pip refuse the whole lock, but only on the machine of a newcomer."""
    requirements = lock.replace("\\\n", " ").splitlines()

    loose = [line for line in requirements if not (PIN.match(line) and "--hash=sha256:" in line)]

    assert requirements
    assert loose == []


def test_a_lock_names_no_address(lock: str) -> None:
    """An address would tie every install to the index of whoever wrote the lock."""
    assert [line for line in lock.splitlines() if PLACE.search(line)] == []


def test_the_tests_run_on_the_versions_that_are_shipped(root: Path) -> None:
    """Tests that pass on other versions prove nothing about the shipped ones."""
    shipped, tested = (_pins(root / "requirements" / name) for name in ("runtime.txt", "dev.txt"))

    assert {name: tested.get(name) for name in shipped} == shipped


def test_every_declared_dependency_is_locked(root: Path) -> None:
    """A dependency that was added without `make lock` is missing after `make setup`."""
    lines = _dependency_lines((root / "pyproject.toml").read_text(encoding="utf-8"))
    names = {re.split(r"[\[<>=~!;]", line.strip(' "'))[0].replace(".", "-") for line in lines}

    assert names - _pins(root / "requirements" / "dev.txt").keys() == set()


def test_every_dependency_says_why_it_is_here(root: Path) -> None:
    """A line without a reason can be neither questioned nor removed."""
    lines = _dependency_lines((root / "pyproject.toml").read_text(encoding="utf-8"))

    assert lines
    assert [line for line in lines if not re.search(r"#\s*\S+", line)] == []


def _pins(path: Path) -> dict[str, str]:
    found = (PIN.match(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {match["name"]: match["version"] for match in found if match}


def _dependency_lines(project: str) -> list[str]:
    """Return the lines of the three lists of dependencies, as they are written."""
    lists = re.findall(
        r"^(?:dependencies|drills|dev) = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL
    )
    return [line for block in lists for line in block.splitlines() if line.strip()]
