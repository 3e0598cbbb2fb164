"""What a rule file holds: recordings, alerts, and the proofs of when an alert rings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

RUNBOOKS: Final = "https://runbooks.triaged.dev"
TRIAGE: Final = "triage"
DOWN: Final = "service-down"
ERRORS: Final = "high-error-rate"
LATENCY: Final = "high-latency"
GPUS: Final = "gpu-utilization"
MEMORY: Final = "memory-pressure"
KV_CACHE: Final = "cache-evictions"
"""Runbooks that an alert can name: their files in the library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One unit test of an alert, in the words of `promtool test rules`.

    `series` are samples one minute apart (`each` says otherwise), `at` is the moment that is
    looked at. `fires` are the labels of what must fire then, beside `alertname` and those that
    the rule adds; None when it must keep still. `only` are labels of the alerts that are looked at.

    One that keeps still must ring at the same moment with the series `unless` in place of its own
    or beside them, with the labels `then`; without these, as in the alert's first one that rings.
    """

    title: str
    series: Mapping[str, str]
    at: timedelta
    fires: Mapping[str, str] | None = None
    each: timedelta = timedelta(minutes=1)
    only: Mapping[str, str] = field(default_factory=dict)
    unless: Mapping[str, str] | None = None
    then: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A query whose answer is stored under a name."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """When to ring, how urgently, what is said then, and which runbook triaged runs.

    `why` says what the numbers are sized for; it stands as a comment in the file. An alert that
    the catalogue of severities does not know names its `priority`: P0 to P3.

    Tests repeat its proofs under all names of its metrics: see `tests.cluster.rules.renamed`.
    `never_in` are names among them in which it cannot ring, `rings_without` those of its first
    proof without which it rings all the same, each with the reason.
    """

    name: str
    expr: str
    severity: str
    summary: str
    description: str
    proofs: tuple[Proof, ...]
    hold: timedelta = timedelta()
    keep: timedelta = timedelta()
    runbook: str = TRIAGE
    priority: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    never_in: Mapping[str, str] = field(default_factory=dict)
    rings_without: Mapping[str, str] = field(default_factory=dict)

    @property
    def runbook_url(self) -> str:
        """Return the address by which triaged finds the runbook."""
        return f"{RUNBOOKS}/{self.runbook}"

    @property
    def own_labels(self) -> Mapping[str, str]:
        """Return the labels that the rule adds."""
        asked = {"priority": self.priority} if self.priority else {}
        return {"severity": self.severity, **asked, **self.labels}


Rule = Recording | Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated one after the other."""

    name: str
    interval: timedelta
    rules: tuple[Rule, ...]

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Return the alerts among the rules."""
        return tuple(rule for rule in self.rules if isinstance(rule, Alert))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """One rule file: `name` without its ending, `about` as a comment at its head.

    `needs` are the files whose recordings its rules read. Its proofs evaluate it every `pace`, and
    with `fed` give it what the others would record.
    """

    name: str
    about: str
    groups: tuple[Group, ...]
    needs: tuple[str, ...] = ()
    pace: timedelta = timedelta(minutes=1)
    fed: bool = False

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the rules of all groups."""
        return tuple(rule for group in self.groups for rule in group.rules)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Return the alerts of all groups."""
        return tuple(alert for group in self.groups for alert in group.alerts)
