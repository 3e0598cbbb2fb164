"""Every read and every action says exactly which rights it needs: none less, none more."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.app import cluster_facts
from cluster.actions.registry import actions
from cluster.canary.port import Answer, Sent
from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.reads import ReadOnly
from cluster.clients.things import Thing
from cluster.drift.intended import Canary
from cluster.owners import registry as owners
from cluster.owners.ownership import OwnerKind
from cluster.owners.place import Place, Unit
from cluster.owners.sight import LiveSight
from cluster.rights import Right, gets, lists
from cluster.targets import labels
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Target
from drills.kubernetes import resources, shapes
from drills.kubernetes.state import Cluster
from incidents.errors import TriagedError
from runbooks.language.declaration import CheckVerb, Question
from runbooks.language.registry import verbs as steps
from tests.cluster.conftest import NAMESPACE, StandInKubernetes
from tests.cluster.graphs import made, refer, target
from tests.cluster.installs import MEANT, WRITER
from tests.cluster.recording import Recording
from tests.cluster.test_scale_kinds import FOUR, ROLES, put

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
X = "x"
CHECKS = {name: one for name, one in steps().items() if isinstance(one, CheckVerb)}
OBJECTS = {name: one for name, one in CHECKS.items() if one.rights}


@pytest.fixture
def recording(kubernetes: StandInKubernetes) -> Recording:
    return Recording(kubernetes, home=NAMESPACE)


def differs(used: Collection[Right], said: Collection[Right]) -> Mapping[str, list[str]]:
    """Return which rights were used and not said, and which were said and not used."""
    return {
        "missing": sorted(map(str, set(used) - set(said))),
        "too much": sorted(map(str, set(said) - set(used))),
    }


EXACTLY: Mapping[str, list[str]] = {"missing": [], "too much": []}


def test_a_difference_is_told_both_ways() -> None:
    """A comparison that finds nothing would pass for ever."""
    told = differs(lists(kinds.POD), gets(kinds.POD))

    assert told == {"missing": ["list pods"], "too much": ["get pods"]}


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_a_check_reads_exactly_what_it_says(recording: Recording, name: str) -> None:
    """The reader's Role is made of what checks say."""
    check = CHECKS[name]
    for kind in kinds.ABOVE:
        _judge(check, target(kind), recording)

    assert differs(recording.used, check.rights) == EXACTLY


@pytest.mark.parametrize("name", sorted(CHECKS.keys() - OBJECTS.keys()))
def test_a_check_that_says_nothing_reads_no_object(recording: Recording, name: str) -> None:
    """Signals come from Prometheus, which has rights of its own."""
    fields = CHECKS[name].fields.fields
    signal = {"signal": "kv_usage"} if "signal" in fields else {}
    _judge(CHECKS[name], target(kinds.DEPLOYMENT), recording, **signal)

    assert recording.used == set()


def _judge(check: CheckVerb, at: Target, recording: Recording, **given: object) -> None:
    defaults = {name: field.default for name, field in check.fields.fields.items()}
    question = Question(
        arguments={**defaults, **given},  # type: ignore[arg-type]  # as the field has it
        target=at,
        signals=NoSignals(),
        at=NOW,
        objects=ReadOnly(recording),  # type: ignore[arg-type]  # answers any call of the port
        canaries=Declared(),
    )
    with suppress(TriagedError, Unread):
        check.judge(question)


class Declared:
    """A prompt that is declared for everything, and that nobody answers."""

    def of(self, _: Target) -> Sent:
        return Sent(model="m", canary=Canary(prompt="p", begins_with="a"))

    def ask(self, address: str, _: Sent) -> Answer:
        raise Unread(address)


class Unread(Exception):
    """A signal was asked for."""


class NoSignals:
    """Signals that are not there."""

    def __getattr__(self, name: str) -> object:
        raise Unread(name)


@pytest.fixture
def everything(world: Cluster) -> None:
    """Install the shapes that are found in every way there is."""
    shapes.kserve(world, "ks", model="org/ks")
    shapes.rollout(world, "ro", model="org/ro")
    shapes.groups(world, "lws", model="org/lws", number=1, size=3)
    shapes.disaggregated(world, "ds", model="org/ds")
    shapes.plain(world, "mine", model="org/mine")


MODELS = ("llama-3-70b", "org/ks", "org/ro", "org/lws", "org/ds", "org/mine", "nobody")


