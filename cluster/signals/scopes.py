"""Whose series are meant: the matchers of a target, for each scope."""

from collections.abc import Iterator, Mapping
from typing import Final

from cluster.signals import promql
from cluster.signals.promql import Match, Matcher
from cluster.signals.series import Place, Scope
from cluster.targets.target import Target

# What stands behind a controller's name in the names of its pods.
GENERATED: Final = "-[a-z0-9]+-[a-z0-9]+"
NUMBERED: Final = "-[0-9]+(-[0-9]+)?"
FORMS: Final[Mapping[str, str]] = {
    "Deployment": GENERATED,
    "Rollout": GENERATED,
    "StatefulSet": NUMBERED,
    "LeaderWorkerSet": NUMBERED,
}
DEPLOYED: Final = frozenset({"Deployment"})
SETS: Final = frozenset({"StatefulSet", "LeaderWorkerSet"})
GENERIC: Final[Mapping[Scope, tuple[Matcher, ...]]] = dict.fromkeys(Scope, ())
"""Everybody's series: for rules that answer for all targets at once, by labels."""


def scopes_of(target: Target) -> dict[Scope, tuple[Matcher, ...]]:
    """Return the matchers; what the target does not have has no scope, never a wider one.

    Without pods, PODS would otherwise match every series that has no pod.
    """
    inside = Matcher(label=Place.OWN.value, value=target.namespace)
    outside = Matcher(label=Place.EXPORTED.value, value=target.namespace)
    found: dict[Scope, tuple[Matcher, ...]] = {
        Scope.NAMESPACE: (inside,),
        Scope.EXPORTED_NAMESPACE: (outside,),
        Scope.CLUSTER: (),
        Scope.POOL: (inside, *_equal("name", target.pool)),
        Scope.QUEUE: (inside, *_equal("inference_pool", target.pool)),
    }
    if target.model:
        served = Matcher(label="model_name", value=target.model)
        found |= dict.fromkeys((Scope.ROUTER, Scope.MODEL), (inside, served))
    if target.pods:
        found[Scope.PODS] = (inside, promql.one_of("pod", target.pods))
        found[Scope.EXPORTED] = (outside, promql.one_of("exported_pod", target.pods))
    return found | {scope: (inside, matcher) for scope, matcher in _objects(target)}


def _objects(target: Target) -> Iterator[tuple[Scope, Matcher]]:
    """Yield how the target's objects are known by their names, pods of other days included.

    A role label stands on series only where somebody configured `podTargetLabels`.
    """
    above = {(one.kind, one.name) for level in target.path for one in level}
    named = sorted(each for each in above | {(target.kind, target.name)} if each[1])
    if not named:
        return
    yield Scope.SCALER, promql.one_of("scaletargetref_name", [name for _, name in named])
    if deployments := [name for kind, name in named if kind in DEPLOYED]:
        yield Scope.DEPLOYMENT, promql.one_of("deployment", deployments)
    if sets := [name for kind, name in named if kind in SETS]:
        forms = "|".join(f"{promql.literal(name)}(-[0-9]+)*" for name in sets)
        yield Scope.STATEFUL_SET, Matcher(label="statefulset", how=Match.LIKE, value=forms)
    if pods := "|".join(_form(kind, name, target.role) for kind, name in named if _known(kind)):
        yield Scope.WORKLOAD, Matcher(label="pod", how=Match.LIKE, value=pods)


def _known(kind: str) -> bool:
    return kind in FORMS or kind == "DisaggregatedSet"


def _form(kind: str, name: str, role: str) -> str:
    """Return the names of a controller's pods; a DisaggregatedSet's say slice, revision and role.

    Source: the sets' names `<set>-<slice>-<revision>-<role>` in the LeaderWorkerSet project.
    """
    if kind in FORMS:
        return promql.literal(name) + FORMS[kind]
    return f"{promql.literal(name)}-[0-9]+-[a-z0-9]+-{promql.literal(role)}{NUMBERED}"


def _equal(label: str, value: str) -> tuple[Matcher, ...]:
    return (Matcher(label=label, value=value),) if value else ()
