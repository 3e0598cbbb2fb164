"""ratio: whether prefill or decode is what lacks pods, with numbers. It refuses nothing.

Sources: llm-d's guide to prefill and decode apart, and its alert LLMDPrefillDecodeImbalance.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.guardrails import effect
from cluster.guardrails.guard import Answer, CannotTell, Guard, Warned
from cluster.guardrails.scene import DECODE, OTHER, PREFILL, OnePod, Scene, known, why
from cluster.owners.sight import Hidden
from cluster.signals.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Both roles: pods, requests that wait on each of prefill, and the mean KV use of decode.

    Above `full` decode soon preempts, above `backlog` users wait for prefill.
    """

    prefill: int
    decode: int
    queue: float
    usage: float
    full: float
    backlog: float

    @property
    def lacks(self) -> str:
        """Return the role that needs pods, empty where neither does, or both."""
        backlog, full = self.queue > self.backlog, self.usage > self.full
        if backlog == full:
            return ""
        return PREFILL if backlog else DECODE

    @property
    def spare(self) -> bool:
        """Tell whether one decode pod less would still be below its limit."""
        return self.decode > 1 and self.usage * self.decode / (self.decode - 1) <= self.full

    def __str__(self) -> str:
        return (
            f"{self.queue:.1f} requests wait on each of {self.prefill} prefill pods,"
            f" {self.decode} decode pods use {self.usage:.2f} of their KV cache"
        )


def judge(scene: Scene) -> Iterator[Answer]:
    """Say which role lacks pods where the size of one of them changes."""
    other = OTHER.get(scene.target.role, "")
    if other not in scene.target.roles:
        return
    found = effect.of(scene)
    if isinstance(found, Hidden):
        yield CannotTell(f"whether prefill or decode lacks pods: {found.because}")
        return
    if found.was == found.becomes:
        return
    balance = _balance(scene)
    if isinstance(balance, str):
        yield CannotTell(f"whether prefill or decode lacks pods: {balance}")
        return
    more = found.becomes > found.was
    yield Warned(
        f"prefill and decode: {balance}{_tokens(scene)}{_advice(scene, balance, more=more)}"
    )


def _advice(scene: Scene, balance: Balance, *, more: bool) -> str:
    role, lacks = scene.target.role, balance.lacks
    other = OTHER[role]
    if more and lacks == other:
        return f": {other} is what lacks pods, so that more {role} moves nothing; add {other}"
    if not more and lacks == role:
        return f": {role} is what lacks pods; take them from {other}"
    if lacks == role == PREFILL and balance.spare:
        return ": 1 decode pod could give its GPUs to prefill"
    return ""


def _balance(scene: Scene) -> Balance | str:
    """Return how both roles stand, or why that cannot be told."""
    mine, theirs = scene.serving, scene.peers
    if isinstance(mine, Hidden) or isinstance(theirs, Hidden):
        return mine.because if isinstance(mine, Hidden) else _because(theirs)
    sides = {scene.target.role: mine, OTHER[scene.target.role]: theirs}
    if not all(sides.values()):
        return "one of them has no ready pod"
    queue, usage = (_mean(scene, sides, *x) for x in ((PREFILL, "waiting"), (DECODE, "kv_usage")))
    if isinstance(queue, str) or isinstance(usage, str):
        return queue if isinstance(queue, str) else str(usage)
    return Balance(
        prefill=len(sides[PREFILL]),
        decode=len(sides[DECODE]),
        queue=queue,
        usage=usage,
        full=scene.limits.kv_usage,
        backlog=scene.limits.waiting,
    )


def _because(hidden: tuple[OnePod, ...] | Hidden) -> str:
    return hidden.because if isinstance(hidden, Hidden) else ""


def _mean(scene: Scene, sides: Mapping[str, Sequence[OnePod]], role: str, name: str) -> float | str:
    """Return the mean of a signal over a role's pods, or why there is none."""
    read = scene.by_pod(name, of_peers=role != scene.target.role)
    values, missing = known(read, sides[role])
    if missing:
        return why(read) or f"{name}: nothing from {', '.join(missing[:3])}"
    return sum(values.values()) / len(values)


def _tokens(scene: Scene) -> str:
    """Return how long prompts and answers are, where both are known."""
    prompt, answer = scene.total("prompt_length_p95"), scene.total("answer_length_p95")
    if not (isinstance(prompt, Reading) and isinstance(answer, Reading)):
        return ""
    return f"; prompts of {prompt.value:.0f} and answers of {answer.value:.0f} tokens (p95)"


GUARD: Final = Guard(
    name="ratio",
    meaning="Says whether prefill or decode is what lacks pods, with numbers",
    judge=judge,
    rights=effect.RIGHTS,
)
