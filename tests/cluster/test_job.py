"""A Job is of a template, takes values and nothing else, and is made once."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster import admission
from cluster.actions.job import ACTION
from cluster.actions.plan import Done, Plan, Verb
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.jobs import policy, template
from cluster.jobs.supply import Jobs
from cluster.jobs.templates import Folder
from cluster.roles import Install
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Conflict, Rejected
from tests.cluster.conftest import NAMESPACE, NOW, StandInKubernetes
from tests.cluster.graphs import target
from tests.cluster.recording import Recording
from tests.cluster.test_rights import EXACTLY, differs
from tests.cluster.test_scale_kinds import resource

KEY = "run-7/warm"
AT = target(kinds.DEPLOYMENT, "x")
WARM: Mapping[str, object] = {
    "meaning": "Fill the prefix cache",
    "namespaces": [NAMESPACE],
    "image": "scripts:1",
    "command": ["/warm.sh", "--once"],
    "parameters": {
        "COUNT": {"type": "whole", "minimum": 1, "maximum": 9, "default": 3},
        "MODE": {"type": "choice", "choices": ["fast", "slow"]},
        "NOTE": {"type": "text", "pattern": "[a-z$()A-Z ;]*", "default": ""},
    },
}


class Logging(StandInKubernetes):
    """The stand-in, whose containers all end with the same words."""

    def log(self, *_: object, **__: object) -> str:
        return "warmed\ntoken=hunter2\n"


@pytest.fixture
def cluster() -> Cluster:
    world = Cluster(now=lambda: NOW)
    world.create(
        resources.NAMESPACES, {"metadata": {"name": NAMESPACE}}, writer=Writer(manager="o")
    )
    world.install(resource(kinds.JOB))
    return world


def declare(folder: Path, **changed: object) -> None:
    (folder / "warm.yaml").write_text(json.dumps({**WARM, **changed}))


def verb(world: Cluster, folder: Path) -> Verb:
    client = Logging(world)
    jobs = Jobs(
        templates=Folder(folder),
        makes=client,
        redact=lambda text: text.replace("hunter2", "***"),
    )
    return verbs(client, jobs=jobs)["job"]


def plan(world: Cluster, folder: Path, values: str = "MODE=fast") -> Plan:
    return verb(world, folder).plan(AT, {"template": "warm", "values": values})


def made(world: Cluster) -> list[Object]:
    return list(world.select(resource(kinds.JOB), NAMESPACE))


def ended(world: Cluster, kind: str, reason: str = "") -> None:
    """Let the Job end, as its controller does."""
    at = "2026-03-01T12:00:05Z"
    told = {"type": kind, "status": "True", "reason": reason, "lastTransitionTime": at}
    [job] = made(world)
    world.update(
        resource(kinds.JOB),
        NAMESPACE,
        job["metadata"]["name"],
        lambda thing: thing | {"status": {"conditions": [told]}},
        writer=Writer(manager="controller", subresource="status"),
    )


def test_a_plan_says_what_runs_where_with_which_values(cluster: Cluster, tmp_path: Path) -> None:
    """Whoever approves sees all of it, and nothing is made by planning."""
    declare(tmp_path)

    found = plan(cluster, tmp_path, "MODE=slow, COUNT=5")

    assert found.after == (("job", "warm once with COUNT=5, MODE=slow, NOTE="),)
    assert found.warnings == (
        "Fill the prefix cache",
        "it runs /warm.sh --once of scripts:1, without any account's token",
        "it is ended after 600 s, and never tried again",
        "what the script does cannot be undone by triaged",
    )
    assert found.dry_run == "accepted by the API server"
    assert not found.reversible
    assert made(cluster) == []


def test_a_value_reaches_the_script_and_no_shell(cluster: Cluster, tmp_path: Path) -> None:
    """The command is the template's to the last word, and no value stands for another's."""
    declare(tmp_path)
    evil = "MODE=fast, NOTE=$(MODE); rm"
    found = plan(cluster, tmp_path, evil)

    verb(cluster, tmp_path).apply(found, key=KEY)

    [job] = made(cluster)
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["/warm.sh", "--once"]
    assert {"name": "NOTE", "value": "$$(MODE); rm"} in container["env"]
    assert job["spec"]["template"]["spec"]["automountServiceAccountToken"] is False


def test_a_job_is_made_once_and_found_when_the_answer_was_lost(
    cluster: Cluster, tmp_path: Path
) -> None:
    """The name follows from run and step: asked twice there is one."""
    declare(tmp_path)
    found, acts = plan(cluster, tmp_path), verb(cluster, tmp_path)
    assert acts.already_done(found, key=KEY) is Done.NO

    first = acts.apply(found, key=KEY)
    second = acts.apply(found, key=KEY)

    assert first == second
    assert len(made(cluster)) == 1
    assert acts.already_done(found, key=KEY) is Done.YES
    assert acts.already_done(found, key="run-8/warm") is Done.NO


def test_a_job_of_somebody_else_under_our_name_is_a_conflict(
    cluster: Cluster, tmp_path: Path
) -> None:
    """It is not what was approved."""
    declare(tmp_path)
    found, acts = plan(cluster, tmp_path), verb(cluster, tmp_path)
    acts.apply(found, key=KEY)
    [job] = made(cluster)

    def taken(thing: Object) -> Object:
        thing["metadata"]["annotations"]["triaged.dev/run"] = "another"
        return thing

    name = job["metadata"]["name"]
    world_of = resource(kinds.JOB)
    cluster.update(world_of, NAMESPACE, name, taken, writer=Writer(manager="m"))

    with pytest.raises(Conflict):
        acts.apply(found, key=KEY)
    assert acts.already_done(found, key=KEY) is Done.CANNOT_TELL


def test_it_settles_when_the_job_is_complete_with_the_end_of_its_log(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Secrets of the log are not told."""
    declare(tmp_path)
    found, acts = plan(cluster, tmp_path), verb(cluster, tmp_path)
    acts.apply(found, key=KEY)
    runs = acts.settled(found)
    put_pod(cluster)

    ended(cluster, "Complete")
    done = acts.settled(found)

    assert (runs.said, runs.since) == ("the job runs", None)
    assert (done.ready, done.wanted, done.since is not None) == (1, 1, True)
    assert done.words == "the job is complete; its log ends: warmed token=***"


