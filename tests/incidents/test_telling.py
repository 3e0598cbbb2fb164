"""Each event is one sentence."""

from dataclasses import replace
from typing import cast

import pytest

from incidents.events.approval import ApprovalGiven
from incidents.events.incident import IncidentOpened, IncidentResolved
from incidents.events.registry import Event
from incidents.events.run import ActionPlanned, DoubtSettled, Evidence
from incidents.telling import change, measured, number, tell
from tests.builders import evidence, plan, requested
from tests.incidents.samples import EVENTS, TOLD

SAMPLES = {type(event).__name__: event for event in EVENTS}


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_event_is_told_in_one_sentence(kind: str) -> None:
    """The timeline and the postmortem say nothing that the journal does not."""
    assert tell(SAMPLES[kind]) == TOLD[kind]


OPENED = cast("IncidentOpened", SAMPLES["IncidentOpened"])
PLANNED = cast("ActionPlanned", SAMPLES["ActionPlanned"])


@pytest.mark.parametrize(
    ("event", "told"),
    [
        pytest.param(
            replace(OPENED, namespace="", model="", key="local//alert:Down"),
            "INC-1 opened for local//alert:Down",
            id="nowhere",
        ),
        pytest.param(
            IncidentResolved(by="ann", because="a test", false_positive=True),
            "resolved as a false positive: a test",
            id="false-positive",
        ),
        pytest.param(
            ApprovalGiven(by="ann", via="slack", together_with=()),
            "approved by ann through slack",
            id="alone",
        ),
        pytest.param(
            DoubtSettled(step="scale", applied=False, by="ann", reason="kubectl says 4"),
            "scale: ann says that it did not take place: kubectl says 4",
            id="not-applied",
        ),
        pytest.param(
            replace(PLANNED, plan=plan(inverse=())),
            "scale-decode planned: scale Deployment llm-d/decode: replicas 4 → 6"
            " (owner Deployment decode; accepted; it cannot be undone)",
            id="no-undo",
        ),
        pytest.param(
            replace(
                PLANNED,
                plan=plan(
                    write=replace(plan().write, kind="HorizontalPodAutoscaler", name="hpa"),
                    before=(("minReplicas", "2"),),
                    after=(("minReplicas", "6"),),
                    owner_path=("Deployment decode", "HPA hpa"),
                ),
            ),
            "scale-decode planned: scale Deployment llm-d/decode: minReplicas 2 → 6"
            " of HorizontalPodAutoscaler llm-d/hpa"
            " (owner Deployment decode ← HPA hpa; accepted; undo: replicas 4)",
            id="written-elsewhere",
        ),
        pytest.param(
            requested(title="scale", approvers=()),
            "scale: approval asked of nobody until 12:10:00",
            id="nobody",
        ),
    ],
)
def test_what_is_special_is_said(event: Event, told: str) -> None:
    """A reader must not take the rare case for the usual one."""
    assert tell(event) == told


def test_a_field_without_a_former_value_comes_from_none() -> None:
    """A first value is not a change from zero."""
    assert change(plan(before=())) == "scale Deployment llm-d/decode: replicas none → 6"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        pytest.param(None, "1/s", "no data", id="nothing"),
        pytest.param(0.972, "ratio", "97 %", id="ratio"),
        pytest.param(2.5, "1/s", "2.5 1/s", id="rate"),
        pytest.param(3, "", "3", id="no-unit"),
    ],
)
def test_numbers_are_written_for_people(value: float | None, unit: str, shown: str) -> None:
    """No data is never shown as zero."""
    assert number(value, unit) == shown


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        pytest.param(evidence(), "kv_usage 97 %", id="pool"),
        pytest.param(evidence(pod="decode-a"), "kv_usage of decode-a 97 %", id="pod"),
        pytest.param(
            evidence(value=None, because="no such series"),
            "kv_usage: no data (no such series)",
            id="no-data",
        ),
        pytest.param(
            evidence(value=None, because="no data: not scraped"),
            "kv_usage: no data: not scraped",
            id="no-data-said-once",
        ),
    ],
)
def test_evidence_says_what_was_read_or_why_not(one: Evidence, shown: str) -> None:
    """A check that could not read must not look like one that read nothing bad."""
    assert measured(one) == shown
