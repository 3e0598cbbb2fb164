"""The headline of each state of the story, as a value."""

from dataclasses import replace

import pytest

from bot.chat.headline import KINDS, gist, headline, now, topic, word
from bot.chat.message import Context, Fields, Header, Message, Section
from incidents.commands.desk import Freeze
from incidents.commands.incident import Acknowledge, Escalate, Hide, HideChild, Resolve, Tick
from incidents.commands.run import PoseAsk, PutOff, RaiseDoubt, RecordCheck, RetryStep, StartWait
from incidents.events.incident import FactSeen
from incidents.policy import Severity
from incidents.run import Run
from runbooks.verdicts.kv_cache.row import Diagnosis
from tests import builders
from tests.bot.chat.stories import PAGE, Story
from tests.builders import APPROVAL, RUN, later

TITLE = "P2 INC-1 VLLMPreemptionsHigh of llama-3-70b"


def test_the_headline_says_what_is_wrong_and_what_to_press() -> None:
    """Somebody who was just woken reads one message, and on the phone its first line alone."""
    story = Story().open().check().ask()

    assert headline(story.situation()) == Message(
        text=f"{TITLE}: users wait longer; "
        "approve or reject: scale Deployment llm-d/decode: replicas 4 → 6",
        blocks=(
            Header(text=TITLE),
            Section(strong="Because", text="users wait longer"),
            Section(
                strong="Now",
                text="approve or reject: scale Deployment llm-d/decode: replicas 4 → 6",
            ),
            Fields(
                pairs=(
                    ("Status", "Investigating"),
                    ("Where", "llm-d/llama-3-70b"),
                    ("Alerts", "1 of 1 firing (VLLMPreemptionsHigh)"),
                    ("Taken by", "nobody yet: /incident ack"),
                    ("Runbook", "cache-evictions"),
                    ("Opened", "2026-03-01 12:00:00 UTC"),
                )
            ),
            Context(text="rule catalogue:VLLMPreemptionsHigh", page=PAGE),
        ),
    )


def test_a_long_reason_for_what_could_not_be_seen_stays_on_the_page() -> None:
    """A list of all the names that were tried would push away what is to be pressed."""
    why = "not scraped: namespace llm-d has none of: a, b, c"
    unseen = FactSeen(name="itl_p95", value=None, unit="", source=why)
    story = Story()
    story.desk.tell(builders.INCIDENT, builders.report(builders.judgement(facts=(unseen,))))

    because = headline(story.situation()).blocks[1]

    text = "users wait longer; could not see: itl p95 (not scraped)"
    assert because == Section(strong="Because", text=text)


def test_the_first_160_characters_say_severity_what_because_and_what_to_press() -> None:
    """A notification shows no more, however long the alert's own words are."""
    story = Story()
    long = builders.judgement(title="KV cache " * 40, because="users wait " * 40)
    story.desk.tell(builders.INCIDENT, builders.report(long))

    first = headline(story.situation()).text[:160]

    assert first.startswith("P2 INC-1 KV cache")
    assert "users wait" in first
    assert "wait: the runbook's checks" in first


def _approved(story: Story) -> None:
    story.check().ask().approve()


def _frozen(story: Story) -> None:
    _approved(story)
    story.desk.tell("desk", Freeze(scope="llm-d", by="cay", reason="a release"))


def _applied(story: Story) -> None:
    story.check().ask().approve().apply()


def _settling(story: Story) -> None:
    story.check().ask().approve().apply().settle(5)


def _followed(story: Story) -> None:
    story.check().ask().approve().apply().settle(5).settle(5, "no gateway follows it")


def _verified(story: Story) -> None:
    story.check().ask().approve().apply().settle(6).verify()


def _doubted(story: Story) -> None:
    story.check().ask().approve()
    story.desk.tell(RUN, builders.claim())
    lost = RaiseDoubt(step="scale-decode", approval=APPROVAL, because="the answer was lost")
    story.desk.tell(RUN, lost)


def _claimed(story: Story) -> None:
    story.check().ask().approve()
    story.desk.tell(RUN, builders.claim())


def _put_off(story: Story) -> None:
    story.check().ask().approve()
    story.desk.tell(RUN, PutOff(step="scale-decode", because="the cluster is away"))


def _unplanned(story: Story) -> None:
    story.check()
    story.desk.tell(RUN, PutOff(step="scale-decode", because="it cannot be planned"))


