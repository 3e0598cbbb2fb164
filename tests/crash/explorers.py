"""Explorers: processes that explore one point after the other, and the table of what they found."""

import json
import queue
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

THEN = " then "
COMMAND = (sys.executable, "-m", "tests.crash")
WORKERS = 2
"""One per core of the smallest machine that we know of."""

Found = Mapping[str, Any]  # a line of JSON


class Explorers:
    """Explorers that share the work: each takes the next point when it is done with the last."""

    def __init__(self, running: Iterable["subprocess.Popen[str]"]) -> None:
        self._idle = queue.SimpleQueue["subprocess.Popen[str]"]()
        for explorer in running:
            self._idle.put(explorer)

    def explore(self, points: Sequence[str]) -> list[Found]:
        """Return what each point shows."""
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(self._one, points))

    def _one(self, point: str) -> Found:
        explorer = self._idle.get()
        try:
            return _asked(explorer, point)
        finally:
            self._idle.put(explorer)


@contextmanager
def explorers() -> Iterator[Explorers]:
    """Run explorers; they end when nothing more is asked."""
    with ExitStack() as running:
        yield Explorers([running.enter_context(_explorer()) for _ in range(WORKERS)])


def _explorer() -> "subprocess.Popen[str]":
    command = [*COMMAND, "--explore"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _asked(explorer: "subprocess.Popen[str]", point: str) -> Found:
    assert explorer.stdin is not None
    assert explorer.stdout is not None
    explorer.stdin.write(f"{point}\n")
    explorer.stdin.flush()
    found: Found = json.loads(explorer.stdout.readline())
    return found


def table(points: Sequence[str], found: Sequence[Found], seconds: float) -> str:
    """Return what was explored, by sort of point, with a command for everything wrong."""
    wrong = [one for one in found if one["violations"]]
    killed = {one["point"] for one in found if one["killed"]}
    counts = {
        "there": Counter(map(sort, points)),
        "killed": Counter(map(sort, killed)),
        "in doubt": _count(one for one in found if one["doubt"]),
        "violated": _count(wrong),
    }
    head = f"\n{'point':<24}" + "".join(f"{name:>10}" for name in counts)
    lines = [
        head,
        *(
            f"{name:<24}" + "".join(f"{each[name]:>10}" for each in counts.values())
            for name in sorted(counts["there"] | counts["killed"])
        ),
    ]
    slowest = max((one["seconds"] for one in found), default=0)
    said = f"{len(points)} points, {len(killed & set(points))} killed, {len(wrong)} violations, "
    lines.append(f"{said}{len(found)} stories in {seconds:.0f} s, the slowest {slowest:.1f} s")
    tried = {one["point"] for one in found}
    never = tried - killed
    lines += [f"never came again: {point}" for point in sorted(never)]
    for one in wrong:
        lines.append(f"python -m tests.crash --point {one['point']!r}")
        lines += [f"  {violation}" for violation in one["violations"]]
    return "\n".join(lines)


def sort(point: str) -> str:
    """Return the sort of a point: `before commit: append`."""
    if THEN in point:
        return "two deaths"
    when, _, what = point.partition(": ")
    return f"{when}: {what.partition(' ')[0]}"


def _count(found: Iterable[Found]) -> Counter[str]:
    return Counter(sort(one["point"]) for one in found)
