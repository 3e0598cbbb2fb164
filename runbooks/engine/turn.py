"""One turn of a run: what its parts share while one move is made."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cluster.targets.target import Selector, Target
from cluster.tools import Tools
from incidents.errors import Rejected
from incidents.events.run import RunStarted
from incidents.ports import Clock
from incidents.run import Run
from runbooks.engine.ports import Desk
from runbooks.language.grammar import Verbs
from runbooks.language.model import Runbook

NOWHERE = "this alert names no namespace: nothing to look at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A run, its runbook and the moment; `stand(step, because)` says what a step waits for.

    `now` is the moment of the decision; `clock` tells how late it has become since.
    """

    run: Run
    started: RunStarted
    runbook: Runbook
    now: datetime
    clock: Clock
    desk: Desk
    tools: Tools
    verbs: Verbs
    stand: Callable[[str, str], None]

    def tell(self, command: object) -> bool:
        """Let the command happen in the run; something happened, then."""
        self.desk.tell(self.run.id, command)
        return True

    def target(self) -> Target:
        """Return the run's target as it is now; raises Rejected, Unavailable."""
        if not self.started.namespace:
            raise Rejected(NOWHERE)
        selector = Selector(
            namespace=self.started.namespace,
            model=self.started.model,
            role=self.started.role,
            pool=self.started.pool,
        )
        return self.tools.targets.find(selector)

    def put_off(self, step: str, because: str) -> bool:
        """Do nothing now, and say why."""
        self.stand(step, because)
        return False
