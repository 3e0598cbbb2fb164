"""The catalogue of signals: every entry of every module in `topics/`, and nothing to register."""

import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from cluster.signals.signal import Signal

TOPICS: Final = Path(__file__).with_name("topics")


def read(folders: Sequence[Path] = (TOPICS,)) -> Mapping[str, Signal]:
    """Return the signals of all modules in the folders, by name.

    Each module has a tuple `SIGNALS`. Raises ValueError for a name that stands twice.
    """
    files = [file for folder in folders for file in sorted(folder.glob("[!_]*.py"))]
    return _by_name(each for file in files for each in _signals(file))


def _by_name(signals: Iterable[Signal]) -> Mapping[str, Signal]:
    found: dict[str, Signal] = {}
    for each in signals:
        if each.name in found:
            message = f"two signals are called {each.name!r}"
            raise ValueError(message)
        found[each.name] = each
    return found


def _signals(file: Path) -> Iterator[Signal]:
    spec = importlib.util.spec_from_file_location(f"cluster.signals.topics.{file.stem}", file)
    if spec is None or spec.loader is None:
        message = f"{file} is no module"
        raise ValueError(message)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield from module.SIGNALS


SIGNALS: Final[Mapping[str, Signal]] = read()