@pytest.mark.usefixtures("everything")
def test_finding_a_target_reads_no_more_than_it_says(recording: Recording) -> None:
    """It needs fewer where less is installed; `get statefulsets` is for what is above a group."""
    finds = LabelTargets(recording)  # type: ignore[arg-type]  # answers any call of the port
    for model in MODELS:
        for role in ("decode", ""):
            _tried(
                lambda model=model, role=role: finds.find(replace(MEANT, model=model, role=role))
            )

    said = set(labels.RIGHTS)
    assert recording.used - said == set()
    # What is above depends on the install: any of these may be.
    assert said - recording.used <= set(gets(*kinds.ABOVE))


@pytest.mark.usefixtures("everything")
def test_facts_of_a_target_read_exactly_what_they_say(
    kubernetes: StandInKubernetes, recording: Recording
) -> None:
    """Finding is apart: facts need no more than the target's own object and the routes."""
    finds = LabelTargets(kubernetes)
    for model in MODELS:
        meant = replace(MEANT, model=model, role="decode")
        cluster_facts.look(meant, targets=finds, kubernetes=recording)  # type: ignore[arg-type]

    left = set(cluster_facts.RIGHTS) - recording.used
    assert recording.used <= set(cluster_facts.RIGHTS)
    assert left <= set(gets(*kinds.WORKLOADS))


def _tried(ask: Callable[[], object]) -> None:
    with suppress(TriagedError):
        ask()


def controlled(kind: Kind, above: Kind, **parts: object) -> Place:
    return place(kind, above=refer(above), **parts)


def place(kind: Kind, unit: Unit = Unit.PODS, **parts: object) -> Place:
    """Return the size of an object."""
    thing: Thing = parse.thing(made(kind, **parts))
    scaled = {} if unit is Unit.FLOOR else {"subresource": "scale"}
    return Place(thing=thing, path=("spec", "replicas"), unit=unit, **scaled)


FLUX = {
    f"{group}/{part}": value
    for group in ("kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io")
    for part, value in (("name", "apps"), ("namespace", "flux-system"))
}
HELM_HERE = {"helm.toolkit.fluxcd.io/name": "apps"}
KUSTOMIZED_HERE = {"kustomize.toolkit.fluxcd.io/name": "apps"}
HELM = {name: word for name, word in FLUX.items() if name.startswith("helm")}
OF_ARGO = {"argocd.argoproj.io/instance": "apps"}
EXTERNAL = [{"name": "decode", "scaling": {"mode": "External"}}]
PLACES = (
    *(place(kinds.DEPLOYMENT, labels=each) for each in (FLUX, HELM, HELM_HERE, KUSTOMIZED_HERE)),
    place(kinds.DEPLOYMENT, labels=OF_ARGO),
    place(kinds.ROUTE, unit=Unit.SETTING),
    place(kinds.AUTOSCALER, unit=Unit.FLOOR, labels={"scaledobject.keda.sh/name": "x"}),
    controlled(kinds.AUTOSCALER, kinds.SCALED_OBJECT, unit=Unit.FLOOR),
    controlled(kinds.DEPLOYMENT, kinds.INFERENCE_SERVICE),
    controlled(
        kinds.GROUPS, kinds.DISAGGREGATED, labels={"disaggregatedset.x-k8s.io/role": "decode"}
    ),
)


@pytest.mark.parametrize("kind", owners.kinds(), ids=lambda kind: kind.name)
def test_an_owner_looks_at_exactly_what_it_says(
    recording: Recording, world: Cluster, kind: OwnerKind
) -> None:
    """What may not be read is feared: one right too few, and every plan is refused."""
    put(world, kinds.DISAGGREGATED, "decode", {"roles": EXTERNAL})
    put(world, kinds.SCALED_OBJECT, "decode", {**KEDA, "scaleTargetRef": {"name": "decode"}})
    for each in PLACES:
        kind.find(each, LiveSight(recording, NAMESPACE))  # type: ignore[arg-type]

    assert differs(recording.used, kind.rights) == EXACTLY


def of(world: Cluster, kind: Kind, name: str = X, **parts: object) -> Target:
    """Return an object of the cluster as the target."""
    known = {(each.group, each.kind): each for each in (*resources.ALL, *world.installed)}
    found = world.get(known[kind.group, kind.name], NAMESPACE, name)
    return replace(target(kind, name, **parts), uid=found["metadata"]["uid"])  # type: ignore[arg-type]


