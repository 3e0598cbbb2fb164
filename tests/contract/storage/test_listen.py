"""The ear on PostgreSQL: it hears other processes, and not what this one has told itself."""

import threading
from collections import Counter
from contextlib import closing

from sqlalchemy import make_url

from storage.backend import INBOX, JOURNAL
from storage.postgresql import PostgreSQL


class Rings:
    """Counts the rings of each channel."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.counted = Counter[str]()

    def ring(self, channel: str) -> None:
        """Count."""
        with self.changed:
            self.counted[channel] += 1
            self.changed.notify_all()


def test_the_own_commits_are_not_heard_a_second_time(postgresql_url: str) -> None:
    """Everybody who waits looks into the database at a ring; twice is half of that for nothing."""
    rings = Rings()
    with (
        closing(PostgreSQL(make_url(postgresql_url))) as mine,
        closing(PostgreSQL(make_url(postgresql_url))) as another,
    ):
        ear = mine.watch(rings.ring)
        with rings.changed:
            assert rings.changed.wait_for(lambda: rings.counted[INBOX], timeout=10)
        for backend, channel in ((mine, INBOX), (another, JOURNAL)):
            with backend.writer.begin() as connection:
                backend.notify(connection, channel)
        with rings.changed:
            assert rings.changed.wait_for(lambda: _ahead(rings) == 1, timeout=10)
        assert ear.close(timeout=10)

    # Each poll rings both channels: what is left over is what was heard.
    assert _ahead(rings) == 1


def _ahead(rings: Rings) -> int:
    return rings.counted[JOURNAL] - rings.counted[INBOX]
