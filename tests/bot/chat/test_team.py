"""The headline says whose incident it is, once somebody has written that down."""

from dataclasses import replace

import pytest

from bot.chat.headline import headline
from bot.chat.message import Fields
from incidents.ownership import Entry, Owner, OwnershipMap
from tests import builders
from tests.bot.chat.stories import Story

OURS = Entry(owner=Owner(team="inference", service="chat"), where="ownership.yaml:3")
THEIRS = replace(OURS, namespace="other")


@pytest.mark.parametrize(
    ("ownership", "shown"),
    [
        pytest.param(
            OwnershipMap(entries=(replace(OURS, namespace="llm-d"),), written=True),
            "inference, chat",
            id="an-entry-fits",
        ),
        pytest.param(
            OwnershipMap(entries=(THEIRS,), default=Owner(team="platform"), written=True),
            "platform (default: no entry of ownership.yaml fits)",
            id="none-fits",
        ),
        pytest.param(OwnershipMap(), None, id="there-is-no-map"),
    ],
)
def test_the_headline_names_the_team(ownership: OwnershipMap, shown: str | None) -> None:
    """Whom it falls to for want of an entry is said, so that somebody writes one."""
    story = Story(policy=replace(builders.policy(), ownership=ownership)).open()

    fields = [one for one in headline(story.situation()).blocks if isinstance(one, Fields)]

    assert dict(fields[0].pairs).get("Team") == shown
