"""An alert names a pool, and the run that it leads to looks at that pool."""

from urllib.parse import quote

import pytest

from bot.app.beginning import Beginning
from bot.app.reach import NoSignals
from cluster.clients.ports import Kubernetes
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Ambiguous, Target
from cluster.tools import Tools
from drills.kubernetes import shapes
from drills.kubernetes.state import Cluster
from incidents.commands.run import StartRun
from incidents.correlation import POOL
from runbooks.engine.shelf import Shelf
from runbooks.engine.turn import Turn
from runbooks.language import loader, registry
from storage.memory import MemoryStore
from tests.alert_webhooks.bodies import alert, body
from tests.bot.intake.desks import Office

MODEL, WHERE = "org/m", {"namespace": "llm-d", "model_name": "org/m", "role": "decode"}
EMPTY = "max by (namespace, name) (inference_pool_ready_pods) == 0"


def looked_for(kubernetes: Kubernetes, *alerts: dict[str, object]) -> Target:
    """Deliver alerts, begin the run of their incident, and return the target that it finds."""
    office = Office(store=MemoryStore())
    office.deliver(body(*alerts))
    library, verbs = loader.load(), registry.verbs()
    beginning = Beginning(runbooks=library, texts=office.store.texts)
    started = beginning.begin(office.desk.incident(1))
    office.desk.tell("run-1-1", StartRun(started=started))
    run = office.desk.run("run-1-1")
    assert run.started is not None
    shelf = Shelf(runbooks=library, texts=office.store.texts, verbs=verbs)
    turn = Turn(
        run=run,
        started=run.started,
        runbook=shelf.pinned(run.started),
        now=office.now,
        clock=lambda: office.now,
        desk=office.desk,
        tools=Tools(signals=NoSignals(), targets=LabelTargets(kubernetes), verbs={}),
        verbs=verbs,
        stand=lambda _, __: None,
    )
    return turn.target()


@pytest.fixture
def two(world: Cluster) -> None:
    """Install two workloads of one model, each in a pool of its own."""
    shapes.plain(world, "blue", model=MODEL)
    shapes.plain(world, "green", model=MODEL)


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("pool", ["blue", "green"])
@pytest.mark.parametrize("label", ["inference_pool", "inferencepool", "pool"])
def test_a_run_looks_at_the_pool_that_its_alert_names(
    kubernetes: Kubernetes, pool: str, label: str
) -> None:
    """Two pools of one model: a change of the other one would hurt who is well."""
    found = looked_for(kubernetes, alert(labels={**WHERE, label: pool}))

    assert (found.pool, found.name) == (pool, pool)


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("model", ["", MODEL])
def test_the_endpoint_picker_s_own_series_call_the_pool_name(
    kubernetes: Kubernetes, model: str
) -> None:
    """Rules that others wrote over those series have no label but this one."""
    labels = {"alertname": "PoolIsEmpty", **WHERE, "model_name": model, "name": "green"}
    url = f"http://prometheus:9090/graph?g0.expr={quote(EMPTY)}"

    found = looked_for(kubernetes, alert(labels=labels, generatorURL=url))

    assert (found.pool, found.name) == ("green", "green")


@pytest.mark.usefixtures("two")
def test_an_alert_that_joined_may_name_the_pool(kubernetes: Kubernetes) -> None:
    """The one that came first says nothing of it; together they do."""
    first = alert(labels=WHERE, fingerprint="1")
    second = alert(labels={**WHERE, "pool": "blue"}, fingerprint="2")

    assert looked_for(kubernetes, first, second).name == "blue"


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    "pools", [pytest.param(("", ""), id="none"), pytest.param(("blue", "green"), id="two")]
)
def test_without_one_pool_no_workload_is_chosen(
    kubernetes: Kubernetes, pools: tuple[str, str]
) -> None:
    """Whichever came first must not decide what is changed."""
    alerts = [
        alert(labels={**WHERE, "pool": pool}, fingerprint=f"{number}")
        for number, pool in enumerate(pools)
    ]

    with pytest.raises(Ambiguous) as refused:
        looked_for(kubernetes, *alerts)

    assert "none is chosen: say which one is meant" in str(refused.value)
    assert f"a label {POOL[0]} " in str(refused.value)
    assert [str(one) for one in refused.value.candidates] == ["Deployment blue", "Deployment green"]
