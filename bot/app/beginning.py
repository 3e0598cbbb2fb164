"""How a run begins: the runbook that an alert asks for, pinned with its whole text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from bot.app.configuration import Configuration
from cluster.drift.intended import LOCAL, NOTHING, Environments, bounds
from incidents import correlation
from incidents.alert import Alert
from incidents.events.run import APPLY, SHADOW, RunStarted
from incidents.incident import DESK, TRIAGE, Incident
from incidents.leaving import Review
from incidents.ports import Texts
from incidents.run import Run
from runbooks.engine import shelf
from runbooks.language.matching import choose
from runbooks.language.model import Runbook

RUNBOOK_URL = "runbook_url"


def nothing_acts(_: str) -> bool:
    """Return that a runbook is in shadow, as all are before somebody switches one on."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class InEffect:
    """What the configuration says for the runs that begin from now on.

    `acts` tells whether a runbook acts, `environments` is what is intended.
    """

    policy_digest: str = ""
    policy_text: str = ""
    environments: Environments = NOTHING
    acts: Callable[[str], bool] = nothing_acts


AFTER_INSTALLATION: Final = InEffect()


def in_force(found: Configuration) -> InEffect:
    """Return what a configuration says for the runs that begin under it."""
    return InEffect(
        policy_digest=found.policy.digest,
        policy_text=found.policy_text,
        environments=found.environments,
        acts=found.policy.acts,
    )


class Beginning:
    """Chooses runbooks and begins runs; what is in force is pinned with each."""

    def __init__(
        self,
        *,
        runbooks: Mapping[str, Runbook],
        texts: Texts,
        in_force: InEffect = AFTER_INSTALLATION,
        cluster: str = LOCAL,
    ) -> None:
        self.runbooks = runbooks
        self.in_force = in_force
        """A reload puts another one here, while other threads begin runs and plan."""
        self._cluster = cluster
        self._texts = texts

    def choose(self, alert: Alert) -> tuple[str, str]:
        """Return the name of the runbook for an alert, and why this one."""
        url = alert.annotations.get(RUNBOOK_URL, "")
        chosen = choose(alert.labels, url, runbooks=self.runbooks)
        return chosen.runbook.name, chosen.because

    def begin(self, incident: Incident) -> RunStarted:
        """Return the start of the incident's run; a runbook that is gone falls to triage."""
        guide, opened = incident.guide, incident.opened
        # Read once: a run must not begin with halves of two configurations.
        in_force = self.in_force
        asked = guide.runbook if guide else TRIAGE
        runbook = self.runbooks.get(asked)
        pool = _pool(incident)
        because = guide.runbook_because if guide and runbook else f"runbook {asked} is gone"
        begun = runbook or self.runbooks[TRIAGE]
        started = shelf.begin(
            begun,
            shelf.Beginning(
                incident=incident.number,
                namespace=opened.namespace if opened else "",
                model=opened.model if opened else "",
                role=opened.role if opened else "",
                pool=pool,
                cluster=incident.place.cluster,
                chosen=incident.target_chosen,
                by=DESK,
                because=because,
                policy_digest=in_force.policy_digest,
                mode=APPLY if in_force.acts(begun.name) else SHADOW,
            ),
            texts=self._texts,
            intended=partial(self._intended, in_force.environments, incident, pool),
        )
        (policy,) = self._texts.keep([in_force.policy_text])
        return replace(started, policy_text=policy)

    def _intended(
        self, environments: Environments, incident: Incident, pool: str, role: str
    ) -> Mapping[str, int]:
        """Return the sizes that environments.yaml says for the workload of a role."""
        opened = incident.opened
        return bounds(
            environments.of(
                cluster=incident.place.cluster,
                namespace=opened.namespace if opened else "",
                role=role,
                model=opened.model if opened else "",
                pool=pool,
                own=self._cluster,
            )
        )

    def follow_ups(self, run: Run) -> tuple[Review, ...]:
        """Return what the run's runbook leaves to be done, with who and how soon."""
        name = run.started.runbook if run.started else TRIAGE
        runbook = self.runbooks.get(name)
        found = runbook.follow_ups if runbook else ()
        return tuple(
            Review(runbook=name, text=one.text, owner=one.owner, within=one.due) for one in found
        )


def _pool(incident: Incident) -> str:
    """Return the one InferencePool that the incident's alerts name, none where they disagree.

    Of two pools neither is meant: then the workload is looked for by its model alone.
    """
    named = {correlation.pool(dict(one.fired.labels)) for one in incident.alerts.values()}
    found = {incident.place.pool, *named} - {""}
    return found.pop() if len(found) == 1 else ""
