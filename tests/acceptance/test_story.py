"""The story of the demo, from the first webhook to the postmortem, as everybody sees it."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import count, takewhile
from typing import Any  # messages of Slack and requests to Kubernetes

from incidents.incident import Status
from incidents.journal import Aggregate
from tests.rehearsing import DECODE, Rehearsal

DEPLOYMENT = "pd-disaggregation-nvidia-gpu-vllm-decode"
CHANGE = f"scale Deployment llm-d/{DEPLOYMENT}: replicas 4 → 6"
ORDER = (
    "IncidentOpened",
    "AlertFired",
    "RunStarted",
    "ActionPlanned",
    "ApprovalRequested",
    "ApprovalGiven",
    "StepStarted",
    "StepFinished",
    "SettleObserved",
    "EffectVerified",
    "Mitigated",
    "AlertResolved",
    "CalmBegan",
    "IncidentResolved",
    "PostmortemWritten",
    "ChannelArchived",
)


def test_two_alertmanagers_deliver_and_one_p2_incident_stands(story: Rehearsal) -> None:
    """A highly available pair must not ring twice for one problem."""
    found = story.app.opened.desk.journal.summaries(aggregate=Aggregate.INCIDENT)
    kept = takewhile(bool, map(story.app.opened.store.inbox.get, count(1)))
    told = [json.loads(one.body) for one in kept if one and one.source.startswith("alertmanager")]

    assert [(row.incident, row.severity) for row in found] == [(1, "P2")]
    assert {one["externalURL"] for one in told if one["status"] == "firing"} == set(
        story.stage.addresses["alertmanagers"]
    )


def test_everything_happens_once_and_in_the_order_of_the_story(story: Rehearsal) -> None:
    """Mitigated before the alert resolves, resolved after the hold: the states say the truth."""
    kinds = [row.kind for row in story.rows()]

    assert [kind for kind in dict.fromkeys(kinds) if kind in ORDER] == list(ORDER)
    once = set(ORDER) - {"SettleObserved"}
    assert {kind: kinds.count(kind) for kind in once} == dict.fromkeys(once, 1)


def test_the_headline_is_pinned_and_says_why_it_is_a_p2(story: Rehearsal) -> None:
    """Whoever enters the channel sees first what it is and why it is so bad."""
    channel = story.stage.channel()
    assert channel is not None
    pinned = [one for one in channel["messages"] if one["ts"] in channel["pins"]]

    assert [_key(one) for one in pinned] == ["incident-1/headline"]
    because = r"users wait more than two seconds for the first token \(ttft_p95 [2-4]\.[0-9]+ s\)"
    assert re.search(because, _whole(pinned[0]))
    assert "seen: error ratio 0, ttft p95" in _whole(pinned[0])


def test_the_checks_tell_their_numbers_and_the_cache_is_exhausted(story: Rehearsal) -> None:
    """A verdict without the numbers behind it cannot be trusted by a person."""
    run = story.app.opened.desk.run("run-1-1")
    evidence = [
        one
        for entry in story.app.opened.desk.history(1)
        if entry.event.__class__.__name__ == "CheckFinished"
        for one in entry.event.evidence
    ]
    numbers = {one.name: one.value for one in evidence if one.pod is None}
    usage = [one.value or 0 for one in evidence if one.name == "kv_usage" and one.pod]

    verdicts = {name: run.step(name).verdict for name in ("preempting", "queue", "kv-cache")}
    assert verdicts == {"preempting": "beyond", "queue": "beyond", "kv-cache": "exhausted"}
    assert numbers.keys() >= {"preemptions", "waiting", "prefix_hit_ratio", "ttft_p95"}
    assert len(usage) == 4
    assert max(usage) >= 0.9
    assert 2 < (numbers["ttft_p95"] or 0) < 5
    assert (numbers["preemptions"] or 0) > 0
    assert (numbers["waiting"] or 0) > 10


def test_the_card_said_all_that_a_person_must_know(story: Rehearsal) -> None:
    """Nobody should have to open a terminal to judge what is asked of them."""
    posted = next(
        call
        for call in story.stage.slack_calls()
        if call["method"] == "chat.postMessage"
        and "approval" in str(_metadata_key(call["arguments"]))
    )
    said = _readable(posted["arguments"]["blocks"])

    for words in (
        CHANGE,
        "replicas 4 → 6",
        "accepted by the API server",
        f"Deployment {DEPLOYMENT}",
        "scale back to replicas 4",
        f"kubectl scale deployment/{DEPLOYMENT} -n llm-d --replicas=6 --current-replicas=4",
        "exhausted",
        "Alice, Bob may decide",
    ):
        assert words in said


def test_the_cluster_is_changed_once_and_as_it_was_approved(story: Rehearsal) -> None:
    """The one write carries the object's version: nobody's change is overwritten."""
    writes = story.stage.writes()

    assert [(one["verb"], one["path"], one["body"]["spec"]) for one in writes] == [
        ("patch", f"{DECODE}/scale", {"replicas": 6})
    ]
    assert writes[0]["body"]["metadata"].keys() == {"uid", "resourceVersion"}


def test_pods_take_their_time_to_load_the_model(story: Rehearsal) -> None:
    """Whoever believes that new replicas help at once judges a change before it took effect."""
    settling = [row for row in story.rows() if row.kind == "SettleObserved"]
    begun, ended = settling[0], settling[-1]

    assert begun.text.startswith("add-decode: 4 of 6 pods")
    assert ended.text.startswith("add-decode: 6 of 6 pods")
    assert ended.at - begun.at >= timedelta(minutes=1)


def test_the_change_is_proven_with_numbers_from_before_and_after(story: Rehearsal) -> None:
    """That it helped is only said with both numbers on the table."""
    verified = next(
        entry.event
        for entry in story.app.opened.desk.history(1)
        if entry.event.__class__.__name__ == "EffectVerified"
    )

    assert verified.verdict == "verified"
    compared = {one.signal: one for one in verified.comparisons}
    assert compared.keys() == {"preemptions", "waiting"}
    assert all(one.before > one.after and one.met for one in compared.values())


def test_alice_approved_and_the_journal_knows_it(story: Rehearsal) -> None:
    """An auditor asks who allowed what: one person, one approval, used once."""
    approval = story.app.opened.desk.approval("approval-1-1-1")

    assert (approval.state.value, approval.decided_by) == ("consumed", "alice")
    assert story.app.opened.desk.incident(1).acknowledged_by == "alice"


def test_every_message_was_posted_once_into_one_channel(story: Rehearsal) -> None:
    """A channel that repeats itself is muted by the people who should read it."""
    calls = [
        one
        for one in story.stage.slack_calls()
        if one["committed"] and one["method"] in {"chat.postMessage", "conversations.create"}
    ]
    made = Counter(one["method"] for one in calls)
    said = (*story.stage.messages(), *_announced(story))
    keys = Counter(map(_key, said))

    assert made["conversations.create"] == 1
    assert made["chat.postMessage"] == len(keys)
    assert set(keys.values()) == {1}


def test_the_incident_is_announced_in_the_channel_of_its_severity(story: Rehearsal) -> None:
    """Who only watches that channel sees that there was one, and that it is over."""
    (announcement,) = _announced(story)

    assert announcement["text"].startswith("P2 INC-1 resolved")


def test_the_channel_is_archived_when_all_is_said(story: Rehearsal) -> None:
    """The last message points to the postmortem; after it nothing is left to send."""
    channel = story.stage.channel()
    assert channel is not None

    assert channel["is_archived"]
    assert "postmortem INC-1.md" in _whole(_message(story.stage.messages(), "/ending"))
    assert story.app.opened.store.outbox.dead() == []


def test_the_postmortem_holds_the_whole_story(story: Rehearsal) -> None:
    """Nobody had to type it: what, why, who, with which parameters, and how it is known."""
    text = (story.postmortems / "INC-1.md").read_text(encoding="utf-8")
    page = (story.postmortems / "INC-1.html").read_text(encoding="utf-8")

    for part in ("Impact", "Changes", "Approvals", "Evidence", "Timeline", "Follow-ups"):
        assert f"\n## {part}" in text
        assert part in page
    for words in (
        "**Why P2:** running requests are preempted and recomputed",
        "users wait more than two seconds for the first token (ttft_p95 ",
        "| Parameters | replicas +50%, at_most 16, at_least 1 |",
        "approved by Alice",
        "| preemptions | 0.",
        "**verified**",
        "Review the capacity plan",
        CHANGE,
    ):
        assert words in text


def test_the_journal_verifies_and_nothing_is_left_to_do(story: Rehearsal) -> None:
    """A finished incident leaves nothing behind but what its runbook leaves people to do."""
    store = story.app.opened.store
    incident = story.app.opened.desk.incident(1)

    assert incident.status is Status.RESOLVED
    assert store.journal.verify() is None
    assert (store.inbox.pending(), store.inbox.aside()) == ([], [])
    assert [
        row.stream
        for kind in Aggregate
        for row in store.journal.summaries(aggregate=kind)
        if row.next_due is not None
    ] == ["followups-1"]


def _key(message: Mapping[str, Any]) -> str:
    found: str = message["metadata"]["event_payload"]["key"]
    return found


def _metadata_key(arguments: Mapping[str, Any]) -> str:
    given = arguments.get("metadata") or {}
    found = json.loads(given) if isinstance(given, str) else given
    return str(found.get("event_payload", {}).get("key", ""))


def _announced(story: Rehearsal) -> Sequence[Mapping[str, Any]]:
    """Return what triaged said in the channel of P2."""
    rooms = [one for one in story.stage.slack()["channels"] if one["name"] == "incidents-medium"]
    return [one for room in rooms for one in room["messages"] if one.get("metadata")]


def _message(messages: Iterable[Mapping[str, Any]], end: str) -> Mapping[str, Any]:
    return next(one for one in messages if _key(one).endswith(end))


def _whole(message: Mapping[str, Any]) -> str:
    return f"{message['text']}\n{_readable(message['blocks'])}"


def _readable(blocks: object) -> str:
    """Return every text of a message's blocks, as a person reads them."""
    if isinstance(blocks, str):
        blocks = json.loads(blocks)
    return "\n".join(_texts(blocks))


def _texts(part: object) -> Sequence[str]:
    if isinstance(part, Mapping):
        own = [str(part["text"])] if isinstance(part.get("text"), str) else []
        return [*own, *(text for one in part.values() for text in _texts(one))]
    if isinstance(part, list):
        return [text for one in part for text in _texts(one)]
    return []
