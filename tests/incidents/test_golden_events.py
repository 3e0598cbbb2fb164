"""What was written by the first release is read by every later one."""

from pathlib import Path

import pytest

from incidents.errors import Rejected
from incidents.events.incident import AlertsTruncated
from incidents.events.registry import KINDS, SCHEMAS, UPCASTERS, Event, from_bytes, to_bytes
from tests.incidents.samples import EVENTS

GOLDEN = Path(__file__).parents[1] / "golden" / "events"

each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)


def golden(event: Event) -> Path:
    kind, schema, _ = to_bytes(event)
    return GOLDEN / f"{kind}.{schema}.json"


@each_event
def test_an_event_is_written_as_it_always_was(event: Event) -> None:
    """The chain is over these bytes: where the shape must change, it takes a new schema number."""
    assert to_bytes(event)[2] == golden(event).read_bytes()


@each_event
def test_an_event_is_read_back_from_its_golden_bytes(event: Event) -> None:
    """An old journal must tell its incidents for ever."""
    kind, schema, _ = to_bytes(event)

    assert from_bytes(kind, schema, golden(event).read_bytes()) == event


def test_every_kind_has_golden_bytes_and_nothing_else_does() -> None:
    """A kind without a golden file could change its shape unseen."""
    written = {f"{kind}.{number}" for kind in KINDS for number in range(1, SCHEMAS[kind] + 1)}

    assert {path.name.removesuffix(".json") for path in GOLDEN.iterdir()} == written


def test_every_kind_has_one_sample() -> None:
    """A kind that no sample stands for is proven by nothing."""
    assert sorted(type(event).__name__ for event in EVENTS) == sorted(KINDS)


@pytest.mark.parametrize(
    ("kind", "schema"),
    [pytest.param("Teleported", 1, id="kind"), pytest.param("CalmBroken", 2, id="schema")],
)
def test_what_a_newer_triaged_wrote_is_refused(kind: str, schema: int) -> None:
    """After a rollback the old release must say so, not fold something else."""
    with pytest.raises(Rejected) as refused:
        from_bytes(kind, schema, b"{}")

    assert str(refused.value) == f"{kind} {schema} was written by a newer triaged"


def test_an_older_shape_becomes_todays() -> None:
    """Each upcaster turns a body into one of the next number, one after the other."""
    event = from_bytes(
        "AlertsTruncated",
        1,
        b'{"n":"3"}',
        schemas={"AlertsTruncated": 3},
        upcasters={
            ("AlertsTruncated", 1): lambda body: body.replace(b'"n"', b'"count"'),
            ("AlertsTruncated", 2): lambda body: body.replace(b'"3"', b"3"),
        },
    )

    assert event == AlertsTruncated(count=3)


@pytest.mark.parametrize("path", sorted(GOLDEN.iterdir()), ids=lambda path: path.stem)
def test_every_golden_body_is_still_read(path: Path) -> None:
    """Also those of shapes that nobody writes any more: they stand in journals."""
    kind, schema = path.stem.split(".")

    assert type(from_bytes(kind, int(schema), path.read_bytes())) is KINDS[kind]


def test_every_older_shape_has_its_upcaster() -> None:
    """A schema number without one would make old journals unreadable."""
    older = {(kind, number) for kind in KINDS for number in range(1, SCHEMAS[kind])}

    assert set(UPCASTERS) == older