def put_pod(world: Cluster) -> None:
    [job] = made(world)
    name = job["metadata"]["name"]
    meta = {"name": f"{name}-x", "namespace": NAMESPACE}
    meta |= {"labels": {"batch.kubernetes.io/job-name": name}}  # type: ignore[dict-item]  # of a test
    spec = {"containers": [{"name": "script", "image": "scripts:1"}]}
    world.create(resources.PODS, {"metadata": meta, "spec": spec}, writer=Writer(manager="c"))


def test_a_failed_job_says_why_and_is_no_success(cluster: Cluster, tmp_path: Path) -> None:
    """And without a pod there is no log, which is said."""
    declare(tmp_path)
    found, acts = plan(cluster, tmp_path), verb(cluster, tmp_path)
    acts.apply(found, key=KEY)

    ended(cluster, "Failed", "BackoffLimitExceeded")
    done = acts.settled(found)

    assert (done.ready, done.since) == (0, None)
    assert done.words == "the job failed: BackoffLimitExceeded; no log: it has no pod"


def test_a_job_that_is_gone_is_neither_complete_nor_failed(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Nobody can tell what became of it."""
    declare(tmp_path)

    with pytest.raises(Rejected, match="its Job is gone"):
        verb(cluster, tmp_path).settled(plan(cluster, tmp_path))


def test_a_second_job_of_a_template_waits_for_the_first(cluster: Cluster, tmp_path: Path) -> None:
    """Scripts are seldom written to run twice at a time."""
    declare(tmp_path)
    verb(cluster, tmp_path).apply(plan(cluster, tmp_path), key=KEY)

    with pytest.raises(Rejected, match="of the same template still runs"):
        plan(cluster, tmp_path)
    ended(cluster, "Complete")

    assert plan(cluster, tmp_path).dry_run == "accepted by the API server"


@pytest.mark.parametrize(
    "changed",
    [{"image": "scripts:2"}, {"command": ["/other.sh"]}, {"deadline": 5}, {"account": "a"}],
)
def test_another_template_is_another_plan(
    cluster: Cluster, tmp_path: Path, changed: Mapping[str, object]
) -> None:
    """What was approved must not run with what somebody wrote into the file afterwards."""
    declare(tmp_path)
    before = plan(cluster, tmp_path)
    declare(tmp_path, **changed)

    assert plan(cluster, tmp_path).digest != before.digest
    assert plan(cluster, tmp_path, "MODE=slow").digest != before.digest


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ("", "parameter MODE must be said"),
        ("MODE=odd", "is not one of fast, slow"),
        ("MODE=fast, COUNT=10", "is not a whole number from 1 to 9"),
        ("MODE=fast, COUNT=x", "is not a whole number from 1 to 9"),
        ("MODE=fast, NOTE=1", "is not a text that fits"),
        ("MODE=fast, LD_PRELOAD=x", "no parameter 'LD_PRELOAD'; there are: COUNT, MODE, NOTE"),
        ("MODE=fast, MODE=slow", "is not NAME=VALUE, once each"),
        ("MODE", "is not NAME=VALUE, once each"),
    ],
)
def test_a_value_beyond_its_parameter_is_refused(
    cluster: Cluster, tmp_path: Path, values: str, why: str
) -> None:
    """The message says which one, and what it may be."""
    declare(tmp_path)

    with pytest.raises(Rejected) as raised:
        plan(cluster, tmp_path, values)

    assert why in str(raised.value)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"shell": "sh"}, "unknown field 'shell'"),
        ({"command": "rm -rf /"}, "command is not a list of texts"),
        ({"command": []}, "command is not a list of texts"),
        ({"image": ""}, "image is missing"),
        ({"image": "a\nb"}, "image is missing or not"),
        ({"namespaces": []}, "namespaces is not a list"),
        ({"deadline": 0}, "deadline is not a whole number from 1 to 3600"),
        ({"deadline": True}, "deadline is not a whole number"),
        ({"keep": 1}, "keep is not a whole number from 600"),
        ({"parameters": {"count": {"type": "text", "pattern": "a"}}}, "its name is not"),
        ({"parameters": {"A": {"type": "odd"}}}, "its type is one of whole, choice, text"),
        ({"parameters": {"A": {"type": "text", "pattern": "("}}}, "pattern: "),
        ({"parameters": {"A": {"type": "text", "pattern": "a", "default": "b"}}}, "A.default: "),
        ({"parameters": {"A": {"type": "choice", "choices": []}}}, "choices is not a list"),
        ({"parameters": []}, "parameters is not a mapping"),
    ],
)
def test_a_template_that_is_wrong_says_where(
    tmp_path: Path, changed: Mapping[str, object], why: str
) -> None:
    """Nothing of it runs meanwhile."""
    declare(tmp_path, **changed)

    with pytest.raises(Rejected) as raised:
        Folder(tmp_path).read("warm")

    assert "warm.yaml" in str(raised.value)
    assert why in str(raised.value)


def test_a_template_runs_in_its_namespaces_alone(cluster: Cluster, tmp_path: Path) -> None:
    """The target says where; the template says whether."""
    declare(tmp_path, namespaces=["elsewhere"])

    with pytest.raises(Rejected, match="warm may run in elsewhere alone"):
        plan(cluster, tmp_path)


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    """A runbook's parameter may come from an alert."""
    with pytest.raises(Rejected, match="a name has small letters"):
        Folder(tmp_path).read("../warm")


def test_without_a_folder_nothing_runs(cluster: Cluster) -> None:
    """And it says so."""
    with pytest.raises(Rejected, match="no folder of templates is configured"):
        verbs(StandInKubernetes(cluster))["job"].plan(AT, {"template": "warm"})


def test_it_uses_exactly_the_rights_that_it_says(cluster: Cluster, tmp_path: Path) -> None:
    """The writer's Role is made of what actions say."""
    declare(tmp_path)
    recording = Recording(Logging(cluster), home=NAMESPACE)
    jobs = Jobs(
        templates=Folder(tmp_path),
        makes=recording,  # type: ignore[arg-type]  # answers any call of the port
        redact=str,
    )
    acts = verbs(recording, jobs=jobs)["job"]  # type: ignore[arg-type]  # as above
    found = acts.plan(AT, {"template": "warm", "values": "MODE=fast"})
    acts.apply(found, key=KEY)
    acts.already_done(found, key=KEY)
    put_pod(cluster)
    ended(cluster, "Complete")
    acts.settled(found)

    assert differs(recording.used, ACTION.rights) == EXACTLY


def test_the_policy_knows_the_templates_of_each_namespace(tmp_path: Path) -> None:
    """Where a template may not run, its namespace does not know it."""
    declare(tmp_path)
    install = Install(home="triaged", namespaces=(NAMESPACE, "other"))

    found = admission.documents(ACTION.rights, install, Folder(tmp_path).all())

    known = {
        each["metadata"]["namespace"]: each["data"]  # type: ignore[index]  # a mapping
        for each in found
        if each["metadata"]["name"] == policy.KNOWN  # type: ignore[index]  # a mapping
    }
    said = "image scripts:1\naccount default\n8 /warm.sh\n6 --once"
    assert known == {
        NAMESPACE: {"warm": said, "warm.environment": "COUNT\nMODE\nNOTE"},
        "other": {},
    }


@given(said=st.text(max_size=80))
def test_any_text_gives_values_within_their_parameters_or_a_refusal(said: str) -> None:
    """Whatever is typed, no other variable is set and none is beyond its bounds."""
    warm = template.read("warm", WARM, "warm.yaml")
    for text in (said, f"MODE=fast, {said}", f"MODE=fast, NOTE={said}"):
        try:
            values = warm.values(text)
        except Rejected:
            continue
        assert set(values) == {"COUNT", "MODE", "NOTE"}
        assert all(not one.wrong(values[one.name]) for one in warm.parameters)


def test_the_template_of_the_page_is_one(tmp_path: Path) -> None:
    """It is copied by whoever writes their first."""
    page = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text("utf-8")
    (tmp_path / "warm-cache.yaml").write_text(page.split("```yaml\n")[1].split("```")[0])

    found = Folder(tmp_path).read("warm-cache")

    assert dict(found.values("COUNT=20, MODE=fast")) == {
        "COUNT": "20",
        "MODE": "fast",
        "LABEL": "shared",
    }
    assert (found.deadline, found.keep, found.account) == (600, 86400, "default")
