"""largest_step: a size changes by so much at once, and by no more."""

from collections.abc import Iterator
from typing import Final

from cluster.guardrails import effect
from cluster.guardrails.effect import Effect
from cluster.guardrails.guard import Answer, CannotTell, Guard, Refused
from cluster.guardrails.scene import Scene
from cluster.owners.sight import Hidden


def judge(scene: Scene) -> Iterator[Answer]:
    """Refuse a change of a size that is larger than both bounds allow.

    Back to what is intended is always near enough. The factor is the same both ways, so that an
    undo is no larger step than what it takes back.
    """
    found = effect.of(scene)
    if isinstance(found, Hidden):
        yield CannotTell(f"how large the step is: {found.because}")
        return
    if found.was == found.becomes or found.becomes == _normal(scene):
        return
    change, limits = abs(found.becomes - found.was), scene.limits
    if change <= limits.small_step:
        return
    if change > limits.largest_step:
        yield _refused(scene, found, f"by more than {limits.largest_step} replicas")
        return
    low, high = sorted((found.was, found.becomes))
    if high > limits.largest_factor * low:
        yield _refused(scene, found, f"by more than a factor of {limits.largest_factor:g}")


def nearest(scene: Scene, found: Effect) -> int:
    """Return the size farthest on the way that one step may reach."""
    limits, up = scene.limits, found.becomes > found.was
    far = (
        int(found.was * limits.largest_factor) if up else -int(-found.was // limits.largest_factor)
    )
    by_factor = max(abs(far - found.was), limits.small_step)
    most = min(max(limits.largest_step, limits.small_step), by_factor)
    return found.was + most if up else found.was - most


def _normal(scene: Scene) -> int | None:
    size = scene.place.workload.replicas if scene.place else None
    return size.normal if size else None


def _refused(scene: Scene, found: Effect, how: str) -> Refused:
    return Refused(
        f"{found.was} → {found.becomes} replicas changes the size {how} at once",
        f"go to {nearest(scene, found)} first, and on when that has settled",
    )


GUARD: Final = Guard(
    name="largest_step",
    meaning="A size changes by no more than so many replicas, and so large a factor, at once",
    judge=judge,
    rights=effect.RIGHTS,
)
