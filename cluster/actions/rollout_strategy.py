"""rollout_strategy: how many pods come before others go, as a rollout without a free GPU needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cluster.actions import left, setting, standing, strategy
from cluster.actions.action import Parameter, Words, writes_fields
from cluster.actions.field import Edit
from cluster.clients import kinds
from cluster.clients.things import Thing
from cluster.owners import workload
from cluster.owners.place import value
from cluster.owners.sight import Sight
from cluster.rights import patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "rollout_strategy"
SURGE, UNAVAILABLE = "max_surge", "max_unavailable"
NAMES: Final = {SURGE: "maxSurge", UNAVAILABLE: "maxUnavailable"}
WORDS: Final = Words(pattern=r"[0-9]{1,3}|[1-9]?[0-9]%|100%", example="1, 25%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a kind has its bounds, and what it takes absent ones for."""

    path: tuple[str, ...]
    surge: int | str
    unavailable: int | str


PLACES: Final[Mapping[str, Where]] = {
    kinds.DEPLOYMENT.name: Where(
        path=("spec", "strategy", "rollingUpdate"), surge="25%", unavailable="25%"
    ),
    kinds.ROLLOUT.name: Where(path=("spec", "strategy", "canary"), surge="25%", unavailable="25%"),
    kinds.GROUPS.name: Where(
        path=("spec", "rolloutStrategy", "rollingUpdateConfiguration"), surge=0, unavailable=1
    ),
}
"""Sources: the types of apps/v1, argo-rollouts v1alpha1, and lws api/leaderworkerset/v1."""


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of both bounds; what is not asked for stays as it is."""
    asked = {
        name: _bound(name, given)
        for name, given in setting.given(NAME, parameters, tuple(NAMES)).items()
    }
    work = workload.of(target, sight)
    thing, size = work.place.thing, work.place.size
    where = _where(target, thing)
    now = {
        SURGE: _now(thing, (*where.path, NAMES[SURGE]), where.surge),
        UNAVAILABLE: _now(thing, (*where.path, NAMES[UNAVAILABLE]), where.unavailable),
    }
    wanted = now | asked
    if wanted == now:
        said = ", ".join(f"{name} {each}" for name, each in now.items())
        raise setting.unchanged(NAME, target, "the strategy", said)
    if all(str(each).rstrip("%") in ("0", "00") for each in wanted.values()):
        message = f"{NAME} {target}: with {SURGE} 0 and {UNAVAILABLE} 0 no rollout could go on"
        raise Rejected(message)
    owned = setting.owned(
        NAME, target, thing, where.path, sight, was=_said(now), becomes=_said(wanted)
    )
    changed = [name for name in NAMES if wanted[name] != now[name]]
    fields = tuple(((*where.path, NAMES[name]), wanted[name]) for name in changed)
    return Edit(
        thing=thing,
        fields=fields,
        before=tuple((name, str(now[name])) for name in changed),
        after=tuple((name, str(wanted[name])) for name in changed),
        parameters=tuple((name, str(asked[name])) for name in NAMES if name in asked),
        owner_path=owned.path,
        inverse=(("action", NAME), *((name, str(now[name])) for name in changed)),
        kubectl=standing.patched(thing, fields),
        warnings=(*strategy.told(wanted[SURGE], wanted[UNAVAILABLE], size), *owned.notes),
    )


def _where(target: Target, thing: Thing) -> Where:
    where = PLACES.get(thing.itself.kind)
    if where is None:
        message = f"{NAME} {target}: a {thing.itself.kind} has no such bounds"
        raise Rejected(message)
    kind = thing.itself.kind
    if kind == kinds.DEPLOYMENT.name:
        if value(thing.body, ("spec", "strategy", "type")) == strategy.RECREATE:
            message = f"{NAME} {target}: its strategy is Recreate, which has no such bounds"
            raise Rejected(message)
    elif kind == kinds.ROLLOUT.name and value(thing.body, where.path) is None:
        message = f"{NAME} {target}: only a canary strategy has such bounds"
        raise Rejected(message)
    return where


def _bound(name: str, given: str) -> int | str:
    share = given.removesuffix("%")
    if not (share.isascii() and share.isdigit() and len(share) <= 3):  # noqa: PLR2004  # three digits
        message = f'{NAME}: {name} must be a number or "25%", not {given[:40]!r}'
        raise Rejected(message)
    return given if given.endswith("%") else int(given)


def _now(thing: Thing, path: tuple[str, ...], missing: int | str) -> int | str:
    found = value(thing.body, path)
    return found if isinstance(found, int | str) else missing


def _said(bounds: Mapping[str, int | str]) -> str:
    return f"{bounds[SURGE]} more, {bounds[UNAVAILABLE]} fewer"


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Change how many pods come before others go in a rollout",
    parameters={
        SURGE: Parameter(shape=WORDS, meaning="So many pods more than wanted, or such a share"),
        UNAVAILABLE: Parameter(
            shape=WORDS, meaning="So many pods fewer than wanted, or such a share"
        ),
    },
    one_of=(SURGE, UNAVAILABLE),
    settle=setting.settled,
    stands=True,
    rights=(*setting.RIGHTS, *patches(kinds.DEPLOYMENT, kinds.ROLLOUT, kinds.GROUPS)),
    leaves=left.Leaves(words="another strategy of rollouts", of=left.changed, within=left.DAY),
)
