"""A postmortem is written, or it is said that it was not: in time, and until it is there."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bot.app import writing
from bot.app.metrics import Metrics
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.commands.incident import NoteRun, Resolve
from incidents.commands.run import StartRun
from incidents.errors import Rejected
from tests import builders

FAILURES = "triaged_postmortem_failures_total"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Opened]:
    """Open a desk that writes into a folder which does not exist yet."""
    with _opened(tmp_path, tmp_path / "new" / "postmortems") as desk:
        yield desk


def test_a_folder_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    """Weeks later, with the first incident resolved, nobody remembers the setting."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with _opened(tmp_path, tmp_path / "file" / "postmortems") as desk:
        said = (
            f"TRIAGED_POSTMORTEMS: {tmp_path}/file/postmortems cannot be written: Not a directory"
        )
        with pytest.raises(Rejected, match=f"^{said}$"):
            writing.writer(desk)


def test_a_process_that_writes_none_needs_no_folder(tmp_path: Path) -> None:
    """A receiver pod has a root file system that nobody can write."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with _opened(tmp_path, tmp_path / "file", TRIAGED_ROLES="door") as desk:
        assert writing.writer(desk)


def test_looking_at_the_folder_leaves_nothing(desk: Opened, tmp_path: Path) -> None:
    """A desk that is only tried out makes no folders."""
    writing.writer(desk)

    assert not (tmp_path / "new").exists()


def test_what_fails_is_counted_and_written_the_next_time(desk: Opened) -> None:
    """A full disk at the wrong moment must not cost the postmortem, nor pass unseen."""
    metrics, folder = Metrics(), desk.settings.postmortems
    writer = writing.writer(desk)
    write = writing.noting(
        desk, writer, writing.beginning(desk), failures=metrics.postmortem_failures
    )
    desk.desk.tell(builders.INCIDENT, builders.report())
    resolve = Resolve(by="alice", because="served again", false_positive=False)
    desk.desk.tell(builders.INCIDENT, resolve)
    folder.parent.mkdir()
    folder.write_text("in the way", encoding="utf-8")

    first = write(1), metrics.registry.get_sample_value(FAILURES), _noted(desk)
    folder.unlink()
    second = write(1), metrics.registry.get_sample_value(FAILURES), _noted(desk)

    assert first == (False, 1.0, None)
    assert second == (True, 1.0, "INC-1.md")
    assert (folder / "INC-1.md").is_file()


def _noted(desk: Opened) -> str | None:
    return desk.desk.incident(1).postmortem


def _opened(folder: Path, postmortems: Path, **more: str) -> AbstractContextManager[Opened]:
    database = f"sqlite:///{folder / 'triaged.db'}"
    given = {"TRIAGED_DATABASE_URL": database, "TRIAGED_POSTMORTEMS": str(postmortems), **more}
    return opened(load(given), migrate=True)


def test_what_the_runbook_leaves_to_do_is_noted_before_the_postmortem_is_written(
    desk: Opened,
) -> None:
    """An action item that only stands in a file is nobody's; so it is kept, and reminded of."""
    metrics = Metrics()
    write = writing.noting(
        desk,
        writing.writer(desk),
        writing.beginning(desk),
        failures=metrics.postmortem_failures,
    )
    desk.desk.tell(builders.INCIDENT, builders.report())
    desk.desk.tell(builders.RUN, StartRun(started=builders.started()))
    note = NoteRun(run=builders.RUN, runbook="cache-evictions", because="its name matches")
    desk.desk.tell(builders.INCIDENT, note)
    desk.desk.tell(builders.INCIDENT, Resolve(by="alice", because="over", false_positive=False))

    write(1)
    write(1)

    owed = desk.desk.follow_ups(1).open
    text = (desk.settings.postmortems / "INC-1.md").read_text(encoding="utf-8")
    assert [(one.owner, one.left) for one in owed[:1]] == [("service-owner", False)]
    assert len(owed) == 4
    assert all(f"- [ ] {one.made.what} ({one.owner}, until " in text for one in owed)
