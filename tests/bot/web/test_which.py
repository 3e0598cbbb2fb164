"""The page and the postmortem say which workload is meant, and who said so."""

from bot.postmortem.story import collect
from bot.postmortem.summary import facts
from incidents.events.incident import TargetAsked, TargetChosen, Workload
from tests.bot.postmortem.tale import PEOPLE, Tale, fired, opened
from tests.bot.web.reading import Reader

NAMES = ("canary", "<b>decode")
FIT = tuple(Workload(kind="Deployment", name=name, words="pod") for name in NAMES)
CHOSEN = TargetChosen(chosen="Deployment <b>decode", of=2, by="alice", because="the big one")


def asking() -> Tale:
    """Tell of an incident in which two workloads fit."""
    return Tale().tell("incident-1", opened(), fired(), TargetAsked(candidates=FIT))


def test_the_page_asks_until_somebody_has_chosen() -> None:
    """Without Slack the page is what people look at: it must say what to do, and how."""
    tale = asking()
    before = Reader(tale).get("/incidents/1").text
    tale.tell("incident-1", CHOSEN)
    after = Reader(tale).get("/incidents/1").text

    assert "say which workload is meant: Deployment canary, Deployment &lt;b&gt;decode" in before
    assert "(triaged incident target 1)" in before
    assert "say which workload is meant" not in after
    assert "Deployment &lt;b&gt;decode, chosen by Alice Ng of 2" in after
    assert "Alice Ng chose Deployment &lt;b&gt;decode of 2: the big one" in after


def test_the_postmortem_says_who_chose() -> None:
    """Whoever reads it in a month must see that a person, not a label, named the target."""
    tale = asking().tell("incident-1", CHOSEN)
    story = collect(1, desk=tale.desk, texts=tale.store.texts, people=PEOPLE)
    assert story is not None

    found = {one.name: one.value for one in facts(story)}

    assert found["Workload"] == "Deployment <b>decode, chosen by Alice Ng of 2"
