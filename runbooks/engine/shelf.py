"""The runbooks at hand, and those that running runs began with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from incidents.errors import Rejected
from incidents.events.run import SHADOW, RunStarted
from incidents.ports import Texts
from runbooks.language import loader, parameters
from runbooks.language.grammar import Verbs
from runbooks.language.model import Runbook

ROLE = "decode"
"""The role that is meant when neither the runbook nor the alert names one."""

Intended = Callable[[str], Mapping[str, int]]
"""Returns the sizes that are intended for the workload of a role, by their names; none are {}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The library as it is now; older runbooks are read from the texts that their runs kept."""

    runbooks: Mapping[str, Runbook]
    texts: Texts
    verbs: Verbs
    _older: dict[str, Runbook] = field(default_factory=dict)

    def pinned(self, started: RunStarted) -> Runbook:
        """Return the runbook with the run's digest; raises Rejected when its text is gone."""
        current = self.runbooks.get(started.runbook)
        if current is not None and current.digest == started.runbook_digest:
            return current
        # The loop asks several times a second; reading YAML takes longer than a move.
        if started.runbook_digest not in self._older:
            self._older[started.runbook_digest] = self._kept(started)
        return self._older[started.runbook_digest]

    def _kept(self, started: RunStarted) -> Runbook:
        kept = self.texts.read((started.runbook_text,)).get(started.runbook_text)
        if kept is None:
            message = f"{started.runbook}: the text of {started.runbook_digest[:12]} is gone"
            raise Rejected(message)
        return loader.load_text(kept, name=started.runbook, verbs=self.verbs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Why and for what a run begins; `given` are parameters that differ from their defaults.

    `chosen` is the workload that a person chose among several, empty where nobody did. Unless
    `mode` says otherwise nothing is changed.
    """

    incident: int
    namespace: str
    model: str
    by: str
    because: str
    policy_digest: str
    role: str = ""
    pool: str = ""
    cluster: str = ""
    chosen: str = ""
    mode: str = SHADOW
    given: Sequence[tuple[str, str]] = ()


def nothing_intended(_: str) -> Mapping[str, int]:
    """Return no sizes: what is intended is not known."""
    return {}


def begin(
    runbook: Runbook,
    beginning: Beginning,
    *,
    texts: Texts,
    intended: Intended = nothing_intended,
) -> RunStarted:
    """Keep the runbook's text and return the run's first event; raises Rejected, Unavailable."""
    role = runbook.target or beginning.role or ROLE
    settled = parameters.settle(runbook, dict(beginning.given), intended=intended(role))
    (kept,) = texts.keep((runbook.text,))
    return RunStarted(
        incident=beginning.incident,
        runbook=runbook.name,
        title=runbook.title,
        runbook_digest=runbook.digest,
        runbook_text=kept,
        policy_digest=beginning.policy_digest,
        parameters=settled,
        namespace=beginning.namespace,
        model=beginning.model,
        role=role,
        mode=beginning.mode,
        by=beginning.by,
        because=beginning.because,
        pool=beginning.pool,
        cluster=beginning.cluster,
        chosen=beginning.chosen,
    )
