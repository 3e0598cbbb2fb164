"""The auditor: what happens is in the log, without its texts."""

import structlog

from bot.app.loops.auditor import AuditorLoop
from bot.app.loops.pause import Pause
from bot.app.metrics import Metrics
from incidents.commands.desk import Freeze, Thaw
from storage.memory import MemoryStore
from tests import builders


def test_every_event_is_one_line_without_its_texts() -> None:
    """Logs are events; words of people stay where they can be erased."""
    store, metrics = MemoryStore(), Metrics()
    desk = builders.desk(store.journal)
    desk.tell("desk", Freeze(scope="all", by="ann", reason="of long ago"))
    pause = Pause(journal=store.journal, seconds=0)
    auditor = AuditorLoop(store=store, metrics=metrics, pause=pause)
    auditor.once()

    with structlog.testing.capture_logs() as lines:
        desk.tell("desk", Thaw(scope="all", by="ann", reason="canary"))
        desk.tell("desk", Freeze(scope="all", by="ann", reason="canary"))
        auditor.once()
        auditor.once()

    said = [(line["kind"], line["stream"], line["version"]) for line in lines]
    assert said == [("Thawed", "desk", 2), ("Frozen", "desk", 3)]
    assert "canary" not in str(lines)


def test_the_head_is_logged_as_the_command_takes_it() -> None:
    """A tail that is cut off shows only against a head that is kept elsewhere."""
    store, metrics = MemoryStore(), Metrics()
    auditor = AuditorLoop(
        store=store, metrics=metrics, pause=Pause(journal=store.journal, seconds=0)
    )

    with structlog.testing.capture_logs() as lines:
        auditor.once()
        auditor.once()

    head = store.journal.head()
    assert [line.get("head") for line in lines] == [
        f"{head.position}:{head.events}:{head.mac}:{head.key_id}"
    ]


def test_what_was_set_aside_is_counted() -> None:
    """Somebody has to look at it."""
    store, metrics = MemoryStore(), Metrics()
    kept = store.inbox.submit(source="slack:x", body=b"{}").result()
    store.inbox.set_aside(kept.inbox_id, because="poison")
    # Neither is read for it: a body may weigh megabytes, and there may be many.
    store.inbox.aside = store.outbox.dead = None

    AuditorLoop(store=store, metrics=metrics, pause=Pause(journal=store.journal, seconds=0)).once()

    counts = [
        metrics.registry.get_sample_value("triaged_set_aside", {"what": what})
        for what in ("delivery", "message")
    ]
    assert counts == [1.0, 0.0]
