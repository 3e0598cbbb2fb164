"""Postmortems as files: whole, the same each time, and inert."""

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.postmortem.writing import Writer, Written
from incidents.errors import Rejected, Unavailable
from incidents.events import incident, run
from tests.bot.postmortem.hostile import HOSTILE
from tests.bot.postmortem.tale import (
    INCIDENT,
    PEOPLE,
    RUN,
    Tale,
    fired,
    kv_cache_story,
    opened,
    read,
    started,
)

GOLDEN = Path(__file__).parent / "golden"


def writer(tale: Tale, folder: Path) -> Writer:
    """Return a writer of a tale."""
    return Writer(
        desk=tale.desk,
        texts=tale.store.texts,
        people=PEOPLE,
        folder=folder,
    )


def test_the_story_reads_as_it_should(tmp_path: Path) -> None:
    """The whole text is held: a change of one word is seen by whoever makes it."""
    written = writer(kv_cache_story(), tmp_path).write(1)

    text = (tmp_path / "INC-1.md").read_bytes()
    assert text.decode() == (GOLDEN / "INC-1.md").read_text(encoding="utf-8")
    assert written == Written(name="INC-1.md", digest=hashlib.sha256(text).hexdigest())


def test_the_page_is_as_it_was_looked_at(tmp_path: Path) -> None:
    """The page was judged in a browser: a change of it wants another look."""
    writer(kv_cache_story(), tmp_path).write(1)

    page = (tmp_path / "INC-1.html").read_text(encoding="utf-8")
    assert page == (GOLDEN / "INC-1.html").read_text(encoding="utf-8")


def test_written_again_it_is_the_same_file(tmp_path: Path) -> None:
    """After a crash it is written again; what was noted of it must still hold."""
    tale = kv_cache_story()
    first = writer(tale, tmp_path).write(1)
    tale.tell(INCIDENT, incident.PostmortemWritten(name=first.name, digest=first.digest))
    tale.later(minutes=5).tell(INCIDENT, incident.ChannelArchived(channel="C1"))

    assert writer(tale, tmp_path).write(1) == first


def test_only_whole_files_are_left(tmp_path: Path) -> None:
    """A half-written page that somebody publishes is worse than none."""
    writer(kv_cache_story(), tmp_path / "new" / "folder").write(1)

    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [
        "INC-1.html",
        "INC-1.md",
    ]


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    """A full disk passes: the desk tries again instead of giving the postmortem up."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with pytest.raises(Unavailable, match=r"INC-1\.html"):
        writer(kv_cache_story(), tmp_path / "file").write(1)


def test_what_is_no_incident_has_no_postmortem(tmp_path: Path) -> None:
    """A wrong number is a slip of a person, who is told so."""
    with pytest.raises(Rejected, match="there is no INC-7"):
        writer(Tale(), tmp_path).write(7)


def test_the_least_that_can_happen_is_told(tmp_path: Path) -> None:
    """Opened, and nothing else known: every part says so, and none is a zero."""
    tale = Tale().tell(
        INCIDENT, opened(namespace="", model="", mode=""), fired(labels=(), text="gone")
    )

    writer(tale, tmp_path).write(1)

    text = (tmp_path / "INC-1.md").read_text(encoding="utf-8")
    assert text.count("| no data | nothing read it |") == 4
    for said in (
        "The incident was not over when this was written.",
        "Nobody is recorded as having taken the incident.",
        "No runbook ran, so there is no evidence beyond the alerts.",
        "The annotations of 1 alerts were erased or never kept.",
        "Nothing was changed.",
        "Nobody was asked for anything.",
        "No check ran.",
        "*still firing*",
        "| From the alert's start until it was resolved | not reached |",
    ):
        assert said in text


def test_a_long_incident_prints_hours_and_days(tmp_path: Path) -> None:
    """A day and two hours are 26 h, not 2 h; and 12:00 alone could be either day."""
    tale = Tale().tell(INCIDENT, opened(), fired())
    tale.later(hours=26).tell(
        INCIDENT, incident.IncidentResolved(by="alice", because="done", false_positive=False)
    )

    writer(tale, tmp_path).write(1)

    text = (tmp_path / "INC-1.md").read_text(encoding="utf-8")
    assert "| From the alert's start until it was resolved | 26 h |" in text
    assert "| 2026-03-02 14:00:00 | **resolved: done** | Alice Ng |" in text


class Skeleton(HTMLParser):
    """Collects a page's tags, its attributes and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        if tag == "a":
            assert dict(attrs)["href"].startswith("#")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Skeleton:
    """Return what our own pages consist of."""
    folder = tmp_path_factory.mktemp("ours")
    writer(hostile_tale(("harmless",)), folder).write(1)
    skeleton = Skeleton()
    skeleton.feed((folder / "INC-1.html").read_text(encoding="utf-8"))
    return skeleton


def hostile_tale(corpus: tuple[str, ...]) -> Tale:
    """Tell an incident in which every foreign field has a text of the corpus, one after another."""
    tale = Tale()
    for number, said in enumerate(corpus):
        (text,) = tale.store.texts.keep([json.dumps({"summary": said, said: said})])
        events = (
            fired(
                fingerprint=f"f{number}",
                name=said,
                title=said,
                because=said,
                labels=((said, said),),
                source=said,
                text=text,
            ),
        )
        tale.tell(INCIDENT, *((opened(namespace=said), *events) if number == 0 else events))
    tale.tell(RUN, started(title=corpus[0]))
    for said in corpus:
        evidence = (
            read(said, None, because=said, query=said),
            read("ttft_p95", 1, said, pod=said, query=said),
        )
        tale.tell(RUN, run.CheckFinished(step=said, verdict=said, because=said, evidence=evidence))
        tale.tell(RUN, run.StepFailed(step=said, because=said, attempt=1))
    tale.tell(INCIDENT, incident.IncidentResolved(by="x", because="x", false_positive=True))
    return tale


def test_foreign_text_is_literal_and_inert(tmp_path: Path, ours: Skeleton) -> None:
    """No text of the corpus may add a tag, a link or an attribute, and none may be lost."""
    corpus = tuple(one for one in HOSTILE if one.strip())

    writer(hostile_tale(corpus), tmp_path).write(1)

    page = (tmp_path / "INC-1.html").read_text(encoding="utf-8")
    theirs = Skeleton()
    theirs.feed(page)
    assert theirs.tags <= ours.tags
    assert theirs.attributes <= ours.attributes
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\u200b-\u200f\x00\x1b]", page)
    shown = " ".join(theirs.text.split())
    for said in ("<script>alert(1)</script>", "{{ 7 * 7 }}", "x" * 10_000, "safe\\u202egnp.exe"):
        assert said in shown


@pytest.mark.parametrize("said", ["[a](https://evil.example)", "{{ 7 * 7 }}", "<b>x</b>"])
def test_markdown_shows_no_link_and_runs_no_template(tmp_path: Path, said: str) -> None:
    """Teams commit the Markdown to sites that render it in their own way."""
    writer(hostile_tale((said,)), tmp_path).write(1)

    text = re.sub(r"```.*?```|`[^`\n]*`", "", (tmp_path / "INC-1.md").read_text(), flags=re.DOTALL)
    assert said not in text
    assert "49" not in text
