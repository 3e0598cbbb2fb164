"""People: one person, however they come in."""

import pytest

from incidents.errors import Conflict, HoldConflict, NotAllowed, Rejected
from incidents.people import People, Person

ANN = Person(id="ann", name="Ann Lee", slack="U1", unix="alee", roles=("on-call-sre",))
BEN = Person(id="ben", name="Ben Ray", roles=("on-call-sre", "service-owner"))
TEAM = People((ANN, BEN))


def test_a_person_is_the_same_one_by_every_name() -> None:
    """Otherwise two people are one person twice."""
    assert (TEAM.get("ann"), TEAM.by_slack("U1"), TEAM.by_unix("alee")) == (ANN, ANN, ANN)


def test_an_unknown_person_is_on_no_list() -> None:
    """Anybody may ask; the id says that nobody vouches for them."""
    strangers = (TEAM.by_slack("U9"), TEAM.by_unix("root"), TEAM.get("eve"))

    assert strangers == (
        Person(id="slack:U9", name="U9", slack="U9"),
        Person(id="unix:root", name="root", unix="root"),
        None,
    )


def test_nobody_is_found_by_a_name_that_they_do_not_have() -> None:
    """Two people without a Slack account are not one person called nothing."""
    assert People((BEN, Person(id="cem", name="Cem"))).by_slack("").id == "slack:"


def test_people_stand_in_the_order_of_the_file() -> None:
    """Who is called first is configuration."""
    assert TEAM.with_role("on-call-sre") == TEAM.all() == (ANN, BEN)
    assert TEAM.with_role("service-owner") == (BEN,)


@pytest.mark.parametrize(
    ("person", "name"),
    [
        pytest.param("ann", "Ann Lee", id="known"),
        pytest.param("slack:U9", "U9", id="stranger"),
        pytest.param("triaged", "triaged", id="desk"),
    ],
)
def test_an_id_has_a_name_to_show(person: str, name: str) -> None:
    """Events carry ids; people read names."""
    assert TEAM.called(person) == name


@pytest.mark.parametrize(
    ("other", "message"),
    [
        pytest.param(
            Person(id="ann", name="Other"), "id 'ann' stands for ann and ann", id="same-id"
        ),
        pytest.param(
            Person(id="cem", name="Cem", slack="U1"),
            "slack 'U1' stands for ann and cem",
            id="same-slack",
        ),
        pytest.param(
            Person(id="cem", name="Cem", unix="alee"),
            "unix 'alee' stands for ann and cem",
            id="same-login",
        ),
    ],
)
def test_one_name_for_two_people_is_refused(other: Person, message: str) -> None:
    """An approval must name exactly one person."""
    with pytest.raises(Rejected) as refused:
        People((ANN, other))

    assert str(refused.value) == f"people: {message}"


def test_an_error_says_what_to_do_when_it_says_nothing_else() -> None:
    """The docstring is the default message, so no error is ever empty."""
    assert str(NotAllowed()) == "The person may not do what was asked."


def test_a_taken_hold_names_its_holder() -> None:
    """Whoever loses the race goes where the winner is."""
    error = HoldConflict("taken", kind="open_incident", key="k", holder="incident-7")

    assert isinstance(error, Conflict)
    assert (str(error), error.kind, error.key, error.holder) == (
        "taken",
        "open_incident",
        "k",
        "incident-7",
    )
