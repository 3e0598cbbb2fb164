"""The wheel carries everything that the checkout runs from."""

import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path


def test_every_file_of_the_product_is_carried_by_the_wheel(
    root: Path, packages: tuple[str, ...]
) -> None:
    """A template that only lies in the checkout is missed on the first machine without one."""
    patterns = _carried(root)

    lost = [
        str(file.relative_to(root))
        for file in _files(root, (*packages, "deploy"))
        if not any(fnmatch(file.name, pattern) for pattern in patterns)
    ]

    assert lost == [], "name their ending in [tool.setuptools.package-data]"


def test_every_folder_of_the_product_is_carried_by_the_wheel(
    root: Path, packages: tuple[str, ...]
) -> None:
    """A package that is not found is missed at the first import."""
    find = _setuptools(root)["packages"]["find"]["include"]

    assert set(find) == {f"{package}*" for package in (*packages, "deploy")}


def _carried(root: Path) -> list[str]:
    return ["*.py", *_setuptools(root)["package-data"]["*"]]


def _setuptools(root: Path) -> dict[str, dict]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return project["tool"]["setuptools"]


def _files(root: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        for path in (root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
