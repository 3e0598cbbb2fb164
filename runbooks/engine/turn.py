"""One turn of a run: what its parts share while one move is made."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from cluster.targets.target import Ambiguous, Candidate, NotFound, Selector, Target
from cluster.tools import Tools
from incidents.aggregates import incident_stream
from incidents.commands.incident import AskTarget
from incidents.correlation import LOCAL
from incidents.errors import Rejected, Unavailable
from incidents.events.incident import Workload
from incidents.events.run import RunStarted
from incidents.ports import Clock, Texts
from incidents.run import Run
from runbooks.engine.ports import Desk
from runbooks.language import parameters
from runbooks.language.declaration import Arguments
from runbooks.language.grammar import Verbs
from runbooks.language.model import Runbook, Step

NOWHERE = "this alert names no namespace: nothing to look at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A run, its runbook and the moment; `stand(step, because)` says what a step waits for.

    `now` is the moment of the decision; `clock` tells how late it has become since. In `texts`
    evidence is kept; without them none is.
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
    texts: Texts | None = None

    def tell(self, command: object) -> bool:
        """Let the command happen in the run; something happened, then."""
        self.desk.tell(self.run.id, command)
        return True

    def target(self) -> Target:
        """Return the run's target as it is now; raises Rejected, Unavailable."""
        if not self.started.namespace:
            raise Rejected(NOWHERE)
        return self.tools.targets.find(self._selector())

    def arguments(self, step: Step) -> Arguments:
        """Return the values of a step's fields; raises Rejected for what no check has found."""
        found = {name: state.found for name, state in self.run.steps.items()}
        return parameters.arguments(step, self.runbook, self.started.parameters, found)

    def ask(self, error: Exception) -> None:
        """Ask people which workload is meant, where that is what the error of `target` says.

        It is told before what the run makes of the error, so that a crash in between loses no
        question; told again it is no news. Raises Unavailable when it could not be committed.
        """
        match error:
            case Ambiguous():
                self._ask(_workload(one) for one in error.candidates)
            case NotFound() if self.started.chosen:
                self._ask(self._instead())
            case _:
                return

    def _ask(self, candidates: Iterable[Workload]) -> None:
        command = AskTarget(candidates=tuple(candidates))
        self.desk.tell(incident_stream(self.started.incident), command)

    def _instead(self) -> Iterable[Workload]:
        """Yield what there is now that the workload is gone which a person chose."""
        try:
            found = self.tools.targets.find(replace(self._selector(), chosen=""))
        except Ambiguous as several:
            yield from map(_workload, several.candidates)
        except (Rejected, Unavailable):
            return
        else:
            yield Workload(kind=found.kind, name=found.name, words=found.words)

    def _selector(self) -> Selector:
        return Selector(
            cluster=self.started.cluster or LOCAL,
            namespace=self.started.namespace,
            model=self.started.model,
            role=self.started.role,
            pool=self.started.pool,
            chosen=self.started.chosen,
        )

    def put_off(self, step: str, because: str) -> bool:
        """Do nothing now, and say why."""
        self.stand(step, because)
        return False


def _workload(candidate: Candidate) -> Workload:
    return Workload(kind=candidate.kind, name=candidate.name, words=candidate.words)
