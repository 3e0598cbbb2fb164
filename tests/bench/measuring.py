"""Measuring: which figures, in how many rounds, and where they go."""

import argparse
import json
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from tests.bench import classification, first_call, ingest, planning, start_and_stop, storm
from tests.bench.figures import Figure
from tests.bench.places import Places, Say, places
from tests.bench.table import shortfalls, table

ROUNDS = 5


class Measure(Protocol):
    """Measures one part."""

    def __call__(self, places: Places, *, rounds: int, say: Say) -> list[Figure]:
        """Return the figures of all rounds."""


PARTS: Mapping[str, Measure] = {
    "ingest": ingest.measure,
    "first-call": first_call.measure,
    "start-and-stop": start_and_stop.measure,
    "classification": classification.measure,
    "planning": planning.measure,
    "storm": storm.measure,
    "whole-storm": storm.whole,
}
# The storm's own minute is left to whoever asks for it.
USUAL = tuple(name for name in PARTS if name != "whole-storm")


def main(words: Sequence[str]) -> None:
    """Measure and print; what is not reached is said, and is no failure of the bench."""
    given = _arguments(words)
    began, started = datetime.now(UTC), time.monotonic()
    figures: list[Figure] = []
    with places() as where:
        for name in given.only:
            figures += PARTS[name](where, rounds=given.rounds, say=_say)
    about = {**_machine(), "began": began.isoformat(timespec="seconds"), "rounds": given.rounds}
    about["seconds"] = round(time.monotonic() - started)
    _show(figures, about)
    if given.json:
        raw = {"about": about, "figures": [one.body() for one in figures]}
        given.json.write_text(json.dumps(raw, indent=1, ensure_ascii=False) + "\n")


def _show(figures: Sequence[Figure], about: Mapping[str, object]) -> None:
    print(table(figures))
    print()
    for line in shortfalls(figures):
        print(line)
    if not any(shortfalls(figures)):
        print("every must is reached")
    print(", ".join(f"{name} {value}" for name, value in about.items()))


def _machine() -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
    }


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round there")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often all is measured")
    parser.add_argument(
        "--only", nargs="+", choices=list(PARTS), default=list(USUAL), help="measure these parts"
    )
    return parser.parse_args(words)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