def _unread(story: Story) -> None:
    story.desk.tell(RUN, PutOff(step="", because="its runbook is gone"))


def _unwatched(story: Story) -> None:
    _settling(story)
    story.desk.tell(RUN, PutOff(step="scale-decode", because="it cannot be watched"))


def _asked(story: Story) -> None:
    story.desk.tell(RUN, PoseAsk(step="look", question="is the router up?", choices=("yes", "no")))


def _waiting(story: Story) -> None:
    story.desk.tell(RUN, StartWait(step="drain", until=later(5)))


def _calm(story: Story) -> None:
    ended = builders.judgement(ends_at=later(1))
    story.desk.tell(builders.INCIDENT, builders.report(ended))


def _resolved(story: Story) -> None:
    story.resolve()


CHANGE = "scale Deployment llm-d/decode: replicas 4 → 6"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        pytest.param(lambda _: None, "wait: the runbook's checks are running", id="checking"),
        pytest.param(_approved, f"wait: {CHANGE} is approved", id="approved"),
        pytest.param(_frozen, f"thaw: {CHANGE} is approved", id="approved-and-frozen"),
        pytest.param(
            _put_off, f"wait: {CHANGE} is approved: the cluster is away", id="approved-and-put-off"
        ),
        pytest.param(_unplanned, "wait: scale-decode: it cannot be planned", id="cannot-plan"),
        pytest.param(_unread, "wait: the runbook: its runbook is gone", id="cannot-go-on"),
        pytest.param(
            _unwatched,
            f"wait: verifying {CHANGE} (5 of 6 pods ready): it cannot be watched",
            id="cannot-watch",
        ),
        pytest.param(_claimed, f"wait: applying {CHANGE}", id="claimed"),
        pytest.param(_applied, f"wait: verifying {CHANGE}", id="applied"),
        pytest.param(_settling, f"wait: verifying {CHANGE} (5 of 6 pods ready)", id="settling"),
        pytest.param(_followed, f"wait: verifying {CHANGE} (no gateway follows it)", id="route"),
        pytest.param(_verified, "wait for the alerts to end", id="verified"),
        pytest.param(
            _doubted,
            f"decide whether {CHANGE} took place: "
            "triaged run settle run-1-1 scale-decode --applied or --no-applied",
            id="in-doubt",
        ),
        pytest.param(
            _asked, "answer: is the router up? (triaged run answer run-1-1 look)", id="asked"
        ),
        pytest.param(_waiting, "wait until 12:05:00 UTC", id="waiting"),
        pytest.param(
            _calm, "wait: every alert has ended; resolves at 12:10:00 UTC", id="alerts-ended"
        ),
        pytest.param(_resolved, "nothing: traffic is gone", id="resolved"),
    ],
)
def test_the_headline_says_what_is_to_be_done_now(steps, said) -> None:
    """An open incident never stands without a next action."""
    story = Story().open()

    steps(story)

    assert now(story.situation()) == said


@pytest.mark.parametrize(
    ("steps", "display"),
    [
        pytest.param(lambda _: None, "Investigating", id="nothing-done"),
        pytest.param(_applied, "Mitigating", id="applied"),
        pytest.param(_verified, "Mitigated", id="verified"),
        pytest.param(_resolved, "Resolved", id="resolved"),
    ],
)
def test_mitigating_is_a_display_word_while_a_change_is_not_verified(steps, display) -> None:
    """Only a verified change is called mitigated."""
    story = Story().open()

    steps(story)

    assert word(story.situation()) == display
    assert topic(story.situation()) == f"P2 {display}: VLLMPreemptionsHigh of llama-3-70b"


def test_a_verified_change_stands_in_the_headline() -> None:
    """Who joins later sees what helped."""
    story = Story().open()
    _verified(story)

    assert ("Mitigated", f"{CHANGE}: preemptions stopped") in _pairs(story)
    assert ("Taken by", "Ann Ode") in _pairs(story)


def test_an_escalation_stands_in_the_headline() -> None:
    """Whoever is called in sees how long nobody has come."""
    story = Story().open()
    story.now = later(30)
    story.desk.tell(builders.INCIDENT, Tick())

    assert ("Escalated", "1 so far, last at 2026-03-01 12:30:00 UTC") in _pairs(story)


def test_a_false_positive_is_called_one() -> None:
    """Nobody should look for what was mitigated."""
    story = Story().open()
    resolve = Resolve(by="ann", because="a test", false_positive=True)
    story.desk.tell(builders.INCIDENT, resolve)

    assert ("Status", "Resolved (false positive)") in _pairs(story)


