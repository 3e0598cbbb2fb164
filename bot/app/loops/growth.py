"""What has grown since the last time, as the journal says under any process."""

from incidents.ports import Journal

PAGE = 500


def grown(journal: Journal, *, after: int) -> tuple[frozenset[str], int]:
    """Return the streams with events behind the position, and the position up to which they are."""
    streams, full = set[str](), True
    while full:
        found = journal.follow(after=after, limit=PAGE)
        streams.update(one.stream for one in found)
        after = found[-1].position if found else after
        full = len(found) == PAGE
    return frozenset(streams), after
