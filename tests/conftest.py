"""What every suite shares: who may open a socket."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

TESTS = Path(__file__).parent
pytest_plugins = ["tests.stores"]
# A busy machine makes any example slow now and then; speed is shown in benches.
settings.register_profile("triaged", deadline=None)
settings.load_profile("triaged")
# Minutes of world time, whole processes, many examples: begun last, one of these files would keep
# the other workers waiting.
LONG_FIRST = (
    *("contract/", "property/"),
    *("cluster/test_adding_a_signal.py", "bot/app/test_again.py", "drills/"),
)
COUNTED = "counted"
ON_THE_WIRE = ("contract", "acceptance", "servers", "browser", "crash")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the suites that speak real protocols reach loopback; everything else opens no socket.

    The suites that take long come first, each in an order by chance as before.
    """
    items.sort(key=_turn)
    loopback = pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"])
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in ON_THE_WIRE:
            item.add_marker(loopback)


def _turn(item: pytest.Item) -> int:
    place = item.path.relative_to(TESTS).as_posix()
    found = (n for n, one in enumerate(LONG_FIRST) if place.startswith(one))
    return next(found, len(LONG_FIRST))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests counted, `user_properties` of (COUNTED, "what: of which kind"), at the end.

    What a worker prints is seen by nobody.
    """
    counts: dict[str, Counter[str]] = {}
    for report in terminalreporter.getreports("passed"):
        for name, said in report.user_properties:
            if name == COUNTED:
                what, _, kind = str(said).partition(": ")
                counts.setdefault(what, Counter())[kind] += 1
    for what, kinds in sorted(counts.items()):
        told = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
        terminalreporter.write_line(f"{what}: {told}")


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """Forget how a command has set up the log: it did so for a process of its own."""
    yield
    structlog.reset_defaults()
