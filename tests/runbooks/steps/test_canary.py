"""A prompt with a known answer: who is asked, what the answers say, and when nobody can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from cluster.canary.port import Answer, Sent
from cluster.clients import kinds
from cluster.clients.refusals import Forbidden
from cluster.drift.intended import Canary
from cluster.targets.target import Target
from incidents.errors import Rejected, TriagedError, Unavailable
from runbooks.language.declaration import Finding, Question
from runbooks.language.registry import verbs
from tests.runbooks.seeing import AT, PODS, TARGET, Cluster, pod, stamp, unready, world
from tests.runbooks.steps.conftest import Answers

CANARY = Canary(
    prompt="The capital of France is",
    begins_with=" Paris",
    gateway="http://gateway",
    first_token=timedelta(seconds=2),
    between_tokens=timedelta(seconds=0.1),
)
HERE = [f"http://10.0.0.{number}:8000" for number in range(len(PODS))]


def answer(*, begins: bool = True, first: float = 1, between: float | None = 0.05) -> Answer:
    return Answer(
        begins=begins,
        digest="d" * 64,
        pieces=7,
        first=timedelta(seconds=first),
        between=None if between is None else timedelta(seconds=between),
    )


WELL = answer()
Told = Answer | TriagedError


@dataclass
class Asked:
    """Answers by address, one after the other, the last for ever; others answer well."""

    canary: Canary | None = CANARY
    told: Mapping[str, Sequence[Told]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def of(self, _: Target) -> Sent | None:
        return Sent(model="llama", canary=self.canary) if self.canary else None

    def ask(self, address: str, _: Sent) -> Answer:
        before = self.asked.count(address)
        self.asked.append(address)
        told = self.told.get(address, [WELL])
        found = told[min(before, len(told) - 1)]
        if isinstance(found, TriagedError):
            raise found
        return found


def engine(number: int, **parts: Any) -> dict[str, Any]:
    """Return a pod that says where its engine listens."""
    ports = [{"name": "metrics", "containerPort": 8000}]
    status = {"podIP": f"10.0.0.{number}", **parts}
    return pod(PODS[number], status=status, containers=[{"name": "vllm", "ports": ports}])


def judge(
    name: str,
    canaries: Asked,
    *pods: dict[str, Any],
    cluster: Cluster | None = None,
    **arguments: object,
) -> Finding:
    check = verbs()[name]
    defaults = {key: one.default for key, one in check.fields.fields.items()}
    seen = world(Pod=pods or [engine(0), engine(1)])
    question = Question(
        arguments={**defaults, **arguments},  # type: ignore[arg-type]  # as the field has it
        target=TARGET,
        signals=Answers(),  # type: ignore[arg-type]  # never asked
        at=AT,
        objects=cluster or Cluster(seen),
        canaries=canaries,
    )
    return check.judge(question)  # type: ignore[union-attr]  # a check


def test_pods_and_gateway_are_asked_once_each() -> None:
    """A pod that is broken hides behind a gateway that seldom chooses it."""
    canaries = Asked()

    found = judge("canary", canaries)

    assert (found.verdict, sorted(canaries.asked)) == ("same", [*HERE, "http://gateway"])
    assert found.because == "decode-1, decode-0, gateway answered as declared"
    told = [(one.name, one.value, one.pod) for one in found.evidence[:2]]
    assert told == [
        ("canary_first_token", 1.0, "decode-1"),
        ("canary_between_tokens", 0.05, "decode-1"),
    ]
    assert found.evidence[-1].pod is None
    assert "Paris" not in repr(found)


@pytest.mark.parametrize(
    ("through", "asked"),
    [("pods", HERE), ("gateway", ["http://gateway"])],
)
def test_one_way_alone_is_asked(through: str, asked: list[str]) -> None:
    """Which of the two is broken tells where to look."""
    canaries = Asked()

    judge("canary", canaries, through=through)

    assert sorted(canaries.asked) == asked


@pytest.mark.parametrize(
    ("told", "verdict", "because"),
    [
        pytest.param(
            [answer(begins=False)],
            "differs",
            "decode-0 answered otherwise than declared, 2 as declared",
            id="differs",
        ),
        pytest.param(
            [answer(first=3)],
            "slow",
            "decode-0: the first token took 3.00 s, more than 2 s",
            id="late",
        ),
        pytest.param(
            [answer(between=0.2)],
            "slow",
            "decode-0: each further token took 0.20 s, more than 0.1 s",
            id="slow",
        ),
        pytest.param(
            [answer(between=None)],
            "cannot_tell",
            "decode-0: too few pieces to tell how fast they came",
            id="one-piece",
        ),
        pytest.param(
            [Unavailable("nobody listens")],
            "cannot_tell",
            "no answer: decode-0: nobody listens",
            id="silent",
        ),
        pytest.param([Rejected("HTTP 404")], "cannot_tell", "HTTP 404", id="refused"),
    ],
)
def test_one_bad_answer_is_the_verdict(told: Sequence[Told], verdict: str, because: str) -> None:
    """Wrong output of one pod is wrong output for every user that it serves."""
    found = judge("canary", Asked(told={HERE[0]: told}))

    assert found.verdict == verdict
    assert because in found.because


def test_who_said_nothing_is_told_beside_what_is_wrong() -> None:
    """Wrong stays wrong, whatever else was not heard."""
    told = {HERE[0]: [answer(begins=False)], HERE[1]: [Unavailable("cut")]}

    found = judge("canary", Asked(told=told))

    assert found.verdict == "differs"
    assert found.because.endswith("; no answer: decode-1: cut")


def test_one_reason_of_many_is_told_once() -> None:
    """Outside its cluster a desk is refused by every pod for the same reason."""
    told = {place: [Rejected("only from inside")] for place in HERE}

    found = judge("canary", Asked(told=told))

    assert found.because == (
        "no answer: decode-1, decode-0: only from inside; gateway answered as declared"
    )


def test_without_a_declared_prompt_nobody_can_tell() -> None:
    """What the model should say has to be known before."""
    for name in ("canary", "warm_up"):
        canaries = Asked(canary=None)

        found = judge(name, canaries)

        assert (found.verdict, canaries.asked) == ("cannot_tell", [])
        assert found.because == "environments.yaml declares no canary for llama"


@pytest.mark.parametrize(
    "pods",
    [
        pytest.param((engine(0, podIP="169.254.169.254"), engine(1)), id="no-pods-address"),
        pytest.param((engine(0, podIP="127.0.0.1"), engine(1)), id="the-desk-itself"),
        pytest.param((engine(0, podIP=7), engine(1)), id="no-text"),
        pytest.param((pod(PODS[0]), engine(1)), id="no-port"),
    ],
)
def test_what_a_pod_says_of_itself_leads_nowhere_else(pods: tuple[dict[str, Any], ...]) -> None:
    """Whoever may write a pod's status must not send the desk to another server."""
    canaries = Asked()

    found = judge("canary", canaries, *pods, through="pods")

    assert canaries.asked == HERE[1:]
    assert found.verdict == "cannot_tell"
    assert "decode-0: it says no address" in found.because


