"""other_hands: what another controller is at work on is left to it."""

from collections.abc import Iterator, Sequence
from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.guardrails import effect
from cluster.guardrails.guard import Answer, CannotTell, Guard, Refused, Warned
from cluster.guardrails.scene import OnePod, Scene
from cluster.owners.sight import Hidden
from cluster.rights import gets
from cluster.wording import short
from incidents.guardrails import Mark, Sign, Where
from incidents.patterns import like


def judge(scene: Scene) -> Iterator[Answer]:
    """Refuse to touch a pod or node that carries such a mark; of the others only tell.

    What is touched is what the plan names: pods that go, their nodes, or the node that is written.
    Of a change of the whole target all nodes of its pods are looked at, and told of.
    """
    found = effect.of(scene)
    if isinstance(found, Hidden):
        yield CannotTell(f"whether another controller is at work on it: {found.because}")
        return
    write, pods = scene.plan.write, scene.pods
    if isinstance(pods, Hidden):
        return  # then the effect is hidden, too
    if write.kind == kinds.NODE.name:
        yield from _nodes(scene, [write.name], touched=True)
        return
    named = [each for each in pods if each.name in found.named]
    if named:
        yield from _pods(scene, named)
        yield from _nodes(scene, _hosts(named), touched=True)
        return
    if found.takes or found.rolls or found.becomes != found.was:
        yield from _workload(scene)
    if found.takes:
        yield from _nodes(scene, _hosts(pods), touched=False)


def _hosts(pods: Sequence[OnePod]) -> Sequence[str]:
    return sorted({each.pod.node for each in pods} - {""})


def _pods(scene: Scene, pods: Sequence[OnePod]) -> Iterator[Answer]:
    for each in pods:
        yield from _answers(scene, each.thing, Where.POD, touched=True)


def _workload(scene: Scene) -> Iterator[Answer]:
    work = scene.work
    if not isinstance(work, Hidden):
        yield from _answers(scene, work.place.thing, Where.WORKLOAD, touched=True)


def _nodes(scene: Scene, names: Sequence[str], *, touched: bool) -> Iterator[Answer]:
    unseen = []
    for name in names:
        kind = kinds.NODE
        node = OwnerReference(kind=kind.name, name=name, api_version=kind.api_version)
        found = scene.thing(node)
        if isinstance(found, Hidden):
            unseen.append(found.because)
        elif found is not None:
            yield from _answers(scene, found, Where.NODE, touched=touched)
    if unseen:
        what = f"whether another controller is at work on {len(unseen)} nodes"
        yield CannotTell(f"{what}: {unseen[0]}")


def _answers(scene: Scene, thing: Thing, on: Where, *, touched: bool) -> Iterator[Answer]:
    for mark in scene.rules.marks:
        if mark.on is not on:
            continue
        for key, said in _signs(thing, mark.sign):
            if not _means(mark, key, said):
                continue
            words = f"{thing} carries the {mark.sign.value} {key}{_value(said)}"
            if mark.refuses and touched:
                yield Refused(
                    f"{words}: {mark.who} is at work on it",
                    f"leave it to {mark.who}, or have that stopped first",
                )
            else:
                yield Warned(f"{words}, of {mark.who}")


def _means(mark: Mark, key: str, said: str) -> bool:
    return (
        like(mark.key, key)
        and like(mark.value, said)
        and not (mark.unless and like(mark.unless, said))
    )


def _value(said: str) -> str:
    return f"={short(said, 60)}" if said else ""


def _signs(thing: Thing, sign: Sign) -> Iterator[tuple[str, str]]:
    """Yield what an object carries of a kind of sign, with its value."""
    match sign:
        case Sign.LABEL:
            yield from sorted(thing.labels.items())
        case Sign.ANNOTATION:
            yield from sorted(thing.annotations.items())
        case Sign.TAINT:
            for each in parse.items(parse.section(thing.body, "spec"), "taints"):
                yield parse.text(each, "key"), parse.text(each, "value")
        case Sign.CONDITION:
            for each in parse.items(parse.section(thing.body, "status"), "conditions"):
                yield parse.text(each, "type"), parse.text(each, "status")


GUARD: Final = Guard(
    name="other_hands",
    meaning="What another controller is at work on is left to it",
    judge=judge,
    rights=(*effect.RIGHTS, *gets(kinds.NODE)),
)
