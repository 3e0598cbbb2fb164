"""What a module of this folder declares as `ACTION`, and the parameters that it takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from cluster.actions import field, left, settling
from cluster.actions.field import Edit
from cluster.actions.left import Leaves
from cluster.actions.manifests import Manifests
from cluster.actions.plan import Applied, Done, DryRunRefused, Plan, Settled, Verb
from cluster.clients.parse import Malformed
from cluster.clients.ports import Kubernetes
from cluster.jobs.supply import Jobs
from cluster.owners import registry, workload
from cluster.owners.sight import LiveSight, Sight
from cluster.rights import Right
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "ACTION"
"""The name under which a module declares its action."""
OF_SIZE: Final = (*workload.RIGHTS, *registry.rights(), *settling.RIGHTS)
"""What it takes to find a workload's size and its owners, and to look at its pods afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text that fits all of `pattern`, as `example` does."""

    pattern: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole number within its bounds."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """One of these words."""

    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What an action is planned with; `meaning` is its line in the documentation."""

    shape: Words | Whole | OneOf
    meaning: str
    required: bool = False
    default: str | int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action: the step of the same name in a runbook takes the same parameters.

    `rights` are all that it needs of an API server, from its plan to the look back; `leaves` is
    what it leaves behind that is not to stay, None where it leaves nothing. One that `stands` has
    done its work when it came about: no signal need improve by it. One that applies manifests is
    made from where they are: `declared`; one that runs scripts from their templates: `jobs`.
    """

    name: str
    meaning: str
    parameters: Mapping[str, Parameter]
    make: Callable[[Kubernetes], Verb]
    declared: Callable[[Kubernetes, Manifests], Verb] | None = None
    jobs: Callable[[Kubernetes, Jobs], Verb] | None = None
    one_of: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    leaves: Leaves | None = None
    stands: bool = False


Decide = Callable[[Target, Mapping[str, object], Sight], Edit]
"""Decides what is written, from what was read; raises Rejected with what a person should do."""
Settle = Callable[[Kubernetes, Plan], Settled]
"""Says how far an applied plan has come; raises as `Verb.settled` does."""


def writes_fields(  # noqa: PLR0913  # all that an action says of itself
    decide: Decide,
    *,
    name: str,
    meaning: str,
    parameters: Mapping[str, Parameter],
    one_of: tuple[str, ...] = (),
    settle: Settle = settling.settled,
    rights: tuple[Right, ...] = (),
    leaves: Leaves | None = None,
    stands: bool = False,
) -> Action:
    """Return the action that writes fields of one object, as `decide` says.

    Unless `settle` says otherwise, the change has come about when the target's pods are ready.
    `rights` are all that it needs, those of `OF_SIZE` and the owners' among them; what it `leaves`
    behind becomes a follow-up.
    """
    return Action(
        name=name,
        meaning=meaning,
        parameters=parameters,
        make=lambda kubernetes: FieldAction(
            kubernetes, name=name, decide=decide, settle=settle, leaves=leaves
        ),
        one_of=one_of,
        rights=tuple(sorted(set(rights))),
        leaves=leaves,
        stands=stands,
    )


class FieldAction:
    """An action that is one write of fields of one object."""

    def __init__(
        self,
        kubernetes: Kubernetes,
        *,
        name: str,
        decide: Decide,
        settle: Settle,
        leaves: Leaves | None = None,
    ) -> None:
        self.name = name
        self._leaves = leaves
        self._settle = settle
        self._kubernetes = kubernetes
        self._decide = decide

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        """Read live state, decide, and ask for a dry run of exactly this write."""
        try:
            edit = self._decide(target, parameters, LiveSight(self._kubernetes, target.namespace))
        except Malformed as error:
            message = f"{self.name} {target}: {error} of it, or of an owner, is not as its API says"
            raise Rejected(message) from error
        try:
            made = field.plan(self._kubernetes, self.name, target, edit)
        except DryRunRefused as error:
            said = replace(error.plan, leaves=left.of(self._leaves, error.plan))
            raise DryRunRefused(str(error), plan=said) from error
        return replace(made, leaves=left.of(self._leaves, made))

    def apply(self, plan: Plan, *, key: str) -> Applied:
        """Write once; also raises NotDone when the write certainly never arrived."""
        return field.apply(self._kubernetes, plan, key=key)

    def already_done(self, plan: Plan, *, key: str) -> Done:
        """Ask the world whether our own write took place."""
        return field.already_done(self._kubernetes, plan, key=key)

    def settled(self, plan: Plan) -> Settled:
        """Say how far the change has come."""
        return self._settle(self._kubernetes, plan)
