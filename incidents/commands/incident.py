"""Commands to an incident."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.correlation import Place
from incidents.events.incident import FactSeen, Workload
from incidents.policy import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """An alert of a delivery, judged: what is needed to record its occurrence.

    `text` is the digest of its annotations, `ends_at` is None while it fires; `seen_firing` unless
    every delivery said that it had ended.
    """

    fingerprint: str
    starts_at: datetime
    ends_at: datetime | None
    name: str
    title: str
    labels: tuple[tuple[str, str], ...]
    text: str
    source: str
    url: str
    severity: Severity
    because: str
    rule: str
    mode: str
    runbook: str
    runbook_because: str
    seen_firing: bool = True
    facts: tuple[FactSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAlerts:
    """Deliveries reported these alerts under one key.

    `number`, `place`, `place_because` and `follows` are used where the incident is new; `hold` is
    how long it must be calm. `gathered` are rules with their reasons for which the alerts come only
    now; with `reopen`, the reason, an incident that is over is open again.
    """

    number: int
    key: str
    place: Place
    alerts: tuple[Judgement, ...]
    truncated: int
    hold: timedelta
    place_because: str = ""
    follows: int | None = None
    gathered: tuple[tuple[str, str], ...] = ()
    reopen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HideChild:
    """Alerts of another key are listed under this incident."""

    key: str
    rule: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hide:
    """The incident is a consequence of another one."""

    under: int
    rule: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComeForward:
    """The incident stands for itself again; where a person says so, for good."""

    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """A person takes it."""

    by: str
    via: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSeverity:
    """A person says how bad it is, with a reason; it beats every rule."""

    severity: Severity
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFacts:
    """Facts were asked for again, and the alert `name` was judged by them."""

    name: str
    severity: Severity
    because: str
    rule: str
    facts: tuple[FactSeen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskTarget:
    """Several workloads fit what the alerts say, and nobody but a person can choose."""

    candidates: tuple[Workload, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseTarget:
    """A person says which of the candidates is meant, as in `Deployment decode`."""

    chosen: str
    by: str
    via: str
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigate:
    """A verified change, or a person, says that users are served again."""

    by: str
    because: str
    run: str | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relapse:
    """What had been mitigated is not."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """A person ends it."""

    by: str
    because: str
    false_positive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The clock: whatever is due now; `busy` says why it must not resolve by itself yet."""

    busy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalate:
    """A runbook's criterion asks for more people."""

    because: str
    run: str
    criterion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRun:
    """A run began, or ended where `outcome` is given."""

    run: str
    runbook: str
    because: str
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteChannel:
    """The channel exists, or was archived."""

    platform: str
    channel: str
    name: str
    archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePostmortem:
    """The postmortem was written."""

    name: str
    digest: str


IncidentCommand = (
    ReportAlerts
    | HideChild
    | Hide
    | ComeForward
    | Acknowledge
    | SetSeverity
    | NoteFacts
    | AskTarget
    | ChooseTarget
    | Mitigate
    | Relapse
    | Resolve
    | Tick
    | Escalate
    | NoteRun
    | NoteChannel
    | NotePostmortem
)
