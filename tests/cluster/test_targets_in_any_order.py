"""Whatever the API server's order and whatever its labels say, one cluster is one answer."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from cluster.clients import kinds
from cluster.clients.objects import (
    Autoscaler,
    Deployment,
    Owner,
    OwnerReference,
    Pod,
    Pool,
    Route,
    Workload,
)
from cluster.clients.refusals import Missing
from cluster.clients.things import Removal, Thing, Write
from cluster.targets import marks
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Ambiguous, NotFound, Selector, Target
from drills.kubernetes.selectors import by_labels

Each = TypeVar("Each")

HOSTILE = st.sampled_from(["", "∞", "x\n", "a,b", "../..", "x" * 300]) | st.text(max_size=6)
MODELS = st.sampled_from(["m", "org/m"])
ROLES = st.sampled_from(["decode", "decode", "prefill", "both"])


def mostly(usual: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return what is usual, and now and then what nobody would write."""
    return st.one_of(usual, usual, usual, HOSTILE)


OPTIONAL = {
    marks.SET_ROLE: mostly(ROLES),
    marks.GROUPS: mostly(st.sampled_from(["a", "b"])),
    marks.RANK: mostly(st.sampled_from(["0", "1"])),
    "app.kubernetes.io/part-of": mostly(st.just("llminferenceservice")),
}
LLM_D = {marks.ROLE: mostly(ROLES), marks.MODEL: mostly(st.sampled_from(["m", "org-m"]))}
APP = {"app": mostly(st.sampled_from(["a", "b"]))}
LABELS = st.fixed_dictionaries(LLM_D | APP, optional=OPTIONAL) | st.fixed_dictionaries(
    APP, optional=OPTIONAL | LLM_D
)
CHOSEN = st.fixed_dictionaries(APP)
KINDS = st.sampled_from(
    [
        ("Deployment", "apps/v1"),
        ("ReplicaSet", "apps/v1"),
        ("StatefulSet", "apps/v1"),
        ("Pod", "v1"),
        ("LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1"),
        ("LLMInferenceService", "serving.kserve.io/v1alpha2"),
        ("Fleet", "example.com/v1"),
        ("../..", "\n"),
    ]
)
NAMES = st.sampled_from(["a", "b", "p0", "p1", "../x", "A b", "x" * 300])


@dataclass(frozen=True, kw_only=True)
class Made:
    """A cluster of values."""

    pods: Sequence[Pod]
    pools: Sequence[Pool]
    routes: Sequence[Route]
    owners: Mapping[tuple[str, str, str], Owner]
    workloads: Sequence[Workload] = ()


class Shuffled:
    """The port over it, with every list in another order."""

    def __init__(self, made: Made, seed: int) -> None:
        self._made = made
        self._dice = random.Random(seed)

    def deployment(self, namespace: str, name: str) -> Deployment:
        raise NotImplementedError

    def owner(self, namespace: str, reference: OwnerReference) -> Owner:
        found = self._made.owners.get((reference.group, reference.kind, reference.name))
        if found is None:
            raise Missing
        return found

    def pods(self, namespace: str, selector: str) -> Sequence[Pod]:
        fits = by_labels(selector)
        return self._mixed([pod for pod in self._made.pods if fits(pod.labels)])

    def pools(self, namespace: str) -> Sequence[Pool]:
        return self._mixed(self._made.pools)

    def routes(self, namespace: str) -> Sequence[Route]:
        return self._mixed(self._made.routes)

    def workloads(self, namespace: str, kind: kinds.Kind) -> Sequence[Workload]:
        return self._mixed([x for x in self._made.workloads if x.itself.kind == kind.name])

    def autoscalers(self, namespace: str) -> Sequence[Autoscaler]:
        raise NotImplementedError

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        raise NotImplementedError

    def things(self, namespace: str, kind: kinds.Kind, *, selector: str = "") -> Sequence[Thing]:
        raise NotImplementedError

    def write(self, write: Write) -> Thing:
        raise NotImplementedError

    def evict(self, removal: Removal) -> None:
        raise NotImplementedError

    def delete(self, removal: Removal) -> None:
        raise NotImplementedError

    def _mixed(self, things: Sequence[Each]) -> list[Each]:
        return self._dice.sample(things, k=len(things))


