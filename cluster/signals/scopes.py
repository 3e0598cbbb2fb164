"""Whose series are meant: the matchers of a target, for each scope."""

from cluster.signals import promql
from cluster.signals.promql import Match, Matcher
from cluster.signals.series import Scope
from cluster.targets.target import Target


def scopes_of(target: Target) -> dict[Scope, tuple[Matcher, ...]]:
    """Return the matchers; a target without pods has no PODS scope, never one without a pod.

    The names of a Deployment's pods are its own name and two generated parts, so they can be told
    by their form: a role label stands on series only where somebody configured `podTargetLabels`.
    """
    inside = Matcher(label="namespace", value=target.namespace)
    form = f"{promql.literal(target.name)}-[a-z0-9]+-[a-z0-9]+"
    found: dict[Scope, tuple[Matcher, ...]] = {
        Scope.WORKLOAD: (inside, Matcher(label="pod", how=Match.LIKE, value=form)),
        Scope.ROUTER: (inside, Matcher(label="model_name", value=target.model)),
    }
    if target.pods:
        found[Scope.PODS] = (inside, promql.one_of("pod", target.pods))
    return found
