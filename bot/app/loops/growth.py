"""What has grown since the last time, as the journal says under any process."""

from collections.abc import Iterator

from incidents.journal import Recorded
from incidents.ports import Journal

PAGE = 500
"""So many events are read at once."""


def followed(journal: Journal, *, after: int = 0) -> Iterator[Recorded]:
    """Yield the events behind the position, up to the last that there is by then."""
    full = True
    while full:
        found = journal.follow(after=after, limit=PAGE)
        yield from found
        after = found[-1].position if found else after
        full = len(found) == PAGE


def grown(journal: Journal, *, after: int) -> tuple[frozenset[str], int]:
    """Return the streams with events behind the position, and the position up to which they are."""
    streams = set[str]()
    for one in followed(journal, after=after):
        streams.add(one.stream)
        after = one.position
    return frozenset(streams), after
