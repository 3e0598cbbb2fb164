"""Faults: they change causes, are read strictly, and can be taken away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills import faults
from drills.faults import Causes, LongContext, MoreTraffic, ScaledBackBySomebody
from drills.model.traffic import Traffic


def test_no_fault_is_a_healthy_world() -> None:
    """Taking the faults away heals the causes."""
    assert faults.causes_with([]) == Causes()


def test_faults_add_up() -> None:
    """Traffic doubles on top of long contexts: both causes stand."""
    causes = faults.causes_with([LongContext(share=0.2, tokens=9_000), MoreTraffic(factor=2)])

    mix = Traffic(rate=2 * Traffic().rate, long_share=0.2, long_prompt=9_000)
    assert causes == Causes(traffic=mix)


@pytest.mark.parametrize("kind", faults.KINDS)
def test_a_fault_is_written_as_it_is_read(kind: str) -> None:
    """What `GET /state` shows can be sent back."""
    fault = faults.KINDS[kind]()
    said = faults.written(fault)

    assert said.pop("kind") == kind
    assert faults.read(kind, said) == fault


@pytest.mark.parametrize(
    ("kind", "numbers", "complaint"),
    [
        pytest.param("fire", {}, "unknown fault 'fire'", id="unknown-kind"),
        pytest.param("traffic", {"speed": 2}, "unknown field 'speed'", id="unknown-field"),
        pytest.param("traffic", {"factor": -1}, "at least 0", id="negative"),
        pytest.param("traffic", {"factor": "2"}, "must be a number", id="text"),
        pytest.param("traffic", {"factor": True}, "must be a number", id="truth"),
        pytest.param("traffic", {"factor": float("nan")}, "at least 0", id="nan"),
    ],
)
def test_what_is_no_fault_is_refused(kind: str, numbers: dict[str, object], complaint: str) -> None:
    """A typing error must not run a drill without its fault."""
    with pytest.raises(ValueError, match=complaint):
        faults.read(kind, numbers)


@given(st.floats(0, 1e6))
def test_a_number_of_a_fault_survives_the_wire(after: float) -> None:
    """Numbers are taken as they are."""
    fault = ScaledBackBySomebody(after=after)
    said = {name: of for name, of in faults.written(fault).items() if name != "kind"}

    assert faults.read("scaled_back_by_somebody", said) == fault
