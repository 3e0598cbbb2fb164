"""blast: whom a change of prefill or decode pods takes along, and versions that do not fit.

Sources: vllm#49238 (decode dies after a prefill restart, and the other way round), vllm#29503 (the
handshake of NIXL refuses mixed versions).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cluster.actions import template
from cluster.actions.pointers import path
from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Json, Thing
from cluster.guardrails import effect
from cluster.guardrails.guard import Answer, CannotTell, Guard, People, Refused, Warned
from cluster.guardrails.scene import DECODE, OTHER, PREFILL, OnePod, Scene
from cluster.owners.place import value
from cluster.owners.sight import Hidden
from cluster.wording import short
from incidents.events.run import CopyRecord
from incidents.guardrails import VersionPair
from incidents.patterns import like

ENGINES: Final = ("modelserver", "vllm", "main", "sglang")
"""What llm-d's charts, KServe and the guides call the container of the engine."""
MEANS: Final[Mapping[str, str]] = {
    PREFILL: "what they fetch from these pods fails, and engines have died of it",
    DECODE: "what is computed for these pods stays in prefill's cache until it expires",
}


def judge(scene: Scene) -> Iterator[Answer]:
    """Ask for more people where peers are attached; refuse versions known not to fit."""
    other = OTHER.get(scene.target.role, "")
    if other not in scene.target.roles:
        return
    found, peers = effect.of(scene), scene.peers
    if isinstance(found, Hidden) or isinstance(peers, Hidden):
        because = found.because if isinstance(found, Hidden) else ""
        yield CannotTell(f"what depends on these pods: {because or _because(peers)}")
        return
    if found.rolls:
        yield from _versions(scene)
    if not found.takes or not peers:
        return
    yield People(
        scene.limits.people,
        f"{len(peers)} {other} pods exchange KV blocks with these: {MEANS[scene.target.role]}",
    )


def _because(peers: tuple[OnePod, ...] | Hidden) -> str:
    return peers.because if isinstance(peers, Hidden) else ""


def _versions(scene: Scene) -> Iterator[Answer]:
    """Compare what prefill and decode would run with what must not serve together.

    Pods that are not ready count, too: they will be, and nobody asks again then.
    """
    if not scene.others:
        return
    now = _tags(scene.pods)
    theirs, after = _tags(scene.others), _after(scene, now)
    if isinstance(after, Hidden):
        yield CannotTell(f"which version these pods will run: {after.because}")
        return
    if not after or not theirs:
        yield CannotTell("which versions prefill and decode will run: no image says it")
        return
    roles = {scene.target.role: after, OTHER[scene.target.role]: theirs}
    bad = [each for each in scene.rules.version_pairs if _known_bad(each, roles)]
    for each in bad:
        yield Refused(
            f"prefill {_listed(roles[PREFILL])} and decode {_listed(roles[DECODE])} must not serve"
            f" together: {each.because}",
            "take both roles to one version, in a pool of their own, and shift the traffic",
        )
    if after != theirs and not bad:
        yield Warned(
            f"prefill runs {_listed(roles[PREFILL])} and decode {_listed(roles[DECODE])} after it:"
            " KV blocks are refused between versions until the other role follows"
        )


def _known_bad(pair: VersionPair, roles: Mapping[str, frozenset[str]]) -> bool:
    return any(like(pair.prefill, each) for each in roles[PREFILL]) and any(
        like(pair.decode, each) for each in roles[DECODE]
    )


def _listed(tags: frozenset[str]) -> str:
    return ", ".join(short(each, 40) for each in sorted(tags))


def _after(scene: Scene, now: frozenset[str]) -> frozenset[str] | Hidden:
    """Return the versions that the pods run after the change."""
    copied = scene.plan.write.copied
    if copied:
        return _copied(scene, copied)
    if not scene.plan.write.fields:
        return _told(dict(scene.plan.after).get(template.IMAGES, ""))
    said = {new for field, new in scene.plan.write.fields if path(field)[-1] == "image"}
    return frozenset(_tag(each.strip('"')) for each in said) - {""} or now


def _told(images: str) -> frozenset[str] | Hidden:
    """Return the versions that a plan without fields tells of: `main=vllm:1, proxy=envoy:2`."""
    pairs = [each.partition("=") for each in images.split(", ")]
    engines = [image for name, _, image in pairs if name in ENGINES]
    chosen = engines or ([pairs[0][2]] if len(pairs) == 1 else [])
    found = frozenset(map(_tag, chosen)) - {""}
    return found or Hidden(because="what is applied names no image of an engine")


def _copied(scene: Scene, copied: Sequence[CopyRecord]) -> frozenset[str] | Hidden:
    """Return the versions of templates that are copied; the action has read the same objects."""
    found = set[str]()
    for each in copied:
        if _of_the_other_role(scene, path(each.field)):
            continue
        source = scene.thing(
            OwnerReference(kind=each.kind, name=each.name, api_version=each.api_version)
        )
        if not isinstance(source, Thing):
            return source or Hidden(because=f"{each.kind} {each.name} is gone")
        found |= {_of(spec) for spec in _specs(value(source.body, path(each.source)))}
    return frozenset(found - {""}) or Hidden(because="what is copied names no image")


def _of_the_other_role(scene: Scene, where: tuple[str, ...]) -> bool:
    """Tell whether a part of a service of KServe makes pods of the other role than the target's."""
    if scene.plan.write.kind != kinds.INFERENCE_SERVICE.name:
        return False
    return (where[:2] == ("spec", PREFILL)) is not (scene.target.role == PREFILL)


def _specs(template: object) -> Iterator[Json]:
    """Yield what pods are made from: in a template, in one of a group, or itself as of KServe."""
    if isinstance(template, Mapping) and "containers" in template:
        yield template
    for where in ((), ("workerTemplate",), ("leaderTemplate",)):
        found = value(template, (*where, "spec"))
        if isinstance(found, Mapping):
            yield found


def _tags(pods: Sequence[OnePod] | Hidden) -> frozenset[str]:
    if isinstance(pods, Hidden):
        return frozenset()
    specs = (parse.section(each.thing.body, "spec") for each in pods)
    return frozenset(filter(None, map(_of, specs)))


def _of(spec: Json) -> str:
    """Return the tag of the engine's image; of the only container where none has a known name."""
    containers = parse.items(spec, "containers")
    named = [each for each in containers if parse.text(each, "name") in ENGINES]
    chosen = named or (containers if len(containers) == 1 else ())
    return _tag(parse.text(chosen[0], "image")) if chosen else ""


def _tag(image: str) -> str:
    """Return the tag of an image, else its digest, else nothing."""
    name, _, digest = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    return tag if colon else digest


GUARD: Final = Guard(
    name="blast",
    meaning="Two people agree to what takes peers along; versions that do not fit are refused",
    judge=judge,
    rights=effect.RIGHTS,
)
