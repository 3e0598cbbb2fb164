"""The row by which each kind of stream is found."""

from collections.abc import Sequence

import pytest

from incidents.aggregates import incident_number, incident_stream, kind_of
from incidents.commands.approval import Approve, Refuse, RequestApproval
from incidents.commands.desk import Freeze, Thaw
from incidents.commands.incident import Resolve
from incidents.commands.run import StartRun
from incidents.errors import Rejected
from incidents.journal import Aggregate, Summary
from tests.builders import (
    APPROVAL,
    DIGEST,
    INCIDENT,
    KEY,
    NOON,
    RUN,
    desk,
    later,
    policy,
    report,
    requested,
    started,
)
from tests.incidents.telling_runs import END

ASK = RequestApproval(requested=requested())
YES = Approve(by="ann", via="slack", digest=DIGEST)
NO = Refuse(by="ann", via="slack", digest=DIGEST, reason="not now")
FREEZE = Freeze(scope="all", by="ann", reason="a migration")

INCIDENT_ROW = {"key": KEY, "severity": "P2", "title": "VLLMPreemptionsHigh of llama-3-70b"}
APPROVAL_ROW = {
    "title": "scale Deployment llm-d/decode: replicas 4 → 6",
    "digest": DIGEST,
    "not_after": later(10),
}


@pytest.mark.parametrize(
    ("stream", "told", "aggregate", "row"),
    [
        pytest.param(
            INCIDENT,
            [report()],
            Aggregate.INCIDENT,
            {**INCIDENT_ROW, "version": 2, "state": "investigating", "next_due": later(30)},
            id="incident",
        ),
        pytest.param(
            INCIDENT,
            [report(), Resolve(by="ann", because="over")],
            Aggregate.INCIDENT,
            {
                **INCIDENT_ROW,
                "version": 3,
                "state": "resolved",
                "closed_at": NOON,
                "next_due": NOON,
            },
            id="incident-over",
        ),
        pytest.param(
            RUN,
            [StartRun(started=started())],
            Aggregate.RUN,
            {"version": 1, "state": "running", "title": "KV cache exhausted", "next_due": None},
            id="run",
        ),
        pytest.param(
            RUN,
            [StartRun(started=started()), END],
            Aggregate.RUN,
            {"version": 2, "state": "completed", "title": "KV cache exhausted", "closed_at": NOON},
            id="run-over",
        ),
        pytest.param(
            APPROVAL,
            [ASK, YES],
            Aggregate.APPROVAL,
            {**APPROVAL_ROW, "version": 2, "state": "granted", "next_due": later(10)},
            id="approval-granted",
        ),
        pytest.param(
            APPROVAL,
            [ASK, NO],
            Aggregate.APPROVAL,
            {**APPROVAL_ROW, "version": 2, "state": "refused", "closed_at": NOON},
            id="approval-refused",
        ),
        pytest.param(
            "desk",
            [FREEZE],
            Aggregate.DESK,
            {"incident": None, "version": 1, "state": "frozen", "title": "the desk"},
            id="frozen",
        ),
        pytest.param(
            "desk",
            [FREEZE, Thaw(scope="all", by="ann", reason="done")],
            Aggregate.DESK,
            {"incident": None, "version": 2, "state": "open", "title": "the desk"},
            id="thawed",
        ),
    ],
)
def test_a_stream_is_summed_up_in_one_row(
    stream: str, told: Sequence[object], aggregate: Aggregate, row: dict[str, object]
) -> None:
    """Lists, the clock and the claim read it: what it does not say is not found."""
    one = desk()
    for command in told:
        one.tell(stream, command)

    usual = {"stream": stream, "aggregate": aggregate, "incident": 1}
    moments = {"opened_at": NOON, "updated_at": NOON}
    assert one.journal.summary(stream) == Summary(**{**usual, **moments, **row})  # type: ignore[arg-type] # rows name real fields


@pytest.mark.parametrize("stream", ["incident-9", "run-9-1", "approval-9-1-1", "desk"])
def test_a_stream_without_events_has_no_row(stream: str) -> None:
    """A row without a beginning would be shown as an incident from nowhere."""
    kind = kind_of(stream)

    with pytest.raises(Rejected, match=f"{stream} has no events"):
        kind.summary(kind.empty(stream), policy())


def test_an_incidents_stream_has_its_number() -> None:
    """People say the number; the journal knows the stream."""
    assert incident_stream(7) == "incident-7"


def test_an_incident_is_known_by_its_stream() -> None:
    """Both ways, so that nobody takes the names of streams apart."""
    assert incident_number(incident_stream(7)) == 7


@pytest.mark.parametrize("stream", ["run-7-1", "incident-", "incident-x", "incident", "desk"])
def test_no_other_stream_is_an_incident(stream: str) -> None:
    """The number of a run is not that of its incident."""
    with pytest.raises(Rejected, match="is no incident's stream"):
        incident_number(stream)
