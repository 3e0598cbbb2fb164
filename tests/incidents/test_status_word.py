"""The word for a status: the page, the headline and the topic must say the same one."""

import pytest

from incidents.incident import Incident, Status
from incidents.run import Run, Step, StepStatus
from incidents.status_word import status_word


def run(status: StepStatus, **fields: object) -> Run:
    """Return a run with one step."""
    return Run(id="run-1-1", steps={"scale": Step(id="scale", status=status)}, **fields)


@pytest.mark.parametrize(
    ("status", "runs", "word"),
    [
        pytest.param(Status.INVESTIGATING, [], "investigating", id="no-run"),
        pytest.param(
            Status.INVESTIGATING, [run(StepStatus.PLANNED)], "investigating", id="planned"
        ),
        pytest.param(Status.INVESTIGATING, [run(StepStatus.APPLIED)], "mitigating", id="applied"),
        pytest.param(
            Status.INVESTIGATING,
            [run(StepStatus.PLANNED), run(StepStatus.APPLIED)],
            "mitigating",
            id="applied-by-another-run",
        ),
        pytest.param(
            Status.INVESTIGATING,
            [run(StepStatus.APPLIED, outcome="failed")],
            "investigating",
            id="nobody-verifies-it",
        ),
        pytest.param(Status.MITIGATED, [run(StepStatus.APPLIED)], "mitigated", id="mitigated"),
        pytest.param(Status.RESOLVED, [run(StepStatus.APPLIED)], "resolved", id="resolved"),
    ],
)
def test_mitigating_is_said_while_an_applied_change_is_not_verified(
    status: Status, runs: list[Run], word: str
) -> None:
    """Investigating would hide that somebody acts, and mitigated would say that it helped."""
    assert status_word(Incident(id="incident-1", status=status), runs) == word
