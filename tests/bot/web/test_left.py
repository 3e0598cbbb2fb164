"""The page and the postmortem name what is left to be done, whose it is and until when."""

from pathlib import Path

from bot.postmortem.writing import Writer
from incidents.events.followups import FollowUpDone, FollowUpMade, FollowUpReminded
from incidents.events.incident import IncidentResolved
from tests.bot.postmortem.tale import FOLLOW_UPS, INCIDENT, PEOPLE, START, Tale, opened
from tests.bot.web.reading import Reader

LEFT = FollowUpMade(
    number=1,
    key="run-1-1/cordon/1",
    what="Node <gpu-7> is closed to new pods",
    owner="alice",
    due=START,
    run="run-1-1",
    step="cordon",
    undo=True,
)
REVIEW = FollowUpMade(number=2, key="r", what="Review it", owner="service-owner", due=START)


def owing() -> Tale:
    """Tell of an incident that left a change, and something to be done."""
    return Tale().tell(INCIDENT, opened()).tell(FOLLOW_UPS, LEFT, REVIEW)


def written(tale: Tale, folder: Path) -> str:
    """Return the postmortem."""
    writer = Writer(desk=tale.desk, texts=tale.store.texts, people=PEOPLE, folder=folder)
    return (folder / writer.write(1).name).read_text(encoding="utf-8")


def test_the_page_names_what_is_left_with_its_owner_and_the_way_back() -> None:
    """The page is what is left when the channel is archived."""
    tale = owing()
    page = Reader(tale).get("/incidents/1").text

    assert "Left on purpose: <bdi>Node &lt;gpu-7&gt; is closed to new pods</bdi>" in page
    assert "Alice Ng, until 2026-03-01 12:00 UTC" in page
    assert "triaged followups undo INC-1/1 takes it back" in page
    tale.tell(FOLLOW_UPS, FollowUpDone(number=1, what="", by="bob", because="opened by hand"))
    page = Reader(tale).get("/incidents/1").text
    assert "done: opened by hand" in page
    assert "takes it back" not in page


def test_the_postmortem_lists_what_is_open_and_stays_as_it_was_written(tmp_path: Path) -> None:
    """Reminders come for weeks: written again it must be the same file."""
    tale = owing()
    over = IncidentResolved(by="alice", because="over", false_positive=False)
    tale.tell(INCIDENT, over)
    before = written(tale, tmp_path)
    reminded = FollowUpReminded(number=2, what="Review it", owner="service-owner", again=START)
    tale.later(hours=9).tell(FOLLOW_UPS, reminded)

    assert written(tale, tmp_path) == before
    assert "(Alice Ng, until 2026-03-01 12:00 UTC)" in before
    assert "- [ ] Left on purpose: " in before
    assert "- [ ] Review it (service-owner, until 2026-03-01)" in before