SIX = {"replicas": 6, "at_most": 8}
BOUNDS = {"scaleTargetRef": refer(kinds.DEPLOYMENT, X), "minReplicas": 2, "maxReplicas": 8}
KEDA = {"scaleTargetRef": {"name": X}, "minReplicaCount": 2, "maxReplicaCount": 8}
GIT = {"argocd.argoproj.io/instance": "apps", **FLUX}
SCALING = {"scaling": {"minReplicas": 2, "maxReplicas": 8}}


def _owned(world: Cluster) -> Target:
    """Install a service of KServe that scales its Deployment through an HPA."""
    put(world, kinds.INFERENCE_SERVICE, X, SCALING)
    above = refer(kinds.INFERENCE_SERVICE, X)
    put(world, kinds.DEPLOYMENT, "x-kserve", FOUR, above=above)
    scales = {**BOUNDS, "scaleTargetRef": refer(kinds.DEPLOYMENT, "x-kserve")}
    put(world, kinds.AUTOSCALER, "x-kserve", scales, above=above)
    return of(world, kinds.INFERENCE_SERVICE)


def _scenes(world: Cluster) -> Mapping[str, Callable[[], Target]]:
    """Return every way in which a size is owned, by its name."""

    def alone(kind: Kind, spec: object, **parts: object) -> Callable[[], Target]:
        def make() -> Target:
            put(world, kind, X, spec, **parts)  # type: ignore[arg-type]  # a mapping
            return of(world, kind)

        return make

    def scaled(kind: Kind, spec: object) -> Callable[[], Target]:
        def make() -> Target:
            put(world, kinds.DEPLOYMENT, X, FOUR)
            put(world, kind, X, spec)  # type: ignore[arg-type]  # a mapping
            return of(world, kinds.DEPLOYMENT)

        return make

    def external() -> Target:
        put(world, kinds.DISAGGREGATED, X, {"roles": EXTERNAL})
        above = refer(kinds.DISAGGREGATED, X)
        put(world, kinds.ROLE_SCALER, "x-decode", FOUR, above=above)
        return of(world, kinds.DISAGGREGATED)

    return {
        **{kind.name: alone(kind, FOUR) for kind in kinds.WORKLOADS},
        **{
            f"in Git {number}": alone(kinds.DEPLOYMENT, FOUR, labels=each)
            for number, each in enumerate((GIT, HELM, HELM_HERE, KUSTOMIZED_HERE))
        },
        "KServe without pods": alone(kinds.INFERENCE_SERVICE, SCALING),
        "static role": alone(kinds.DISAGGREGATED, {"roles": ROLES}),
        "external role": external,
        "HPA": scaled(kinds.AUTOSCALER, BOUNDS),
        "KEDA": scaled(kinds.SCALED_OBJECT, KEDA),
        "KServe": lambda: _owned(world),
    }


ASKED: Mapping[str, Sequence[Mapping[str, object]]] = {
    "scale": [SIX],
    "autoscaler": [{"floor": 3}, {"pause": "yes"}],
}
"""What each action is asked in every scene; an action that is not here is tried below."""


@pytest.mark.parametrize("name", sorted(ASKED))
def test_an_action_uses_exactly_what_it_says(name: str) -> None:
    """From the plan to the look back: the writer's Role is made of what actions say."""
    used: set[Right] = set()
    for scene in _scenes(_empty()):
        for asked in ASKED[name]:
            world = _empty()
            meant = _scenes(world)[scene]()
            recording = Recording(StandInKubernetes(world), home=NAMESPACE)
            with suppress(TriagedError):
                _acted(name, meant, asked, recording)
            used |= recording.used

    assert differs(used, actions()[name].rights) == EXACTLY


def _empty() -> Cluster:
    made = Cluster(now=lambda: NOW)
    made.create(resources.NAMESPACES, {"metadata": {"name": NAMESPACE}}, writer=WRITER)
    return made


def _acted(name: str, meant: Target, asked: Mapping[str, object], recording: Recording) -> None:
    verb = actions()[name].make(recording)  # type: ignore[arg-type]  # answers any call of the port
    plan = verb.plan(meant, asked)
    verb.apply(plan, key="run-7/step")
    verb.already_done(plan, key="run-7/step")
    verb.settled(plan)


@pytest.mark.parametrize("name", sorted(actions()))
def test_every_action_says_what_it_writes(name: str) -> None:
    """An action without rights would be granted none, and fail in the night."""
    assert [each for each in actions()[name].rights if not each.reads]
