"""Whatever an event carries, it comes back; whatever is read, it is an event or it is refused."""

import json

from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import Rejected
from incidents.events.registry import KINDS, Event, from_bytes, to_bytes
from tests.property.incidents.strategies import of, texts

every_event = st.sampled_from(sorted(KINDS)).flatmap(lambda kind: of(KINDS[kind]))
shapes = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(every_event)
def test_every_event_comes_back_from_its_bytes(event: Event) -> None:
    """Foreign text stands in events: no character of it may break the journal."""
    kind, schema, body = to_bytes(event)
    back = from_bytes(kind, schema, body)

    assert (back, to_bytes(back)) == (event, (kind, schema, body))


@given(every_event, st.data())
def test_a_damaged_body_is_an_event_or_is_refused(event: Event, data: st.DataObject) -> None:
    """A reader that falls over a body cannot say which one it was."""
    kind, schema, body = to_bytes(event)
    fields = json.loads(body)
    name = data.draw(st.sampled_from([*sorted(fields), "unknown"]))
    damaged = json.dumps(fields | {name: data.draw(shapes)}).encode()

    back = read(kind, schema, damaged)

    assert back is None or from_bytes(*to_bytes(back)) == back


def read(kind: str, schema: int, body: bytes) -> Event | None:
    """Return the event, or None where it is refused; nothing else may be raised."""
    try:
        return from_bytes(kind, schema, body)
    except Rejected:
        return None
