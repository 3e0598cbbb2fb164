"""How `ownership.yaml` says whose incidents are whose: its fields, mistakes and meaning."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any  # what the shapes have checked

from incidents.ownership import DEFAULT_TEAM, Condition, Entry, Owner, OwnershipMap
from incidents.people import People
from runbooks.language import matchers
from runbooks.language.positions import Path
from runbooks.language.shapes import Field, ListOf, Record, Text

Wrong = tuple[str, Path]
"""What is wrong, and where it stands."""

Said = Mapping[str, Any]  # see the import

ENTRIES, DEFAULT, MATCH, LABELS = "entries", "default", "match", "labels"
PEOPLE = ("service_owner", "approvers")

_NAME = Text(longest=100)
_ID = Text(pattern=r"[a-z0-9][a-z0-9._-]*", example="alice", longest=64)
_OWNER: Mapping[str, Field] = {
    "team": Field(shape=_NAME, meaning="the team that owns it", required=True),
    "service": Field(shape=_NAME, meaning="what the team calls it"),
    "service_owner": Field(shape=ListOf(item=_ID), meaning="ids of the people who answer for it"),
    "channel": Field(shape=_NAME, meaning="the team's channel"),
    "approvers": Field(shape=ListOf(item=_ID), meaning="ids of the people who may approve for it"),
}
_MATCH = Record(
    fields={
        "namespace": Field(shape=Text(longest=63), meaning="the namespace of the alert, exactly"),
        "model": Field(shape=Text(longest=500), meaning="the model of the alert, exactly"),
        LABELS: Field(
            shape=ListOf(item=Text(longest=500), fewest=1),
            meaning='matchers as in Alertmanager (severity="page", =~, !=, !~); all must fit',
        ),
    },
    one_of=("namespace", "model", LABELS),
)

SHAPE = Record(
    fields={
        DEFAULT: Field(shape=Record(fields=_OWNER), meaning="who owns what no entry fits"),
        ENTRIES: Field(
            shape=ListOf(
                item=Record(
                    fields={
                        MATCH: Field(
                            shape=_MATCH, meaning="what it is for; all must fit", required=True
                        ),
                        **_OWNER,
                    }
                )
            ),
            meaning="who owns what; of the entries that fit, the one with most matchers is meant",
        ),
    }
)


def wrong(says: Said, people: People) -> Iterator[Wrong]:
    """Yield matchers that are none, people who do not exist, and entries that never decide."""
    for index, entry in enumerate(says.get(ENTRIES, ())):
        yield from _no_matchers(entry, (ENTRIES, index))
        yield from _nobody(entry, people, (ENTRIES, index))
    yield from _nobody(says.get(DEFAULT, {}), people, (DEFAULT,))
    yield from _ties(says.get(ENTRIES, ()))


def ownership(says: Said, lines: Sequence[int], *, file: str) -> OwnershipMap:
    """Return the map of what was found right; `lines` are those of its entries, in order."""
    entries = says.get(ENTRIES, ())
    default = says.get(DEFAULT)
    return OwnershipMap(
        entries=tuple(
            _entry(one, f"{file}:{line}") for one, line in zip(entries, lines, strict=True)
        ),
        default=_owner(default) if default else Owner(team=DEFAULT_TEAM),
        written=bool(says),
    )


def _no_matchers(entry: Said, path: Path) -> Iterator[Wrong]:
    for index, text in enumerate(entry[MATCH].get(LABELS, ())):
        try:
            matchers.parse(text)
        except ValueError as error:
            yield str(error), (*path, MATCH, LABELS, index)


def _nobody(entry: Said, people: People, path: Path) -> Iterator[Wrong]:
    for field in PEOPLE:
        for index, name in enumerate(entry.get(field, ())):
            if people.get(name) is None:
                yield f"{field}: {name!r} is not in people.yaml", (*path, field, index)


def _ties(entries: Sequence[Said]) -> Iterator[Wrong]:
    """Yield entries with the very matchers of an earlier one: they could never be meant."""
    first = dict[frozenset[str], int]()
    for index, entry in enumerate(entries):
        said = _said(entry[MATCH])
        if said in first:
            what = f"it has the same matchers as entry {first[said] + 1}, so it is never meant"
            yield what, (ENTRIES, index, MATCH)
        first.setdefault(said, index)


def _said(match: Said) -> frozenset[str]:
    """Return the matchers so that the same ones read the same, however they are spaced."""
    labels = {f"label {_normal(text)}" for text in match.get(LABELS, ())}
    places = {f"{name} {match[name]}" for name in ("namespace", "model") if name in match}
    return frozenset(labels | places)


def _normal(text: str) -> str:
    try:
        return str(matchers.parse(text))
    except ValueError:
        return text


def _entry(entry: Said, where: str) -> Entry:
    match = entry[MATCH]
    # Said twice, a matcher is no stronger.
    conditions: tuple[Condition, ...] = tuple(
        dict.fromkeys(map(matchers.parse, match.get(LABELS, ())))
    )
    return Entry(
        owner=_owner(entry),
        where=where,
        namespace=match.get("namespace", ""),
        model=match.get("model", ""),
        conditions=conditions,
    )


def _owner(entry: Said) -> Owner:
    return Owner(
        team=entry["team"],
        service=entry.get("service", ""),
        service_owner=tuple(entry.get("service_owner", ())),
        channel=entry.get("channel", ""),
        approvers=tuple(entry.get("approvers", ())),
    )
