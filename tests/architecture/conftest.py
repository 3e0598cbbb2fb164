"""What the scans read: the parsed sources of the product and of its tests."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("incidents", "cluster", "runbooks", "alert_webhooks", "storage", "bot", "drills")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def packages() -> tuple[str, ...]:
    """Return the names of the top-level packages."""
    return PACKAGES


@pytest.fixture(scope="session")
def product() -> Mapping[PurePosixPath, ast.Module]:
    """Return the syntax tree of every product module, by path below the project's folder."""
    return dict(_parsed(PACKAGES))


@pytest.fixture(scope="session")
def tests() -> Mapping[PurePosixPath, ast.Module]:
    """Return the syntax tree of every test module, by path below the project's folder."""
    return dict(_parsed(("tests",)))


def _parsed(folders: tuple[str, ...]) -> Iterator[tuple[PurePosixPath, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            relative = PurePosixPath(path.relative_to(ROOT).as_posix())
            yield relative, ast.parse(path.read_text(encoding="utf-8"), filename=str(relative))
