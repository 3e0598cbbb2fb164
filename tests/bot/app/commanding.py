"""What the tests of commands share: how one ended, and a journal that it may find."""

import getpass
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.app.opening import Opened
from incidents.commands.approval import Approve, RequestApproval
from incidents.commands.run import FinishStep, RecordPlan, RecordVerification, StartRun
from runbooks.language.loader import LIBRARY
from runbooks.language.loader import load as load_runbooks
from tests import builders

HOSTILE = "kv \x1b[2J\u202eevil"
TRIAGE = LIBRARY / "triage.yaml"
STEP = load_runbooks((LIBRARY,))["triage"].steps[0].id
ME = getpass.getuser()
PEOPLE = f"people:\n  - {{id: me, name: Me, unix: {ME}, roles: [on-call-sre]}}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return what a machine reads."""
        return json.loads(self.out)


Run = Callable[..., Ended]
"""Runs one command in an environment of its own."""


def tell_a_story(desk: Opened, *approvers: str, **changes: object) -> None:
    """Open an incident, begin its run, and ask somebody."""
    told = builders.judgement(title=HOSTILE)
    desk.desk.tell(builders.INCIDENT, builders.report(told))
    desk.desk.tell(builders.RUN, StartRun(started=builders.started()))
    asked = builders.requested(
        approvers=approvers or ("me",),
        expires_at=datetime.now(UTC) + timedelta(minutes=10),
        **changes,
    )
    desk.desk.tell(builders.APPROVAL, RequestApproval(requested=asked))


def applied(desk: Opened) -> None:
    """Let a step of a run be approved, applied and verified."""
    (text,) = desk.store.texts.keep([TRIAGE.read_text()])
    started = builders.started(runbook="triage", runbook_text=text, runbook_digest="d")
    asked = builders.requested(expires_at=datetime.now(UTC) + timedelta(minutes=10))
    claim = builders.claim(STEP, not_after=asked.expires_at)
    of_claim = {"step": STEP, "approval": builders.APPROVAL}
    for stream, command in (
        (builders.RUN, StartRun(started=started)),
        (builders.RUN, RecordPlan(step=STEP, plan=builders.plan())),
        (builders.APPROVAL, RequestApproval(requested=asked)),
        (builders.APPROVAL, Approve(by="ann", via="slack", digest=builders.DIGEST)),
        (builders.RUN, claim),
        (builders.RUN, FinishStep(**of_claim, detail="replicas 6")),
        (
            builders.RUN,
            RecordVerification(**of_claim, verdict="worse", because="it hurts", comparisons=()),
        ),
    ):
        desk.desk.tell(stream, command)
