"""drain: about how many streams are cut when pods go, and after how long. It refuses nothing.

Sources: Kubernetes, "Termination of Pods" (preStop counts within the grace period); vLLM's
`--shutdown-timeout`, without which it aborts what runs at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Final

from cluster.clients import command_line, parse
from cluster.clients.parse import Malformed
from cluster.clients.things import Json, Thing
from cluster.guardrails import effect
from cluster.guardrails.effect import Effect
from cluster.guardrails.guard import Answer, CannotTell, Guard, Warned
from cluster.guardrails.room import whole
from cluster.guardrails.scene import OnePod, Scene, known, why
from cluster.owners.place import value
from cluster.owners.sight import Hidden
from cluster.signals.reading import Reading

GRACE: Final = 30
"""Seconds, as the API says, where a pod says none."""
FLAG: Final = "--shutdown-timeout"
LASTING: Final = (("e2e_p95", 0.05), ("e2e_p50", 0.5))
"""Of the requests so many last longer than the signal says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a pod ends: seconds of preStop (None where nobody can tell), of the engine, of grace."""

    hook: int | None
    engine: int
    grace: int

    @property
    def after(self) -> int:
        """Return after how many seconds what still runs is cut."""
        return min(self.grace, (self.hook or 0) + self.engine)

    def __str__(self) -> str:
        hook = "preStop of unknown length" if self.hook is None else f"preStop {self.hook} s"
        engine = f"the engine waits {self.engine} s" if self.engine else "the engine aborts at once"
        return f"{hook}, {engine}, grace period {self.grace} s"


def judge(scene: Scene) -> Iterator[Answer]:
    """Say how many streams are cut, and after how long."""
    found, serving = effect.of(scene), scene.serving
    if isinstance(found, Hidden):
        yield CannotTell(f"how many streams are cut: {found.because}")
        return
    if not found.cut or isinstance(serving, Hidden):
        return
    going = [each for each in serving if not found.named or each.name in found.named]
    try:
        ending = _ending(going[0].thing)
    except Malformed as error:
        yield CannotTell(f"how many streams are cut: {error} of a pod is not as its API says")
        return
    yield _told(scene, found, going, ending)


def _told(scene: Scene, found: Effect, going: Sequence[OnePod], ending: Ending) -> Answer:
    running = scene.by_pod("running")
    streams, missing = known(running, going)
    if missing:
        because = why(running) or f"running: nothing from {', '.join(missing[:3])}"
        return CannotTell(f"how many streams are cut after {ending.after} s ({ending}): {because}")
    number = sum(streams.values())
    if not found.named and found.cut < len(going):
        number = number * found.cut / len(going)
    share, said = _outlasting(scene, ending.after)
    cut = ceil(number * share - 1e-9)
    return Warned(f"about {cut} streams are cut after {ending.after} s ({ending}{said})")


def _outlasting(scene: Scene, after: int) -> tuple[float, str]:
    """Return which share of requests lasts longer, and how that is known; all where it is not."""
    for name, share in LASTING:
        found = scene.total(name)
        if isinstance(found, Reading) and found.value <= after:
            percent = 100 - round(100 * share)
            return share, f"; {percent} % of requests take {found.value:.0f} s or less"
    return 1.0, ""


def _ending(pod: Thing) -> Ending:
    spec = parse.section(pod.body, "spec")
    containers = parse.items(spec, "containers")
    hooks = [_hook(each) for each in containers]
    told = [each for each in hooks if each is not None]
    return Ending(
        hook=None if len(told) < len(hooks) else max(told, default=0),
        engine=max(map(_patience, containers), default=0),
        grace=parse.number(spec, "terminationGracePeriodSeconds", missing=GRACE),
    )


def _hook(container: Json) -> int | None:
    """Return for how many seconds preStop sleeps, 0 without one, None where it does more."""
    hook = parse.section(parse.section(container, "lifecycle"), "preStop")
    if not hook:
        return 0
    seconds = value(hook, ("sleep", "seconds"))
    if isinstance(seconds, int):
        return seconds
    command = value(hook, ("exec", "command"))
    words = command_line.apart([str(x) for x in command]) if isinstance(command, list) else []
    found = [
        whole(after.rstrip("s;"))
        for before, after in pairwise(words)
        if before.rpartition("/")[2] == "sleep"
    ]
    return sum(found) if found else None


def _patience(container: Json) -> int:
    """Return for how many seconds the engine lets requests end that run."""
    words = [
        str(word)
        for part in ("command", "args")
        for word in (container.get(part) or ())  # type: ignore[attr-defined]  # a list, or refused below
    ]
    split = command_line.apart(words)
    for index, word in enumerate(split):
        name, equals, said = word.partition("=")
        if name == FLAG:
            return whole(said if equals else "".join(split[index + 1 : index + 2]))
    return 0


GUARD: Final = Guard(
    name="drain",
    meaning="Says how many streams are cut when pods go, and after how long",
    judge=judge,
    rights=effect.RIGHTS,
)
