"""Everything that we ship, as files: path below the folder, and text."""

import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from cluster.rules import budget, catalogue_page, dashboards, files
from cluster.rules.recordings import recordings
from cluster.rules.rule import Group, RuleFile
from incidents.catalogued import Catalogue, shipped
from incidents.objectives import Objectives

TOPICS: Final = Path(__file__).with_name("topics")

SIGNALS: Final = RuleFile(
    name="signals",
    about=(
        "Every signal of triaged as a recorded series `triaged:<signal>`, whatever the release of "
        "the engines and of the endpoint picker calls it. `triaged signals` says what each means."
    ),
    groups=(Group(name="triaged-signals", interval=timedelta(seconds=30), rules=recordings()),),
)


def rule_files(
    objectives: Objectives, *, folders: Sequence[Path] = (TOPICS,)
) -> tuple[RuleFile, ...]:
    """Return the rule files: the signals, each topic, and the budgets of the objectives.

    Each module of a folder has a RuleFile called FILE; two of one name, or two alerts of one name,
    raise ValueError.
    """
    found = (SIGNALS, *_topics(folders), budget.file(objectives))
    _once("rule file", [file.name for file in found])
    _once("alert", [alert.name for file in found[:-1] for alert in file.alerts])
    return found


def texts(
    objectives: Objectives,
    *,
    folders: Sequence[Path] = (TOPICS,),
    known: Catalogue | None = None,
) -> Mapping[str, str]:
    """Return the text of every file that is generated, by its path below the folder.

    `known` is the catalogue of severities; without it, it is the one that we ship.
    """
    page = catalogue_page.text(shipped() if known is None else known)
    return {**dict(_texts(rule_files(objectives, folders=folders))), "catalogue.md": page}


def _texts(found: Iterable[RuleFile]) -> Iterator[tuple[str, str]]:
    for file in found:
        yield f"prometheus/{file.name}.yaml", files.plain(file)
        yield f"prometheus/operator/{file.name}.yaml", files.operator(file)
        if file.alerts:
            yield f"prometheus/tests/{file.name}.yaml", files.proofs(file, beside="../")
    for name, text in dashboards.texts().items():
        yield f"grafana/{name}.json", text


def _topics(folders: Sequence[Path]) -> Iterator[RuleFile]:
    for folder in folders:
        for file in sorted(folder.glob("[!_]*.py")):
            yield _file(file)


def _file(path: Path) -> RuleFile:
    spec = importlib.util.spec_from_file_location(f"cluster.rules.topics.{path.stem}", path)
    if spec is None or spec.loader is None:
        message = f"{path} is no module"
        raise ValueError(message)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: RuleFile = module.FILE
    return found


def _once(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            message = f"two {what}s are called {name}"
            raise ValueError(message)
