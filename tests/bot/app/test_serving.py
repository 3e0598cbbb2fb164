"""What of a stop is left for the server, by arithmetic: no clock has to be watched."""

from hypothesis import example, given
from hypothesis import strategies as st

from bot.app import serving
from bot.app.server import DRAIN_SECONDS

BEFORE = st.floats(0, serving.SOCKETS_SECONDS + serving.LOOPS_SECONDS)


@given(spent=BEFORE)
@example(spent=0.99)
@example(spent=serving.SOCKETS_SECONDS + serving.LOOPS_SECONDS)
def test_an_open_connection_never_costs_the_stop_its_time(spent: float) -> None:
    """Sockets, loops and a sender that never ends come one after the other, in five seconds."""
    assert spent + serving.drain_after(spent) + serving.ENDING_SECONDS <= serving.STOP_SECONDS


@given(spent=st.floats(0, 1_000))
def test_whoever_is_being_answered_gets_a_moment(spent: float) -> None:
    """A delivery that is being kept is answered, however late the stop has become."""
    assert serving.HURRIED_SECONDS <= serving.drain_after(spent) <= DRAIN_SECONDS


def test_a_stop_in_order_lets_the_door_answer() -> None:
    """The loops end within a second; the door answers whoever it has heard within two."""
    assert serving.drain_after(1.0) == DRAIN_SECONDS
