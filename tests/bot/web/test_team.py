"""The page says whose incident it is, by the map that is in force when it is read."""

from dataclasses import replace

from incidents.ownership import Entry, Owner, OwnershipMap
from tests.bot.postmortem.tale import Tale, fired, opened
from tests.bot.web.reading import Reader

HOSTILE = "<script>alert(1)</script>"


def test_the_page_names_the_team_once_there_is_a_map() -> None:
    """Whoever opens the page sees whether it is theirs; a name is text and never markup."""
    tale = Tale().tell("incident-1", opened(), fired())
    reader = Reader(tale)
    before = reader.get("/incidents/1").text
    ours = Entry(owner=Owner(team=HOSTILE), where="ownership.yaml:2", namespace="llm-d")
    ownership = OwnershipMap(entries=(ours,), written=True)
    tale.desk.policy = replace(tale.desk.policy, ownership=ownership)

    after = reader.get("/incidents/1").text

    assert "<dt>Team</dt>" not in before
    assert "<dt>Team</dt><dd><bdi>&lt;script&gt;" in after
    assert HOSTILE not in after
