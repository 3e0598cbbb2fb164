"""Loads runbooks: one file, or a folder of them, with everything that is wrong at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast  # what was read has the shape of the grammar

from incidents.errors import Rejected
from runbooks.language import build, document, grammar, positions, registry, sense, ties
from runbooks.language.conform import Conform
from runbooks.language.document import Node
from runbooks.language.model import TRIAGE, Runbook
from runbooks.language.problem import Problem, refuse

LIBRARY = Path(__file__).parent.parent / "library"
"""The runbooks that are shipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A runbook, or what is wrong with it; `root` knows the lines."""

    path: Path
    runbook: Runbook | None
    root: Node | None
    problems: tuple[Problem, ...]


def load(
    folders: Sequence[Path] = (LIBRARY,), *, steps: Sequence[Path] = ()
) -> Mapping[str, Runbook]:
    """Return the runbooks of all folders by name; `steps` are folders with further step modules.

    A file of a later folder replaces one of the same name. Raises Rejected with every problem
    as `file:line: what`, also when none of the files is the triage runbook.
    """
    loaded = _read(folders, steps)
    refuse(_problems(loaded))
    runbooks = {one.runbook.name: one.runbook for one in loaded if one.runbook is not None}
    if TRIAGE not in runbooks:
        message = f"no {TRIAGE}.yaml in {', '.join(map(str, folders))}"
        raise Rejected(message)
    return runbooks


def lint(folder: Path, *, steps: Sequence[Path] = ()) -> list[Problem]:
    """Return what is wrong in one folder, by file and line; nothing is fine.

    A tie with a shipped runbook counts, because loading would refuse it.
    """
    if not folder.is_dir():
        return [Problem(file=str(folder), line=1, what="there is no such folder")]
    found = _problems(_read((LIBRARY, folder), steps))
    return sorted(problem for problem in found if Path(problem.file).parent == folder)


def load_text(text: str, *, name: str, verbs: grammar.Verbs) -> Runbook:
    """Return the runbook that a text holds, as a run keeps it; raises Rejected."""
    loaded = _load(Path(f"{name}.yaml"), text.encode("utf-8", "surrogatepass"), verbs)
    refuse(loaded.problems)
    if loaded.runbook is None:
        message = f"{name} holds no runbook"
        raise Rejected(message)
    return loaded.runbook


def _read(folders: Sequence[Path], steps: Sequence[Path]) -> list[Loaded]:
    paths: dict[str, Path] = {}
    for folder in folders:
        paths |= {path.stem: path for path in sorted(folder.glob("*.yaml"))}
        paths |= {path.name: path for path in sorted(folder.glob("*.yml"))}
    # Modules of another folder may change under the same path; ours do not while we run.
    verbs = registry.verbs(steps) if steps else None
    return [_opened(path, verbs) for path in paths.values()]


def _opened(path: Path, verbs: grammar.Verbs | None) -> Loaded:
    """Read a file with these verbs, or with our own alone."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = Problem(file=str(path), line=1, what=f"cannot be read: {error.strerror}")
        return Loaded(path=path, runbook=None, root=None, problems=(problem,))
    return _once(path, raw) if verbs is None else _load(path, raw, verbs)


@lru_cache(maxsize=256)
def _once(path: Path, raw: bytes) -> Loaded:
    """Read a file with our own steps; the same bytes are not read a second time."""
    return _load(path, raw, registry.verbs(()))


def _load(path: Path, raw: bytes, verbs: grammar.Verbs) -> Loaded:
    problems: list[Problem] = []

    def complain(line: int, what: str) -> None:
        problems.append(Problem(file=str(path), line=line, what=what))

    if path.suffix != ".yaml" or grammar.named(path.stem) is None:
        complain(1, f"{path.name} is no name such as cache-evictions.yaml")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        complain(raw[: error.start].count(b"\n") + 1, "not UTF-8")
        return Loaded(path=path, runbook=None, root=None, problems=tuple(problems))
    read = document.read(text, file=str(path))
    problems.extend(read.problems)
    runbook = None
    if read.root is not None:
        runbook = _build(read.root, verbs, complain, _Source(path.stem, text, raw))
    whole = None if problems else runbook
    return Loaded(path=path, runbook=whole, root=read.root, problems=tuple(problems))


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    text: str
    raw: bytes


def _build(root: Node, verbs: grammar.Verbs, complain: Any, source: _Source) -> Runbook | None:
    wrong: list[int] = []

    def count(line: int, what: str) -> None:
        wrong.append(line)
        complain(line, what)

    plain = Conform(complain=count).read(root, grammar.runbook(verbs), "runbook")
    if wrong or not isinstance(plain, dict):
        return None
    read = cast("Mapping[str, Any]", plain)  # as the grammar says
    for path, what in sense.unreadable(read):
        count(positions.line(root, path), what)
    if wrong:
        return None
    runbook = build.runbook(read, verbs, name=source.name, text=source.text, raw=source.raw)
    for path, what in sense.nonsense(runbook, verbs):
        complain(positions.line(root, path), what)
    return runbook


def _problems(loaded: Sequence[Loaded]) -> list[Problem]:
    found = [problem for one in loaded for problem in one.problems]
    whole = [(one, one.runbook) for one in loaded if one.runbook is not None]
    for number, (one, runbook) in enumerate(whole):
        for other, earlier in whole[:number]:
            if ties.tied(runbook.match, runbook.priority, earlier.match, earlier.priority):
                line = positions.line(one.root, ("match",))
                found.append(Problem(file=str(one.path), line=line, what=_tie(other.path)))
    return found


def _tie(other: Path) -> str:
    return f"an alert may match this and {other.name} equally well; give one another priority"
