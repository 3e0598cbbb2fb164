"""Between claim and write: what pods say of themselves is kept, and stops no change."""

import pytest

from cluster.actions.signature import Signature
from cluster.evidence.bundle import MOST, Bundle, Part, Sort
from incidents.commands.run import SettleDoubt
from incidents.errors import Unavailable
from incidents.run import StepStatus
from incidents.timeline import rows

STEP = "add-decode"
LOG = Part(sort=Sort.LOG, title="log of engine of decode-0", text="CUDA out of memory", count=1)
FOUND = Bundle(parts=(LOG,), missing=("no metrics: triaged is elsewhere",))


def approve(world):
    world.approve(by="bob")
    world.settle()


def test_evidence_is_kept_before_the_write(planned):
    """The pods that go take their logs along: afterwards there is nothing to read."""
    order = []
    planned.evidence.bundle = FOUND
    planned.evidence.before_it = lambda: order.append(planned.step(STEP).status)
    planned.scale.before_apply = lambda: order.append("write")

    approve(planned)

    assert order == [StepStatus.STARTED, "write"]
    assert [plan.digest for plan in planned.evidence.collected] == [planned.step(STEP).plan.digest]
    names = planned.events()
    assert names.index("StepStarted") < names.index("EvidenceKept") < names.index("StepFinished")
    kept = planned.step(STEP).evidence
    text = planned.store.texts.read([kept.text])[kept.text]
    assert (kept.logs, kept.missing) == (1, FOUND.missing)
    assert "## log of engine of decode-0\nCUDA out of memory" in text
    told = [row.text for row in rows(planned.desk.history(1))]
    assert (
        f"add-decode: kept before the write: 1 log ({len(text)} characters); "
        "missing: no metrics: triaged is elsewhere"
    ) in told


def test_without_any_evidence_the_change_is_made_all_the_same(planned):
    """A reader without rights must not keep people from acting; they learn of it."""
    planned.evidence.bundle = Bundle(missing=("no logs: no permission: pods/log",))

    approve(planned)

    assert planned.step(STEP).status is StepStatus.APPLIED
    assert planned.step(STEP).evidence.text == ""
    told = [row.text for row in rows(planned.desk.history(1))]
    assert (
        "add-decode: kept before the write: nothing; missing: no logs: no permission: pods/log"
        in told
    )


def test_where_nobody_collects_nothing_is_told(planned):
    """A desk without a cluster's clients has no line about what it did not try."""
    approve(planned)

    assert "EvidenceKept" not in planned.events()


def test_texts_that_cannot_be_kept_do_not_stop_the_change(planned):
    """A full disk for evidence is no reason to let users wait."""
    planned.evidence.bundle = FOUND
    planned.runner = planned.restarted()
    planned.runner._texts = Away()  # the port, as a store that is away has it

    approve(planned)

    assert planned.step(STEP).status is StepStatus.APPLIED
    assert "EvidenceKept" not in planned.events()


class Away:
    """Texts of a store that cannot commit."""

    def keep(self, texts):
        message = "the store is away"
        raise Unavailable(message)


def test_a_claim_that_people_settled_meanwhile_is_not_written(planned):
    """Reading logs takes seconds, in which somebody may have said that it did not happen."""
    planned.evidence.bundle = FOUND

    def settled():
        planned.evidence.before_it = lambda: None
        planned.runner = planned.restarted()
        planned.advance()  # another process finds the claim, and is in doubt
        planned.tell(SettleDoubt(step=STEP, applied=False, by="bob", reason="looked"))

    planned.evidence.before_it = settled

    approve(planned)

    assert planned.scale.applied == []
    assert "EvidenceKept" not in planned.events()


def test_a_bundle_is_cut_where_a_database_would_suffer():
    """Somebody's engine logs a gigabyte of stack traces."""
    text = Bundle(parts=(Part(sort=Sort.LOG, title="log", text="x" * (2 * MOST)),)).text()

    assert len(text) == MOST
    assert text.endswith("… (cut here)")


def test_a_write_is_signed_with_its_incident_and_who_approved_it(planned):
    """Whoever reads the object's history finds the incident, and never a person's own rights."""
    approve(planned)

    assert planned.scale.signed == [Signature(incident=1, approved_by="bob")]


DEGRADED = (
    "the control plane is degraded, so nothing is written until it is calm: "
    "of its last 12 answers within 60 s 6 failed and 0 took longer than 5 s"
)
SAID = DEGRADED.partition(": ")[2]


def test_a_degraded_control_plane_stops_every_write_until_it_is_calm(planned):
    """A write whose outcome nobody can tell makes an outage longer."""
    planned.control.said = SAID
    approve(planned)
    waits, claimed = planned.waits(), "StepStarted" in planned.events()
    planned.control.said = None

    planned.settle()

    assert (waits, claimed) == (f"add-decode: {DEGRADED}", False)
    assert planned.step(STEP).status is StepStatus.APPLIED


def test_a_card_says_that_its_write_would_have_to_wait(story):
    """Who approves now must not wonder why nothing happens."""
    story.control.said = SAID

    story.settle()

    assert story.step(STEP).plan.warnings[-1] == DEGRADED


@pytest.mark.parametrize("trouble", [SAID, "/readyz: etcd failed"])
def test_a_plan_of_calm_days_holds_in_degraded_ones(planned, trouble):
    """The warning is no part of what is approved: the digest stays, and so does the card."""
    planned.control.said = trouble
    approve(planned)
    planned.control.said = None
    planned.settle()

    assert planned.run.plans == 1
