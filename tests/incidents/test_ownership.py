"""Whose incident it is: the entry that says most wins, and nobody's is said to be nobody's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.belonging import belongs, team
from incidents.correlation import Place
from incidents.incident import Incident
from incidents.ownership import BY_DEFAULT, Entry, Owned, Owner, OwnershipMap, owner_of
from incidents.policy import Policy
from tests import builders

WORDS = ("a", "b", "")
PLACES = st.builds(
    Place,
    cluster=st.just("local"),
    namespace=st.sampled_from(WORDS),
    model=st.sampled_from(WORDS),
    role=st.just(""),
)
LABELS = st.dictionaries(st.sampled_from(WORDS), st.sampled_from(WORDS))


@dataclass(frozen=True, kw_only=True)
class Says:
    """A condition: a label has this value."""

    label: str
    value: str

    def fits(self, labels: Mapping[str, str]) -> bool:
        return labels.get(self.label, "") == self.value


def entry(team: str, *, where: str = "", **changes: object) -> Entry:
    plain = Entry(owner=Owner(team=team), where=where or f"ownership.yaml:{team}")
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


ENTRIES = st.lists(
    st.builds(
        Entry,
        owner=st.builds(Owner, team=st.text(min_size=1, max_size=3)),
        where=st.just("ownership.yaml:1"),
        namespace=st.sampled_from(WORDS),
        model=st.sampled_from(WORDS),
        conditions=st.lists(
            st.builds(Says, label=st.sampled_from(WORDS), value=st.sampled_from(WORDS)), max_size=2
        ).map(tuple),
    ),
    max_size=5,
)


def test_the_entry_that_says_most_is_meant() -> None:
    """One model of a shared namespace may have a team of its own, wherever it stands."""
    ownership = OwnershipMap(
        entries=(
            entry("namespace", namespace="llm-d"),
            entry("canary", namespace="llm-d", conditions=(Says(label="track", value="canary"),)),
            entry("model", namespace="llm-d", model="llama-3-70b"),
            entry("other", namespace="other"),
        ),
        written=True,
    )

    plain = owner_of(builders.PLACE, {}, ownership)
    canary = owner_of(replace(builders.PLACE, model="m"), {"track": "canary"}, ownership)
    tie = owner_of(builders.PLACE, {"track": "canary"}, ownership)

    assert (plain.team, plain.by) == ("model", "ownership.yaml:model")
    assert canary.team == "canary"
    assert tie.team == "canary", "of two that say as much the first of the file is meant"


def test_what_no_entry_fits_falls_to_the_default_team_visibly() -> None:
    """Nobody finds out from silence that an entry is missing."""
    default = Owner(
        team="platform", service="all", service_owner=("ann",), channel="ops", approvers=("ben",)
    )
    ownership = OwnershipMap(entries=(entry("other", namespace="other"),), default=default)

    assert owner_of(builders.PLACE, {}, ownership) == Owned(
        team="platform",
        service="all",
        service_owner=("ann",),
        channel="ops",
        approvers=("ben",),
        by=BY_DEFAULT,
    )


def test_without_a_map_the_default_team_owns_everything() -> None:
    """An empty configuration folder works."""
    assert owner_of(builders.PLACE, {}, OwnershipMap()).team == "default"


@given(ENTRIES, PLACES, LABELS)
def test_whoever_owns_it_fits_and_nobody_who_fits_says_more(
    entries: list[Entry], place: Place, labels: dict[str, str]
) -> None:
    """Whatever the map: an owner is always named, and by the best of what fits."""
    found = owner_of(place, labels, OwnershipMap(entries=tuple(entries)))

    fitting = [one for one in entries if one.fits(place, labels)]
    best = [one for one in fitting if one.matchers == max(x.matchers for x in fitting)]
    assert (found.by == BY_DEFAULT) == (not fitting)
    assert found.team == (best[0].owner.team if best else "default")


@pytest.fixture
def incident() -> Incident:
    desk = builders.desk()
    told = builders.judgement(labels=(("track", "canary"),))
    desk.tell(builders.INCIDENT, builders.report(told))
    return desk.incident(1)


def policy(*entries: Entry, written: bool = True) -> Policy:
    return replace(builders.policy(), ownership=OwnershipMap(entries=entries, written=written))


def test_an_incident_belongs_by_its_place_and_its_leading_alert(incident: Incident) -> None:
    """The labels are those of the alert that speaks for it."""
    ours = entry("ours", namespace="llm-d", conditions=(Says(label="track", value="canary"),))
    named = replace(ours, owner=Owner(team="ours", service="chat"))

    assert team(incident, policy(ours)) == "ours"
    assert team(incident, policy(named)) == "ours, chat"
    assert team(incident, policy(entry("x", model="x"))) == (
        "default (default: no entry of ownership.yaml fits)"
    )


def test_nothing_is_said_where_nobody_has_written_a_map(incident: Incident) -> None:
    """A line that says the same on every incident is noise."""
    assert belongs(incident, policy(written=False)) is None
    assert team(incident, policy(written=False)) == ""


def test_what_is_no_incident_yet_belongs_to_nobody(incident: Incident) -> None:
    """Its place is not known before it is opened."""
    assert belongs(Incident(id="incident-9"), policy()) is None
    assert belongs(replace(incident, lead=None), policy()) is not None
