"""What a change leaves behind, and whether it still stands in the live object."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from cluster.actions import left
from cluster.actions.left import Standing
from cluster.actions.plan import Plan
from cluster.actions.registry import actions, verbs
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference, Writer
from cluster.clients.reads import ReadOnly
from cluster.clients.refusals import Forbidden, Missing
from cluster.clients.things import Thing
from drills.kubernetes import resources, shapes
from drills.kubernetes.state import Cluster
from incidents.errors import TriagedError, Unavailable
from incidents.events.run import LeavesRecord
from runbooks.language import duration
from tests.builders import NOON, write
from tests.cluster.conftest import DECODE, NAMESPACE, StandInKubernetes
from tests.cluster.test_pods_that_go import found, pods

DOCS = Path(__file__).parents[2] / "docs" / "follow-ups.md"
SCALED = write(subresource="")
BEFORE = (("replicas", "4"),)


@dataclass
class Live:
    """One live object, or the error that a read of it raises."""

    body: dict[str, object] = field(default_factory=dict)
    writers: tuple[Writer, ...] = ()
    uid: str = "uid-decode"
    error: TriagedError | None = None

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        """Return the object."""
        if self.error is not None:
            raise self.error
        return Thing(
            itself=replace(reference, uid=self.uid),
            namespace=namespace,
            resource_version="1",
            writers=self.writers,
            body=self.body,
        )

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        """Return nothing: a look reads one object."""
        raise AssertionError(namespace, kind, selector)


@pytest.mark.parametrize(
    ("replicas", "standing"),
    [
        pytest.param(6, Standing.STANDS, id="as-it-was-left"),
        pytest.param(5, Standing.STANDS, id="half-way-back"),
        pytest.param(8, Standing.STANDS, id="even-more"),
        pytest.param(4, Standing.GONE, id="as-before"),
        pytest.param(3, Standing.GONE, id="beyond"),
    ],
)
def test_a_number_is_taken_back_when_it_is_where_it_was(replicas: int, standing: Standing) -> None:
    """Half of a raised floor is a raised floor."""
    live = Live(body={"spec": {"replicas": replicas}})

    assert left.look(live, SCALED, BEFORE).standing is standing


@pytest.mark.parametrize(
    ("replicas", "standing"), [(4, Standing.STANDS), (2, Standing.GONE), (3, Standing.STANDS)]
)
def test_where_a_team_says_what_is_normal_that_counts(replicas: int, standing: Standing) -> None:
    """Before the incident it need not have been normal."""
    live, back = Live(body={"spec": {"replicas": replicas}}), (("replicas", "2"),)

    assert left.look(live, SCALED, BEFORE, back).standing is standing


def test_a_lowered_number_is_back_when_it_is_raised_again() -> None:
    """A lowered priority stands while it is lower than before."""
    lowered = replace(SCALED, fields=(("/spec/priority", "-5"),))
    looks = [
        left.look(Live(body={"spec": {"priority": now}}), lowered, (("priority", "0"),)).standing
        for now in (-5, -3, 0, 7)
    ]

    assert looks == [Standing.STANDS, Standing.STANDS, Standing.GONE, Standing.GONE]


@pytest.mark.parametrize(
    ("spec", "standing", "said"),
    [
        pytest.param({"paused": True}, Standing.STANDS, "it stands as it was left", id="stands"),
        pytest.param(
            {}, Standing.GONE, "Deployment llm-d/decode: paused is not set", id="taken-away"
        ),
        pytest.param(
            {"paused": False},
            Standing.GONE,
            "Deployment llm-d/decode: paused is false, written by kubectl-edit",
            id="written",
        ),
    ],
)
def test_a_mark_is_gone_when_it_is_another(
    spec: dict[str, object], standing: Standing, said: str
) -> None:
    """Whoever resumed it by hand need not be reminded, and is named where that is known."""
    paused = replace(SCALED, fields=(("/spec/paused", "true"),))
    by = (
        Writer(manager="triaged/run", at=NOON, fields=frozenset({"spec.paused"})),
        Writer(
            manager="kubectl-edit",
            at=NOON + timedelta(minutes=1),
            fields=frozenset({"spec.paused"} if spec else {"spec.other"}),
        ),
    )
    live = Live(body={"spec": spec}, writers=by if spec else by[1:])

    seen = left.look(live, paused, (("paused", "no"),))

    assert (seen.standing, seen.because) == (standing, said)


ARGS = "/spec/template/spec/containers/0/args"
FLAG = "--max-num-seqs"


@pytest.mark.parametrize(
    ("field", "written", "was", "live", "standing"),
    [
        pytest.param("/1", "8", "4", ["-x", "8"], Standing.CANNOT_TELL, id="another-word-there"),
        pytest.param("/1", "8", "4", [FLAG, "8", "--new"], Standing.STANDS, id="another-flag"),
        pytest.param("/0", f"{FLAG}=8", "4", ["--new", f"{FLAG}=8"], Standing.STANDS, id="moved"),
        pytest.param("/0", f"{FLAG}=8", "4", ["--new", f"{FLAG}=6"], Standing.STANDS, id="half"),
        pytest.param("/0", f"{FLAG}=8", "4", ["--new", f"{FLAG}=4"], Standing.GONE, id="as-before"),
        pytest.param("/0", f"{FLAG}=8", "4", [FLAG, "4"], Standing.GONE, id="as-two-words"),
        pytest.param("/0", f"{FLAG}=8", "auto", [f"{FLAG}=8"], Standing.STANDS, id="was-a-word"),
        pytest.param("/0", f"{FLAG}=8", "auto", [f"{FLAG}=auto"], Standing.GONE, id="word-again"),
        pytest.param("", [f"{FLAG}=8"], "none", ["-x", f"{FLAG}=8"], Standing.STANDS, id="added"),
        pytest.param("", [f"{FLAG}=8"], "none", [f"{FLAG}=9"], Standing.CANNOT_TELL, id="further"),
        pytest.param("", [f"{FLAG}=8"], "none", ["-x"], Standing.GONE, id="taken-away-again"),
        pytest.param("", ["-x"], "4", ["-x", "-y"], Standing.STANDS, id="taken-away"),
        pytest.param("", ["-x"], "4", ["-x", f"{FLAG}=4"], Standing.GONE, id="put-back"),
        pytest.param("", None, "4", ["-x"], Standing.STANDS, id="nothing-else-was-there"),
        pytest.param(
            "/0",
            f"{FLAG}=8",
            "4",
            [f"{FLAG}=4", f"{FLAG}=8"],
            Standing.CANNOT_TELL,
            id="twice",
        ),
    ],
)
def test_a_flag_is_looked_for_on_the_line(
    field: str, written: object, was: str, live: list[str], standing: Standing
) -> None:
    """Whoever edits another flag has not taken this one back."""
    flag = replace(SCALED, fields=((f"{ARGS}{field}", json.dumps(written)),))
    body: dict[str, object] = {"spec": {"template": {"spec": {"containers": [{"args": live}]}}}}

    assert left.look(Live(body=body), flag, ((f"decode {FLAG}", was),)).standing is standing


def test_a_container_that_is_not_there_any_more_tells_nothing_of_its_flags() -> None:
    """It may stand further up or down now."""
    flag = replace(SCALED, fields=((f"{ARGS}/0", json.dumps(f"{FLAG}=8")),))

    assert left.look(Live(), flag, ((FLAG, "4"),)).standing is Standing.CANNOT_TELL


@pytest.mark.parametrize(
    ("now", "standing"),
    [
        pytest.param("96Gi", Standing.STANDS, id="as-it-was-left"),
        pytest.param("98304Mi", Standing.STANDS, id="written-otherwise"),
        pytest.param("64Gi", Standing.STANDS, id="half-way-back"),
        pytest.param("32Gi", Standing.GONE, id="as-before"),
        pytest.param("16Gi", Standing.GONE, id="beyond"),
        pytest.param("500m", Standing.GONE, id="a-thousandth"),
        pytest.param("lots", Standing.CANNOT_TELL, id="no-quantity"),
        pytest.param(None, Standing.CANNOT_TELL, id="not-set"),
    ],
)
def test_quantities_are_compared_as_numbers(now: object, standing: Standing) -> None:
    """Half of the memory that was given is still given."""
    limit = replace(SCALED, fields=(("/spec/memory", '"96Gi"'),))

    seen = left.look(Live(body={"spec": {"memory": now}}), limit, (("memory", "32Gi"),))

    assert seen.standing is standing


@pytest.mark.parametrize(
    ("now", "standing"),
    [
        pytest.param("25%", Standing.GONE, id="as-before"),
        pytest.param(3, Standing.CANNOT_TELL, id="another-number"),
        pytest.param(None, Standing.GONE, id="not-set"),
    ],
)
def test_a_number_where_a_share_was_is_back_when_the_share_is(
    now: object, standing: Standing
) -> None:
    """Three pods may be more or less than a quarter of them."""
    surge = replace(SCALED, fields=(("/spec/maxSurge", "1"),))

    seen = left.look(Live(body={"spec": {"maxSurge": now}}), surge, (("maxSurge", "25%"),))

    assert seen.standing is standing


def test_a_mapping_that_is_another_tells_nothing() -> None:
    """What was added to it may stand in it still."""
    limits = replace(SCALED, fields=(("/spec/limits", '{"memory":"96Gi"}'),))
    looks = [
        left.look(Live(body={"spec": {"limits": now}}), limits, (("memory", "none"),)).standing
        for now in ({"memory": "96Gi"}, {"memory": "96Gi", "cpu": "4"}, None)
    ]

    assert looks == [Standing.STANDS, Standing.CANNOT_TELL, Standing.GONE]


def test_every_field_must_be_back() -> None:
    """A floor that is back under a ceiling that is not still costs."""
    bounds = replace(SCALED, fields=(("/spec/minReplicas", "6"), ("/spec/maxReplicas", "9")))
    before = (("minReplicas", "2"), ("maxReplicas", "5"))
    half = Live(body={"spec": {"minReplicas": 2, "maxReplicas": 9}})
    whole = Live(body={"spec": {"minReplicas": 2, "maxReplicas": 5}})

    assert left.look(half, bounds, before).standing is Standing.STANDS
    assert left.look(whole, bounds, before).standing is Standing.GONE


@pytest.mark.parametrize(
    ("live", "standing", "said"),
    [
        pytest.param(
            Live(error=Missing("gone")),
            Standing.GONE,
            "there is no Deployment llm-d/decode any more",
            id="deleted",
        ),
        pytest.param(
            Live(uid="another"),
            Standing.GONE,
            "Deployment llm-d/decode was deleted and made anew",
            id="made-anew",
        ),
        pytest.param(
            Live(error=Forbidden("no permission")),
            Standing.CANNOT_TELL,
            "no permission",
            id="forbidden",
        ),
        pytest.param(Live(error=Unavailable("away")), Standing.CANNOT_TELL, "away", id="away"),
    ],
)
def test_what_cannot_be_read_is_not_gone(live: Live, standing: Standing, said: str) -> None:
    """A cordon must not be forgotten because the API server was slow for a minute."""
    seen = left.look(live, SCALED, BEFORE)

    assert (seen.standing, seen.because) == (standing, said)


def test_a_cordon_leaves_a_closed_node_until_it_is_opened(
    world: Cluster, kubernetes: StandInKubernetes
) -> None:
    """From plan to look: what the action says of itself is what the live object shows."""
    target, verb = found(world, kinds.DEPLOYMENT, DECODE), verbs(kubernetes)
    node = world.get(resources.PODS, NAMESPACE, pods(world)[0])["spec"]["nodeName"]
    made = verb["cordon"].plan(target, {"node": node})
    verb["cordon"].apply(made, key="run-1/cordon/1")

    assert made.leaves == LeavesRecord(
        what=f"Node {node} is closed to new pods", within=timedelta(hours=4)
    )
    assert _look(kubernetes, made).standing is Standing.STANDS
    back = verb["uncordon"].plan(target, {"node": node})
    verb["uncordon"].apply(back, key="run-1/uncordon/2")
    assert back.leaves is None
    assert _look(kubernetes, made).standing is Standing.GONE


def test_a_quarantined_pod_is_left_until_it_is_back_in_its_pool(
    world: Cluster, kubernetes: StandInKubernetes
) -> None:
    """The mark beside the label is ours: the label decides."""
    shapes.pool(world, "blue", {"llm-d.ai/role": "decode"})
    target = replace(found(world, kinds.DEPLOYMENT, DECODE), pool="blue")
    name, verb = pods(world)[0], verbs(kubernetes)["quarantine"]
    made = verb.plan(target, {"pod": name})
    verb.apply(made, key="run-1/quarantine/1")

    assert made.leaves is not None
    assert made.leaves.what == f"Pod {NAMESPACE}/{name} runs outside of pool blue"
    assert _look(kubernetes, made).standing is Standing.STANDS
    back = verb.plan(target, {"pod": name, "back": "yes"})
    verb.apply(back, key="run-1/quarantine/2")
    assert back.leaves is None
    assert _look(kubernetes, made).standing is Standing.GONE


def test_the_page_names_what_every_action_leaves_behind() -> None:
    """An action that is added and leaves something says so where operators look."""
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (\S+) \|$", DOCS.read_text(), re.MULTILINE)
    known = {
        (name, one.leaves.words, duration.write(one.leaves.within))
        for name, one in actions().items()
        if one.leaves is not None
    }

    assert set(rows) == known


def _look(kubernetes: StandInKubernetes, made: Plan) -> left.Seen:
    return left.look(ReadOnly(kubernetes), made.write, made.before)
