"""What is to be made stands nowhere yet: guards and the shadow do not take it for gone."""

from dataclasses import asdict
from pathlib import Path

import pytest

from cluster.actions.plan import Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.reads import ReadOnly
from cluster.guardrails import registry
from cluster.guardrails.guard import CannotTell, Refused
from cluster.jobs.supply import Jobs
from cluster.jobs.templates import Folder
from cluster.shadow.comparing import Then, compare
from cluster.shadow.standing import marks, pods, read
from incidents.events.shadow import Did
from runbooks.engine import records
from tests.cluster.conftest import NOW
from tests.cluster.guardrails.scenes import Guarding
from tests.cluster.test_job import Logging, declare
from tests.cluster.test_scale_kinds import resource


@pytest.fixture
def plan(guarding: Guarding, tmp_path: Path) -> Plan:
    declare(tmp_path)
    world = guarding.kubernetes.cluster
    world.install(resource(kinds.JOB))
    client = Logging(world)
    jobs = Jobs(templates=Folder(tmp_path), makes=client, redact=str)
    asked = {"template": "warm", "values": "MODE=fast"}
    return verbs(client, jobs=jobs)["job"].plan(guarding.scaled(5).target, asked)


def test_no_guard_stumbles_over_what_is_to_be_made(guarding: Guarding, plan: Plan) -> None:
    """A guard that cannot tell would keep every Job from running."""
    told = {name: guarding.ask(name, plan) for name in registry.guards()}

    stops = [each for answers in told.values() for each in answers]
    assert [each for each in stops if isinstance(each, CannotTell | Refused)] == []


def test_in_shadow_nobody_is_said_to_have_deleted_it(guarding: Guarding, plan: Plan) -> None:
    """Whether people ran the script by hand is not known."""
    kept, objects = records.record(plan), ReadOnly(guarding.kubernetes)
    before = read(objects, kept)
    then = Then(at=NOW, marks=dict(marks(kept, before)), pods=pods(before))

    act = compare(kept, "warm", then, read(objects, kept))

    assert (act.did, asdict(act)["what"]) == (
        Did.CANNOT_TELL,
        "what people ran instead of Job triaged-warm is not known",
    )
