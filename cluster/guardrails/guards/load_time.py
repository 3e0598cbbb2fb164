"""load_time: how long new pods take to serve, from this workload's own. It refuses nothing."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import ceil
from typing import Final

from cluster.clients import parse
from cluster.clients.parse import Malformed
from cluster.guardrails import effect
from cluster.guardrails.guard import Answer, CannotTell, Guard, Warned
from cluster.guardrails.scene import OnePod, Scene
from cluster.owners.sight import Hidden
from cluster.signals.reading import NoData, NotApplicable

LONGEST: Final = timedelta(hours=2)
"""A pod that was ready later than this was ready before, and lost it for a while."""
SHARE: Final = 0.9


def judge(scene: Scene) -> Iterator[Answer]:
    """Say how long it takes until new pods serve."""
    found = effect.of(scene)
    if isinstance(found, Hidden):
        yield CannotTell(f"whether new pods have to load the model: {found.because}")
        return
    if not (found.comes or found.rolls):
        return
    loads = learned(scene)
    if loads is None:
        yield CannotTell(
            "how long a new pod takes to serve: none of its pods tells, nor does"
            " environments.yaml (load_time)"
        )
        return
    time, source = loads
    yield Warned(f"a new pod takes about {words(time)} to serve ({source})")


def learned(scene: Scene) -> tuple[timedelta, str] | None:
    """Return how long nine of ten pods of this workload took at most, and how that is known.

    What its pods tell goes before what is intended; None where nobody says it.
    """
    times = _times(scene)
    if times:
        index = ceil(SHARE * len(times)) - 1
        many = f"p90 of {len(times)} of its pods" if len(times) > 1 else "its only pod that tells"
        return times[index], many
    intended = scene.place.workload.model.load_time if scene.place else None
    return (intended, "as intended") if intended is not None else None


def words(time: timedelta) -> str:
    """Return a length of time as people say it."""
    seconds = round(time.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"  # noqa: PLR2004  # two minutes


def _times(scene: Scene) -> Sequence[timedelta]:
    """Return what pods took from their start until they were ready, the shortest first."""
    pods = scene.pods
    found = [] if isinstance(pods, Hidden) else [_took(each) for each in pods if each.ready]
    told = [each for each in found if each is not None]
    if not told:
        told = list(_measured(scene))
    return sorted(each for each in told if timedelta() <= each <= LONGEST)


def _took(one: OnePod) -> timedelta | None:
    try:
        started = parse.moment(parse.text(parse.section(one.thing.body, "status"), "startTime"))
    except (Malformed, ValueError):
        return None
    since = one.pod.ready_since
    return since - started if since is not None and started is not None else None


def _measured(scene: Scene) -> Iterator[timedelta]:
    found = scene.by_pod("model_load_time")
    if not isinstance(found, (NoData, NotApplicable)):
        yield from (timedelta(seconds=each.value) for each in found.values())


GUARD: Final = Guard(
    name="load_time",
    meaning="Says how long new pods take to serve",
    judge=judge,
    rights=effect.RIGHTS,
)