def _pairs(story):
    (fields,) = [one for one in headline(story.situation()).blocks if isinstance(one, Fields)]
    return fields.pairs


def test_a_freeze_stands_in_the_headline() -> None:
    """Whoever wonders why nothing moves reads who stopped it, why, and how to go on."""
    story = Story().open()
    story.desk.tell("desk", Freeze(scope="all", by="cay", reason="a release is rolling out"))

    assert (
        Section(
            strong="Frozen",
            text="nothing may be changed anywhere, says Cay Lux: a release is rolling out; "
            "/incident thaw ends it",
        )
        in headline(story.situation()).blocks
    )


def test_a_run_that_is_over_asks_somebody_to_look() -> None:
    """A runbook that could not help must not look like one that still works."""
    story = Story().open()
    over = Run(id=RUN, outcome="stopped", because="no target")

    shown = now(replace(story.situation(), runs=(over,)))

    assert shown == "look: the runbook is over (stopped: no target)"


@pytest.mark.parametrize("verdict", ["no effect", "worse", "cannot tell"])
def test_a_change_that_did_not_help_can_be_taken_back(verdict: str) -> None:
    """Somebody at night reads in the headline how to undo what was of no use."""
    story = Story().open()
    _applied(story)
    applied = story.desk.run(RUN)
    steps = {name: replace(step, verdict=verdict) for name, step in applied.steps.items()}
    over = replace(applied, steps=steps, outcome="stopped", because="it did not help")

    shown = now(replace(story.situation(), runs=(over,), approvals=()))

    assert shown == (
        "look: the runbook is over (stopped: it did not help); "
        f"triaged run undo {RUN} scale-decode takes the change back"
    )


def test_a_hidden_incident_points_to_what_explains_it() -> None:
    """Whoever reads it must not work on a consequence, and may know better."""
    story = Story()
    story.desk.tell(builders.INCIDENT, builders.report())
    hide = Hide(under=2, rule="inhibition:service-down", because="Down fires there")
    story.desk.tell(builders.INCIDENT, hide)

    shown = headline(story.situation())

    assert now(story.situation()) == (
        "look at INC-2: Down fires there; triaged incident forward 1 brings it back"
    )
    assert ("Listed under", "INC-2") in _fields(shown)


def test_many_names_are_counted_and_not_all_listed() -> None:
    """A storm of a hundred kinds would push everything else out of sight."""
    story = Story()
    many = [builders.judgement(f"Alert{number:02}") for number in range(12)]
    story.desk.tell(builders.INCIDENT, builders.report(*many, truncated=7))
    for number in range(12):
        child = HideChild(key=f"local/n/{number:02}", rule="inhibition:down", because="hidden")
        story.desk.tell(builders.INCIDENT, child)

    shown = dict(_fields(headline(story.situation())))

    assert shown["Alerts"].endswith("Alert08, Alert09 and 2 more, 7 left out)")
    assert shown["Hides"].endswith("local/n/09 and 2 more")


def test_flapping_is_said_beside_the_alerts() -> None:
    """It is why the incident stays open though nothing fires."""
    story = Story()
    again = [builders.judgement(starts_at=later(-n), ends_at=later(1)) for n in range(6)]
    story.desk.tell(builders.INCIDENT, builders.report(*again))

    shown = dict(_fields(headline(story.situation())))

    assert shown["Alerts"] == "0 of 6 firing (VLLMPreemptionsHigh); flapping: 6 times in 30 min"


def test_the_failure_mode_that_was_found_stands_beside_the_runbook() -> None:
    """The runbook says how it was entered, the check where it led; they ask for other hands."""
    story = Story().open()
    hot = str(Diagnosis(mode="RB-17", because="one hot pod: 95% of the preemptions on decode-1"))

    _find(story, "kv-cache", f"5 preemptions/s; {hot}; also RB-18 (bad rollout), 7 blocks")
    _find(story, "queue", "30 requests wait; nothing else")

    shown = _fields(headline(story.situation()))
    assert ("Runbook", "cache-evictions") in shown
    assert ("Diagnosis", "RB-17 (routing hotspot)") in shown


