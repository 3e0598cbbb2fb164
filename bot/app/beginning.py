"""How a run begins: the runbook that an alert asks for, pinned with its whole text."""

from collections.abc import Mapping

from incidents.alert import Alert
from incidents.events.run import RunStarted
from incidents.incident import TRIAGE, Incident
from incidents.incident_rules import DESK
from incidents.policy import Policy
from incidents.ports import Texts
from runbooks.language.matching import choose
from runbooks.language.model import Runbook

DECODE = "decode"
RUNBOOK_URL = "runbook_url"


class Beginning:
    """Chooses runbooks and begins runs, in one mode."""

    def __init__(
        self,
        *,
        runbooks: Mapping[str, Runbook],
        policy: Policy,
        policy_text: str,
        texts: Texts,
        mode: str,
    ) -> None:
        self._runbooks = runbooks
        self._policy = policy
        self._policy_text = policy_text
        self._texts = texts
        self._mode = mode

    def choose(self, alert: Alert) -> tuple[str, str]:
        """Return the name of the runbook for an alert, and why this one."""
        url = alert.annotations.get(RUNBOOK_URL, "")
        chosen = choose(alert.labels, url, runbooks=self._runbooks)
        return chosen.runbook.name, chosen.because

    def begin(self, incident: Incident) -> RunStarted:
        """Return the start of the incident's run; a runbook that is gone falls to triage."""
        guide = incident.guide
        asked = guide.runbook if guide else TRIAGE
        runbook = self._runbooks.get(asked) or self._runbooks[TRIAGE]
        because = guide.runbook_because if guide and runbook.name == asked else f"{asked} is gone"
        opened = incident.opened
        texts = self._texts.keep([runbook.text, self._policy_text])
        return RunStarted(
            incident=incident.number,
            runbook=runbook.name,
            title=runbook.title,
            runbook_digest=runbook.digest,
            runbook_text=texts[0],
            policy_digest=self._policy.digest,
            policy_text=texts[1],
            parameters=tuple((one.name, str(one.default)) for one in runbook.parameters),
            namespace=opened.namespace if opened else "",
            model=opened.model if opened else "",
            role=runbook.target or (opened.role if opened else "") or DECODE,
            mode=self._mode,
            by=DESK,
            because=because,
        )
