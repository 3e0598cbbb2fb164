"""Canaries are sent where they are declared, and a wrong answer is a fact of the incident."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.app.canaries import DeclaredCanaries, differs
from bot.app.live_facts import NO_CANARY
from cluster.canary.port import Answer, Sent
from cluster.drift.intended import Canary, Environment, Environments, Model, Workload
from cluster.targets.target import Target
from incidents.errors import Rejected, Unavailable
from incidents.facts import Known, Unknown
from tests.runbooks.seeing import TARGET, Cluster, world
from tests.runbooks.steps.test_canary import engine

CANARY = Canary(prompt="p", begins_with="a", gateway="http://gateway")
SENT = Sent(model="llama", canary=CANARY)


def intended(canary: Canary | None = CANARY) -> Environments:
    model = Model(name="llama-3", served=("llama", "other"), canary=canary)
    workload = Workload(role="decode", model=model, where="environments.yaml:7")
    found = Environment(
        name="test", clusters=("local",), namespaces=("llm-d",), workloads=(workload,)
    )
    return Environments(environments=(found,))


def declared(*, canary: Canary | None = CANARY, inside: bool = True) -> DeclaredCanaries:
    return DeclaredCanaries(intended=lambda: intended(canary), own="local", inside=inside)


def test_the_canary_of_the_targets_model_is_sent_under_its_main_name() -> None:
    """Requests know a model by the name that it is served under."""
    assert declared().of(TARGET) == SENT
    assert declared(canary=None).of(TARGET) is None
    assert declared().of(replace(TARGET, namespace="elsewhere")) is None


def test_outside_its_cluster_a_desk_asks_the_gateway_alone() -> None:
    """On another network the address of a pod is somebody else's."""
    with pytest.raises(Rejected, match="only by a desk that runs in their cluster"):
        declared(inside=False).ask("http://10.0.0.7:8000", SENT)


@dataclass
class Said:
    """Canaries that are answered as the test says."""

    begins: bool | None
    sent: Sent | None = SENT

    def of(self, _: Target) -> Sent | None:
        return self.sent

    def ask(self, address: str, _: Sent) -> Answer:
        if self.begins is None:
            raise Unavailable(address)
        first = timedelta(seconds=1)
        return Answer(begins=self.begins, digest="", pieces=1, first=first, between=None)


@pytest.mark.parametrize(
    ("said", "known"),
    [
        pytest.param(
            Said(begins=False),
            Known(
                value=True,
                unit="",
                source="the canary: decode-1, decode-0, gateway answered otherwise than declared,"
                " 0 as declared",
            ),
            id="otherwise",
        ),
        pytest.param(
            Said(begins=True),
            Known(
                value=False,
                unit="",
                source="the canary: decode-1, decode-0, gateway answered as declared",
            ),
            id="as-declared",
        ),
        pytest.param(
            Said(begins=True, sent=None), Unknown(why=NO_CANARY, lasting=True), id="none-declared"
        ),
    ],
)
def test_what_the_answers_say_is_a_fact(said: Said, known: Known | Unknown) -> None:
    """The severity is judged by it."""
    objects = Cluster(world(Pod=[engine(0), engine(1)]))

    assert differs(TARGET, canaries=said, objects=objects, straight=True) == known


def test_outside_its_cluster_the_fact_is_the_gateways_answer() -> None:
    """Pods that nobody can ask from there would leave it unknown for ever, and be asked again."""
    objects = Cluster(world(Pod=[engine(0)]))
    alone = Sent(model="llama", canary=replace(CANARY, gateway=""))

    asked = differs(TARGET, canaries=Said(begins=True), objects=objects, straight=False)
    nobody = differs(
        TARGET, canaries=Said(begins=True, sent=alone), objects=objects, straight=False
    )

    source = "the canary: gateway answered as declared"
    assert asked == Known(value=False, unit="", source=source)
    assert nobody == Unknown(why="nobody was asked", lasting=True)


def test_a_canary_that_nobody_answers_is_asked_again() -> None:
    """Silence is no wrong answer, and it may pass."""
    objects = Cluster(world(Pod=[engine(0)]))

    found = differs(TARGET, canaries=Said(begins=None), objects=objects, straight=True)

    assert isinstance(found, Unknown)
    assert (found.lasting, found.why.startswith("no answer: decode-0")) == (False, True)
