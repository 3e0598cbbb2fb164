"""Faults are counted exactly."""

from hypothesis import given
from hypothesis import strategies as st

from drills.slack.faults import Fault, FaultKind, Faults, read_fault

POST = "chat.postMessage"


@given(skip=st.integers(0, 5), times=st.integers(1, 5), calls=st.integers(0, 15))
def test_a_fault_skips_and_hits_as_planned(skip, times, calls) -> None:
    """The k-th call is where a crash drill wants its cut, and nowhere else."""
    faults = Faults()
    faults.plan(Fault(method=POST, kind=FaultKind.SLOW, skip=skip, times=times))

    met = [faults.meet(POST) is not None for _ in range(calls)]

    assert met == [skip <= place < skip + times for place in range(calls)]


def test_faults_of_one_method_come_one_after_the_other() -> None:
    """A drill tells a story: first it hangs, then it is limited, then it works."""
    faults = Faults()
    kinds = [FaultKind.HANG_AFTER, FaultKind.RATE_LIMITED]
    faults.plan(*[Fault(method=POST, kind=kind) for kind in kinds])

    met = [faults.meet(POST) for _ in range(3)]

    assert [fault.kind if fault else None for fault in met] == [*kinds, None]


def test_a_fault_for_any_method_hits_the_first_that_comes() -> None:
    """Slack as a whole is away in some drills."""
    faults = Faults()
    faults.plan(Fault(method="*", kind=FaultKind.SERVER_ERROR))

    assert faults.meet("pins.add") is not None
    assert faults.meet("pins.add") is None


@given(
    st.builds(
        Fault,
        method=st.sampled_from([POST, "*"]),
        kind=st.sampled_from(FaultKind),
        times=st.integers(1, 9),
        skip=st.integers(0, 9),
    )
)
def test_a_fault_survives_its_way_over_http(fault) -> None:
    """What is planned from another process is what happens."""
    assert read_fault(fault.body()) == fault
