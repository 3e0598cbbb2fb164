"""When the control plane counts as degraded, and when it is calm again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.clients.pulse import KEPT, Pulse, failed
from cluster.control_plane import OFTEN, Calm, Watched
from incidents.errors import Rejected, Unavailable
from incidents.policy import Degraded

SECOND = timedelta(seconds=1)


class Clock:
    """Real seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def pulse(clock: Callable[[], float], *beats: tuple[float, bool]) -> Pulse:
    made = Pulse(monotonic=clock)
    for seconds, wrong in beats:
        made.note(seconds=seconds, failed=wrong)
    return made


@pytest.mark.parametrize(
    ("beats", "troubled"),
    [
        pytest.param([(0.01, False)] * 20, False, id="well"),
        pytest.param([(0.01, True)] * 9, False, id="too-few-to-tell"),
        pytest.param([(0.01, False)] * 14 + [(0.01, True)] * 6, True, id="three-in-ten-fail"),
        pytest.param([(0.01, False)] * 15 + [(0.01, True)] * 5, False, id="one-in-four-fails"),
        pytest.param([(0.01, False)] * 7 + [(6.0, False)] * 3, True, id="slow"),
        pytest.param([(0.01, False)] * 7 + [(5.0, False)] * 3, False, id="just-in-time"),
    ],
)
def test_a_share_of_failures_or_slow_answers_is_trouble(
    beats: list[tuple[float, bool]], troubled: bool
) -> None:
    """One lost packet is none, and neither is a single slow list."""
    assert (pulse(Clock(), *beats).trouble(Degraded()) is not None) is troubled


def test_trouble_is_over_a_minute_after_the_last_of_it() -> None:
    """It goes on by itself: nobody has to say that the night is over."""
    clock = Clock()
    seen = pulse(clock, *[(0.01, True)] * 12)
    before = seen.trouble(Degraded())
    clock.now += 60.5

    assert before == ("of its last 12 answers within 60 s 12 failed and 0 took longer than 5 s")
    assert seen.trouble(Degraded()) is None


@given(beats=st.lists(st.tuples(st.floats(0, 4), st.just(False)), max_size=50))
def test_answers_in_time_are_never_trouble(beats: list[tuple[float, bool]]) -> None:
    """Whatever their number and order."""
    assert pulse(Clock(), *beats).trouble(Degraded()) is None


@pytest.mark.parametrize(
    ("status", "path", "wrong"),
    [
        (200, "/api/v1/pods", False),
        (403, "/api/v1/pods", False),
        (404, "/api/v1/pods", False),
        (409, "/scale", False),
        (429, "/api/v1/pods", True),
        (429, "/api/v1/namespaces/{namespace}/pods/{name}/eviction", False),
        (500, "/api/v1/pods", True),
        (503, "/readyz", True),
    ],
)
def test_what_an_answer_says_of_its_server(status: int, path: str, wrong: bool) -> None:
    """A refusal is an answer, and a disruption budget is no overload."""
    assert failed(status, path) is wrong


class Server:
    """An API server whose `/readyz` says what a test wants; it counts how often it is asked."""

    def __init__(self, clock: Clock) -> None:
        self.pulse = Pulse(monotonic=clock)
        self.error: Exception | None = None
        self.asked = 0

    def ready(self) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error


def test_readyz_is_believed_and_asked_now_and_then() -> None:
    """A claim that waits is tried four times a second; the server has other work."""
    clock = Clock()
    server = Server(clock)
    watched = Watched(server=server, monotonic=clock)
    server.error = Unavailable("/readyz: etcd failed")
    said = [watched.trouble() for _ in range(20)]
    clock.now += OFTEN
    server.error = None

    assert said == ["/readyz: etcd failed"] * 20
    assert watched.trouble() is None
    assert server.asked == 2


def test_who_may_not_ask_learns_nothing() -> None:
    """No right to read `/readyz` is no trouble of the server's."""
    server = Server(Clock())
    server.error = Rejected("/readyz: no permission")

    assert Watched(server=server).trouble() is None


def test_our_own_requests_count_where_readyz_says_yes() -> None:
    """A ready server behind a broken line is no server to write to."""
    clock = Clock()
    server = Server(clock)
    for _ in range(10):
        server.pulse.note(seconds=0.1, failed=True)

    said = Watched(server=server, monotonic=clock).trouble()

    assert said is not None
    assert said.startswith("of its last 10 answers")


def test_where_nobody_looks_all_is_calm() -> None:
    """Rehearsals without a cluster change nothing anyway."""
    assert Calm().trouble() is None  # type: ignore[func-returns-value] # that there is none


def test_the_bounds_of_the_day_count() -> None:
    """A changed policy is in force for the next claim, without a restart."""
    clock = Clock()
    server = Server(clock)
    for number in range(4):
        server.pulse.note(seconds=2.0, failed=number == 0)
    bounds = [Degraded(), Degraded(fewest=4, failing=0.25), Degraded(fewest=4, slow=SECOND)]

    said = [Watched(server=server, degraded=lambda one=one: one).trouble() for one in bounds]  # type: ignore[misc] # each its own

    assert said == [
        None,
        "of its last 4 answers within 60 s 1 failed and 0 took longer than 5 s",
        "of its last 4 answers within 60 s 1 failed and 3 took longer than 1 s",
    ]


def test_what_is_older_than_any_window_is_forgotten() -> None:
    """A process that lives for months must not remember each request of them."""
    clock = Clock()
    seen = pulse(clock, *[(0.01, True)] * 20)
    clock.now += KEPT.total_seconds() + 1
    seen.note(seconds=0.01, failed=False)

    assert seen.trouble(Degraded(window=10 * KEPT, fewest=1, failing=0.5)) is None
