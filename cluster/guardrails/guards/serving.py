"""serving: what is left must be able to carry what all of them carry now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.guardrails import effect
from cluster.guardrails.effect import Effect
from cluster.guardrails.guard import Answer, CannotTell, Guard, Refused, Warned
from cluster.guardrails.scene import OnePod, Scene, known, why
from cluster.owners.sight import Hidden

SHOWN: Final = 3
INSTEAD: Final = "add replicas first, or wait until there is less to do"
TOKENS: Final = ("generation_tokens", "prompt_tokens")
USE: Final = ("kv_usage", "waiting")
"""What says enough of pods that stay; of the last ones it matters, too, whether anything runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What `now` pods carry, of which `rest` stay: KV blocks in use, and requests that wait.

    `kv` is the sum of the shares of pods that tell, `running` and `waiting` are requests, `unknown`
    says what is not known.
    """

    now: int
    rest: int
    kv: float
    running: float
    waiting: float
    unknown: tuple[str, ...] = ()


def judge(scene: Scene) -> Iterator[Answer]:
    """Refuse what leaves too little: KV use x N / (N - k), and the queue of those that stay.

    A pod that runs requests and produces nothing carries nothing, so that it may go.
    """
    found, serving = effect.of(scene), scene.serving
    if isinstance(found, Hidden):
        yield CannotTell(f"whether what is left can carry the load: {found.because}")
        return
    if not found.away or isinstance(serving, Hidden):
        return
    carrying = [each for each in serving if not _stuck(scene, each)]
    gone = _gone(found, serving, carrying)
    if gone:
        yield from _judged(scene, _load(scene, carrying, len(carrying) - gone))


def _gone(found: Effect, serving: Sequence[OnePod], carrying: Sequence[OnePod]) -> int:
    """Return how many of those that carry something stop to, at the worst."""
    if found.named:
        return sum(each.name in found.named for each in carrying)
    # Which ones go is not ours to say: stuck ones may be those that stay.
    return min(found.away, len(carrying)) if len(carrying) < len(serving) else found.away


def _judged(scene: Scene, load: Load) -> Iterator[Answer]:
    limits, unknown = scene.limits, "; ".join(load.unknown)
    if load.rest <= 0:
        yield from _nothing_left(load)
        return
    after, queue = load.kv / load.rest, load.waiting / load.rest
    numbers = (
        f"KV use {load.kv / load.now:.2f} on {load.now} pods would be {after:.2f} on {load.rest}"
    )
    if after > limits.kv_usage:
        yield Refused(f"{numbers}, and at most {limits.kv_usage:.2f} is safe", INSTEAD)
    elif queue > limits.waiting:
        waits = f"{load.waiting:.0f} requests wait now, {queue:.1f} for each pod that stays"
        yield Refused(f"{waits}, and at most {limits.waiting:g} is safe", INSTEAD)
    elif unknown:
        yield CannotTell(f"whether {load.rest} pods can carry what {load.now} do: {unknown}")
    else:
        yield Warned(f"{numbers}; {load.waiting:.0f} requests wait")


def _nothing_left(load: Load) -> Iterator[Answer]:
    if load.kv > 0 or load.running > 0 or load.waiting > 0:
        yield Refused(
            f"none of {load.now} pods would be left to serve, and they are in use",
            "add replicas first, or take one pod at a time",
        )
    elif load.unknown:
        yield CannotTell(f"whether anybody uses the last pods: {'; '.join(load.unknown)}")
    else:
        yield Warned("none is left to serve meanwhile; nothing runs or waits now")


def _load(scene: Scene, carrying: Sequence[OnePod], rest: int) -> Load:
    names = USE if rest > 0 else (*USE, "running")
    told = {name: known(scene.by_pod(name), carrying) for name in (*USE, "running")}
    sums = {name: sum(values.values()) for name, (values, _) in told.items()}
    unknown = [
        why(scene.by_pod(name)) or f"{name}: nothing from {', '.join(told[name][1][:SHOWN])}"
        for name in names
        if told[name][1]
    ]
    return Load(
        now=len(carrying),
        rest=rest,
        kv=sums["kv_usage"],
        running=sums["running"],
        waiting=sums["waiting"],
        unknown=tuple(unknown),
    )


def _stuck(scene: Scene, one: OnePod) -> bool:
    """Tell whether a pod runs requests, and neither reads prompts nor writes answers."""
    running, _ = known(scene.by_pod("running"), (one,))
    if not running.get(one.name):
        return False
    produced = [known(scene.by_pod(name), (one,))[0] for name in TOKENS]
    return all(each.get(one.name) == 0 for each in produced)


GUARD: Final = Guard(
    name="serving",
    meaning="What is left can carry the KV blocks and the queue of all",
    judge=judge,
    rights=effect.RIGHTS,
)