@st.composite
def references(draw: st.DrawFn) -> OwnerReference:
    """Return a reference to what may or may not be there, and may own itself."""
    kind, version = draw(KINDS)
    return OwnerReference(
        kind=kind,
        name=draw(NAMES),
        uid=draw(st.sampled_from(["", "u"])),
        controller=draw(st.booleans()),
        api_version=version,
    )


@st.composite
def owned(draw: st.DrawFn) -> Owner:
    return Owner(
        itself=draw(references()),
        owners=tuple(draw(st.lists(references(), max_size=2))),
        group_size=draw(st.none() | st.integers(0, 9)),
        models=tuple(draw(st.lists(MODELS, max_size=1))),
    )


@st.composite
def pods(draw: st.DrawFn, number: int) -> Pod:
    return Pod(
        namespace="llm-d",
        name=f"p{number}",
        uid="u",
        labels=draw(LABELS),
        owners=tuple(draw(st.lists(references(), max_size=2))),
        served=tuple(draw(st.lists(mostly(MODELS), min_size=1, max_size=2))),
        leaving=draw(st.sampled_from([False, False, False, True])),
        group_size=draw(st.none() | st.integers(0, 9)),
    )


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    kind = draw(st.sampled_from(kinds.WORKLOADS))
    return Workload(
        itself=OwnerReference(
            kind=kind.name, name=draw(NAMES), uid="u", api_version=kind.api_version
        ),
        labels=draw(LABELS),
        served=tuple(draw(st.lists(mostly(MODELS), max_size=2))),
        template_of=draw(st.sampled_from(["", "a", "b"])) if kind is kinds.ROLLOUT else "",
    )


@st.composite
def clusters(draw: st.DrawFn) -> Made:
    owners = draw(st.lists(owned(), max_size=8))
    names = draw(
        st.lists(mostly(st.sampled_from(["a", "b"])).filter(bool), unique=True, max_size=3)
    )
    leads = st.lists(st.tuples(MODELS, st.sampled_from(["a", "b"])), max_size=2).map(tuple)
    return Made(
        pods=[draw(pods(number)) for number in range(draw(st.integers(0, 6)))],
        pools=[Pool(name=x, api_version="", selector=draw(CHOSEN), picker="e") for x in names],
        routes=[Route(name=f"r{n}", leads=draw(leads)) for n in range(draw(st.integers(0, 2)))],
        owners={(x.itself.group, x.itself.kind, x.itself.name): x for x in owners},
        workloads=draw(st.lists(workloads(), max_size=3, unique_by=lambda x: str(x.itself))),
    )


SELECTORS = st.builds(
    Selector,
    namespace=st.just("llm-d"),
    model=st.sampled_from(["m", "org/m", "m", "org/m", "", "∞"]),
    role=ROLES,
    pool=st.sampled_from(["", "", "a"]),
)


def answer(made: Made, selector: Selector, seed: int) -> Target | tuple[type, str]:
    """Return the target, or what is said instead."""
    try:
        return LabelTargets(Shuffled(made, seed)).find(selector)
    except (Ambiguous, NotFound) as refused:
        return type(refused), str(refused)


@given(clusters(), SELECTORS, st.integers(), st.integers())
def test_any_order_of_the_objects_is_the_same_answer(
    made: Made, selector: Selector, one: int, other: int
) -> None:
    """The API server promises no order, and a plan's digest holds its target.

    Hostile names, labels and references that go in circles end in an answer too: any other error
    than these two would fail here.
    """
    assert answer(made, selector, one) == answer(made, selector, other)


@given(clusters(), SELECTORS, st.integers())
def test_a_target_is_what_its_pods_lead_to(made: Made, selector: Selector, seed: int) -> None:
    """Whatever is found has pods that are there, a way that ends in it, and roles that fit.

    One without pods is found by what a workload would make, and only where no pod fits.
    """
    found = answer(made, selector, seed)
    if isinstance(found, tuple):
        return

    there = {pod.name for pod in made.pods if not pod.leaving}
    (top,) = found.path[-1]
    assert (top.kind, top.name, top.uid) == (found.kind, found.name, found.uid)
    assert set(found.pods) <= {member.name for member in found.members} <= there
    assert found.members or made.workloads
    assert all(marks.fits(member.role, selector.role) for member in found.members)
    assert found.one_endpoint is None or found.pool
