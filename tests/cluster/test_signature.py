"""Who stands behind a write: readable on the object, harmless in a header."""

import re

from hypothesis import given
from hypothesis import strategies as st

from cluster.actions.signature import LONGEST, UNSIGNED, Signature, agent, notes

KEY = "run-12-1/add/1"
ANNA = Signature(incident=12, approved_by="anna and bob")


def test_a_signed_write_names_incident_run_and_people() -> None:
    """An auditor reads it without asking us."""
    assert agent(ANNA, KEY) == "(incident 12; run-12-1/add/1; approved by anna and bob)"
    assert notes(ANNA) == {
        "triaged.dev/incident": "12",
        "triaged.dev/approved-by": "anna and bob",
    }


def test_an_unsigned_write_says_nothing() -> None:
    """A dry run is for nobody yet."""
    assert (agent(UNSIGNED, KEY), notes(UNSIGNED)) == ("", {})


def test_a_write_that_nobody_approved_says_so() -> None:
    """It should never be: then it must show."""
    assert agent(Signature(incident=1), KEY) == "(incident 1; run-12-1/add/1; approved by nobody)"


@given(by=st.text(max_size=400), key=st.text(max_size=400))
def test_no_name_breaks_out_of_its_header(by: str, key: str) -> None:
    """Ids come from a file that people write: neither lines nor further comments come of one."""
    said = agent(Signature(incident=1, approved_by=by), key)

    assert re.fullmatch(r"\(incident 1; [^()\\;]*; approved by [^()\\;]+\)", said)
    assert said.isascii()
    assert said.isprintable()
    assert len(said) < 60 + 2 * 12 * (LONGEST + 3)