def test_pods_that_do_not_serve_are_not_asked() -> None:
    """One that loads its model has no answer yet, and that is no fault."""
    canaries = Asked()

    found = judge("canary", canaries, pod(PODS[0], status=unready()), through="pods")

    assert (found.verdict, found.because, canaries.asked) == (
        "cannot_tell",
        "nobody was asked",
        [],
    )


def test_the_newest_four_are_asked() -> None:
    """Each prompt takes a place in a batch, and what is new is what has changed."""
    names = tuple(f"decode-{number}" for number in range(6))
    bodies = [engine(0) for _ in names]
    for number, (name, body) in enumerate(zip(names, bodies, strict=True)):
        body["metadata"] = body["metadata"] | {
            "name": name,
            "creationTimestamp": stamp(number),
        }
        body["status"]["podIP"] = f"10.0.0.{number}"
    cluster, canaries = Cluster(world(Pod=bodies)), Asked()
    check = verbs()["canary"]

    check.judge(  # type: ignore[union-attr]  # a check
        Question(
            arguments={"through": "pods"},
            target=replace(TARGET, pods=names),
            signals=Answers(),  # type: ignore[arg-type]  # never asked
            at=AT,
            objects=cluster,
            canaries=canaries,
        )
    )

    assert sorted(canaries.asked) == [f"http://10.0.0.{number}:8000" for number in range(4)]


def test_pods_that_may_not_be_seen_are_a_gap() -> None:
    """The gateway alone proves nothing of them."""
    hidden = Cluster(world(), refuse={kinds.POD: Forbidden("no permission to list pods")})

    found = judge("canary", Asked(), cluster=hidden)

    assert found.verdict == "cannot_tell"
    assert "no permission to list pods" in found.because
    assert judge("warm_up", Asked(), cluster=hidden).verdict == "cannot_tell"


def test_a_cold_pod_is_asked_until_it_is_warm() -> None:
    """Its first answers compile kernels and fill caches; users should not wait for that."""
    told = {HERE[0]: [answer(first=9), answer(first=4), WELL]}
    canaries = Asked(told=told)

    found = judge("warm_up", canaries)

    assert (found.verdict, canaries.asked.count(HERE[0])) == ("warm", 3)
    assert canaries.asked.count(HERE[1]) == 1
    assert found.because.endswith("answered as declared (asked 3 times)")


def test_a_pod_that_stays_cold_is_told() -> None:
    """It has another trouble, and no number of prompts mends it."""
    canaries = Asked(told={HERE[0]: [answer(first=9)]})

    found = judge("warm_up", canaries, times=2)

    assert (found.verdict, canaries.asked.count(HERE[0])) == ("cold", 2)


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        pytest.param(answer(begins=False), "differs", id="differs"),
        pytest.param(Unavailable("cut"), "cannot_tell", id="silent"),
    ],
)
def test_warming_up_ends_with_an_answer_that_is_wrong_or_none(told: Told, verdict: str) -> None:
    """More of the same would only be more load."""
    canaries = Asked(told={HERE[0]: [told]})

    assert judge("warm_up", canaries).verdict == verdict
    assert canaries.asked.count(HERE[0]) == 1


def test_without_bounds_a_pod_gets_every_prompt() -> None:
    """Nobody can tell when it is warm."""
    canaries = Asked(canary=Canary(prompt="p", begins_with=" Paris"))

    assert judge("warm_up", canaries).verdict == "warm"
    assert len(canaries.asked) == 6


@pytest.mark.parametrize(
    ("address", "found"),
    [
        pytest.param(HERE[1], (("pod", "decode-1"),), id="a-pod"),
        pytest.param("http://gateway", (), id="the-gateway-names-nobody"),
    ],
)
def test_the_pod_that_answers_wrongly_is_found(
    address: str, found: tuple[tuple[str, str], ...]
) -> None:
    """It is the one to be taken out of its pool: every user whom it serves reads wrong words."""
    told = judge("canary", Asked(told={address: [answer(begins=False)]}))

    assert (told.verdict, told.found) == ("differs", found)
