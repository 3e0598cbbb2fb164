"""Names that must not clash, and names that have no place in the project."""

import importlib.metadata
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

FOLDERS = ("tests", "docs", "deploy", "requirements", ".ci")
# Home and scratch folders of one machine; the pattern is written so that it does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w.$}:-])/(?:home|root|Users|work|farm)/[\w.]+")


def test_no_other_distribution_ships_a_package_of_our_names(packages: tuple[str, ...]) -> None:
    """The folders are installed as they are: a library called `storage` would replace ours."""
    owners = importlib.metadata.packages_distributions()

    assert clashes((*packages, "deploy"), owners) == []


def test_no_package_hides_a_module_of_python(packages: tuple[str, ...]) -> None:
    """A package named like a standard module breaks whoever imports that module."""
    assert sorted(sys.stdlib_module_names.intersection(packages)) == []


def test_no_file_names_a_folder_of_one_machine(root: Path, packages: tuple[str, ...]) -> None:
    """A path of the author's machine works on no other."""
    assert list(machine_paths(_files(root, (*packages, *FOLDERS)))) == []


def test_a_clash_and_a_machine_path_are_seen(tmp_path: Path) -> None:
    """A scan that sees nothing would pass for ever."""
    page = tmp_path / "page.md"
    page.write_text("fine\nsee /" + "home/ada/notes\n", encoding="utf-8")

    assert list(machine_paths([page])) == [f"{page}:2 names /" + "home/ada"]
    assert clashes(("bot",), {"bot": ["triaged", "skynet"]}) == ["bot is also shipped by skynet"]


def clashes(packages: Sequence[str], owners: Mapping[str, Sequence[str]]) -> list[str]:
    """Return one complaint per package of ours that another distribution ships too."""
    return [
        f"{package} is also shipped by {owner}"
        for package in packages
        for owner in sorted(set(owners.get(package, ())) - {"triaged"})
    ]


def machine_paths(files: Sequence[Path]) -> Iterator[str]:
    """Yield file, line and path wherever a folder of one machine is named."""
    for file in files:
        for number, line in enumerate(_lines(file), start=1):
            for found in MACHINE_PATH.findall(line):
                yield f"{file}:{number} names {found}"


def _files(root: Path, folders: Sequence[str]) -> list[Path]:
    below = [path for folder in folders for path in (root / folder).rglob("*")]
    return [path for path in (*root.iterdir(), *below) if _is_ours(path)]


def _is_ours(path: Path) -> bool:
    made = {"__pycache__", "node_modules"}
    return path.is_file() and not made & set(path.parts) and path.name not in (".git", ".coverage")


def _lines(file: Path) -> list[str]:
    raw = file.read_bytes()
    return [] if b"\0" in raw else raw.decode("utf-8", errors="replace").splitlines()
