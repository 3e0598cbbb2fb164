"""The hands and the dry run plan with every guard, and with what the journal remembers."""

from dataclasses import replace

import pytest

from bot.app.guarding import careful, past_of
from bot.app.reach import NoSignals
from cluster.actions.registry import verbs
from cluster.clients.reads import ReadOnly
from cluster.drift.intended import NOTHING
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector
from cluster.tools import Tools
from drills.kubernetes.seed import seed_llm_d
from drills.kubernetes.state import Cluster
from incidents.aggregates import kind_of
from incidents.desk import Desk
from incidents.errors import Rejected, Unavailable
from incidents.guardrails import Guardrails, Limits
from incidents.run import Run
from storage.memory import MemoryStore
from tests.builders import APPROVAL, INCIDENT, RUN, plan, policy, report
from tests.cluster.conftest import NAMESPACE, NOW, StandInKubernetes
from tests.incidents.telling_runs import STEP, VERIFIED, through


def test_plans_are_held_to_the_policy_of_the_moment() -> None:
    """A changed file comes into force for the next plan, and for no earlier one."""
    world = Cluster(now=lambda: NOW)
    seed_llm_d(world)
    kubernetes, rules = StandInKubernetes(world), [Guardrails()]
    tools = Tools(
        signals=NoSignals(),
        targets=LabelTargets(kubernetes),
        verbs=verbs(kubernetes),
        objects=ReadOnly(kubernetes),
    )
    target = tools.targets.find(Selector(namespace=NAMESPACE, model="llama-3-70b", role="decode"))
    careful_ones = careful(
        tools,
        rules=lambda: rules[0],
        intended=lambda: NOTHING,
        own="local",
        clock=lambda: NOW,
    )
    scale, asked = careful_ones.verbs["scale"], {"replicas": "6", "at_most": 9}

    made = scale.plan(target, asked)
    assert any("there is room on 3 nodes" in each for each in made.warnings)

    rules[0] = Guardrails(limits=Limits(largest_step=1, small_step=1))
    with pytest.raises(Rejected, match="changes the size by more than 1 replicas at once"):
        scale.plan(target, asked)


def test_the_journal_says_what_was_written() -> None:
    """Only what is known to be taken back need not wait."""
    run = through(*VERIFIED)
    past = past_of(lambda _: run)

    known = past(f"{RUN}/{STEP}/1")
    assert known is not None
    assert (known.plan, known.at) == (plan(), run.step(STEP).applied_at)
    assert known.at is not None
    assert past(f"{RUN}/another/1") is None


@pytest.mark.parametrize("error", [Rejected, Unavailable])
def test_a_key_that_is_not_ours_is_nobodys(error: type[Exception]) -> None:
    """Anybody may call a field manager as they like."""

    def find(name: str) -> Run:
        kind_of(name)
        message = "the journal is away"
        raise error(message)

    assert past_of(find)("run-1/scale/1") is None
    assert past_of(find)("nobody's") is None
    assert past_of(lambda name: replace(through(), id=name))("") is None


@pytest.mark.parametrize("stream", [INCIDENT, "desk", APPROVAL, "shadow-1-1-2", "", "run-9-9"])
def test_a_key_that_names_no_run_of_ours_is_nobodys(stream: str) -> None:
    """Whoever may write to the cluster could stop every run by the name of a field manager."""
    store = MemoryStore(clock=lambda: NOW)
    desk = Desk(journal=store.journal, policy=policy(), clock=lambda: NOW)
    desk.tell(INCIDENT, report())

    assert past_of(desk.run)(f"{stream}/x/1") is None