def test_the_latest_finding_of_a_check_replaces_its_diagnosis() -> None:
    """A storm that is over must not stand there as if it went on."""
    story = Story().open()
    _find(story, "kv-cache", f"5 preemptions/s; {Diagnosis(mode='RB-12')}")
    _again(story, "kv-cache")
    _find(story, "kv-cache", f"2 ranks are silent; {Diagnosis(mode='RB-08')}")
    changed = dict(_fields(headline(story.situation())))

    _again(story, "kv-cache")
    _find(story, "kv-cache", "KV usage 0.50, no preemptions")
    well = dict(_fields(headline(story.situation())))

    assert changed["Diagnosis"] == "RB-08 (collective hangs: a data-parallel rank is dead)"
    assert "Diagnosis" not in well


@pytest.mark.parametrize(
    "because",
    [
        pytest.param("nothing from rb-12 (KV cache exhausted: preemption storm)", id="a-pod"),
        pytest.param("one; RB-99 (made up)", id="no-mode-of-ours"),
        pytest.param("one; RB-12 <!channel>", id="not-as-we-write-it"),
    ],
)
def test_only_a_failure_mode_as_checks_write_it_is_a_diagnosis(because: str) -> None:
    """Names from the cluster stand in the same sentence, and may look like anything."""
    story = Story().open()

    _find(story, "kv-cache", because)

    assert "Diagnosis" not in dict(_fields(headline(story.situation())))


def test_what_only_counts_is_not_in_the_gist() -> None:
    """More of the same alerts, and another reading of the same number, ask nobody for anything."""
    story, gists, headlines = Story().open(), [], []
    for number in range(3):
        read = FactSeen(name="itl_p95", value=f"0.{number + 3}", unit="s", source="Prometheus")
        joined = builders.judgement(fingerprint=f"pod-{number}", facts=(read,))
        story.desk.tell(builders.INCIDENT, builders.report(joined, truncated=number))
        gists.append(gist(story.situation()))
        headlines.append(headline(story.situation()))

    assert gists[1:] == gists[:1] * 2
    assert len({one.blocks for one in headlines}) == 3


def test_what_matters_changes_the_gist() -> None:
    """Whatever a person may have to act upon is shown at once."""
    story, gists = Story().open().check(), []
    tell = story.desk.tell
    worse = builders.judgement("EPPNoReadyEndpoints", severity=Severity.P0, because="all is down")
    hidden = HideChild(key="local/n/x", rule="inhibition:down", because="its consequence")
    criterion = Escalate(run=RUN, criterion="long", because="nobody took it")
    changes = (
        lambda: None,
        lambda: tell(builders.INCIDENT, builders.report(builders.judgement("AnotherKind"))),
        lambda: tell(builders.INCIDENT, builders.report(worse)),
        lambda: tell(builders.INCIDENT, Acknowledge(by="ann", via="cli")),
        story.ask,
        lambda: tell("desk", Freeze(scope="all", by="cay", reason="a release")),
        story.approve,
        lambda: tell(builders.INCIDENT, hidden),
        lambda: tell(builders.INCIDENT, criterion),
        story.resolve,
    )
    for change in changes:
        change()
        gists.append(gist(story.situation()))

    assert [one for one, before in zip(gists[1:], gists, strict=False) if one == before] == []


def test_kinds_that_are_only_numbered_do_not_change_the_gist() -> None:
    """After the first ten names there is a number of the others, which counts."""
    story = Story().open()
    names = [f"Alert{chr(ord('A') + n)}" for n in range(KINDS + 2)]
    gists = []
    for name in names:
        story.desk.tell(builders.INCIDENT, builders.report(builders.judgement(name)))
        gists.append(gist(story.situation()))

    assert len(set(gists[:KINDS])) == KINDS
    assert gists[-1] == gists[-2]


def test_the_gist_is_the_headline_in_everything_else() -> None:
    """What is left out by mistake would be shown late."""
    story = Story().open().check().ask()
    told, shown = gist(story.situation()), headline(story.situation())

    assert told.text == shown.text
    assert told.blocks[:-2] == shown.blocks[:-2]
    assert dict(_fields(told)) | {"Alerts": ""} == dict(_fields(shown)) | {"Alerts": ""}


def _again(story: Story, step: str) -> None:
    story.desk.tell(RUN, RetryStep(step=step, by="ann", because="look again"))


def _find(story: Story, step: str, because: str) -> None:
    found = RecordCheck(step=step, verdict="so", because=because, evidence=())
    story.desk.tell(RUN, found)


def _fields(shown: Message) -> tuple[tuple[str, str], ...]:
    return next(block.pairs for block in shown.blocks if isinstance(block, Fields))
