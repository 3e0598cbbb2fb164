"""never_zero: a size of 0 under an autoscaler switches that autoscaler off."""

from collections.abc import Iterator
from typing import Final

from cluster.clients import kinds
from cluster.guardrails import effect
from cluster.guardrails.guard import Answer, CannotTell, Guard, Refused
from cluster.guardrails.scene import Scene
from cluster.owners import hpa
from cluster.owners.sight import Hidden
from cluster.rights import lists


def judge(scene: Scene) -> Iterator[Answer]:
    """Refuse a size of 0 where an HPA scales the workload.

    Source: Kubernetes, "Horizontal Pod Autoscaling", implicit maintenance-mode deactivation.
    """
    found = effect.of(scene)
    if isinstance(found, Hidden):
        yield CannotTell(f"whether it goes to zero: {found.because}")
        return
    if found.becomes > 0 or found.was == 0:
        return
    listed = scene.things(kinds.AUTOSCALER)
    if isinstance(listed, Hidden):
        yield CannotTell(f"whether an HPA would be switched off by a size of 0: {listed.because}")
        return
    for one in listed:
        if hpa.scales(one, found.top):
            yield Refused(
                f"a size of 0 switches HPA {one.itself.name} off",
                "lower its floor, or take the traffic away",
            )


GUARD: Final = Guard(
    name="never_zero",
    meaning="No size goes to 0 while an HPA scales it",
    judge=judge,
    rights=(*effect.RIGHTS, *lists(kinds.AUTOSCALER)),
)
