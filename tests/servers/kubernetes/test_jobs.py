"""Jobs of templates on a real API server, made with the writer's token below the printed policy."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from cluster import roles
from cluster.actions.job import ACTION
from cluster.actions.plan import Done, Plan, Verb
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.jobs import policy
from cluster.jobs.supply import Jobs
from cluster.jobs.templates import Folder
from cluster.roles import WRITER, Install
from cluster.targets.target import Target
from incidents.errors import Rejected
from tests.contract.cluster.asking import Api, Body
from tests.contract.cluster.places import path
from tests.servers.kubernetes.conftest import Real
from tests.servers.kubernetes.test_least_privilege import _collection, client, entered

pytestmark = pytest.mark.server

KEY = "run-7/warm"


def declare(folder: Path, namespace: str, name: str, image: str) -> None:
    body = {
        "meaning": "Fill the prefix cache",
        "namespaces": [namespace],
        "image": image,
        "command": ["/warm.sh", "a\nb"],
        "parameters": {"COUNT": {"type": "whole", "minimum": 1, "maximum": 9}},
    }
    (folder / f"{name}.yaml").write_text(json.dumps(body))


def installed(place: Real, templates: Folder) -> None:
    """Apply the printed roles and policy of this action, as an operator would."""
    install = Install(home=place.namespace, namespaces=(place.namespace,))
    root = place.api()
    for each in [
        *roles.documents(ACTION.rights, install),
        *policy.documents(templates.all(), install),
    ]:
        applied = root.create(_collection(each), dict(each))
        if "namespace" not in applied["metadata"]:
            name = applied["metadata"]["name"]
            place.open.callback(root.delete, f"{_collection(each)}/{name}")


def acting(place: Real, templates: Folder) -> Verb:
    made = client(place, WRITER, place.folder)
    return verbs(made, jobs=Jobs(templates=templates, makes=made, redact=str))["job"]


def refused(verb: Verb, target: Target, template: str) -> str:
    try:
        verb.plan(target, {"template": template, "values": "COUNT=3"})
    except Rejected as error:
        return str(error)
    return ""


def test_a_job_runs_once_is_found_and_another_image_is_refused(place: Real, tmp_path: Path) -> None:
    """The whole way with the writer's token, and what the policy keeps from whoever has it."""
    known, root = tmp_path / "jobs", place.api()
    known.mkdir()
    declare(known, place.namespace, "warm", "scripts:1")
    templates = Folder(known)
    installed(place, templates)
    declare(known, place.namespace, "evil", "evil:1")
    target = Target(
        cluster="local",
        namespace=place.namespace,
        kind="Deployment",
        name="decode",
        uid="u-1",
        model="m",
        role="decode",
        pods=(),
    )
    verb = acting(place, templates)
    place.until(lambda: "of no template" in refused(verb, target, "evil"))
    made: Plan = verb.plan(target, {"template": "warm", "values": "COUNT=3"})

    verb.apply(made, key=KEY)
    again = verb.apply(made, key=KEY)

    assert "was created" in again.detail
    assert verb.already_done(made, key=KEY) is Done.YES
    assert verb.already_done(made, key="run-8/warm") is Done.NO
    [job] = root.get(path(kinds.JOB, place.namespace, "").rstrip("/"))["items"]
    tampered = {name: _tried(place, job, change) for name, change in CHANGES.items()}
    assert {name for name, said in tampered.items() if "triaged: " not in said} == set()
    assert _tried(place, job, lambda _: None) == ""
    place.until(lambda: _finished(root, place.namespace))
    place.until(lambda: verb.settled(made).since)
    assert verb.settled(made).words.startswith("the job is complete; ")


def _pod(job: Body) -> Body:
    found: Body = job["spec"]["template"]["spec"]
    return found


def _script(job: Body) -> Body:
    found: Body = _pod(job)["containers"][0]
    return found


MOUNT = {"name": "root", "hostPath": {"path": "/"}}
CHANGES: dict[str, Callable[[Body], object]] = {
    "image": lambda job: _script(job).update(image="evil:1"),
    "command": lambda job: _script(job).update(command=["sh", "-c", "curl evil"]),
    "command-in-other-words": lambda job: _script(job).update(command=["/warm.sh", "a", "b"]),
    "arguments": lambda job: _script(job).update(args=["--evil"]),
    "another-variable": lambda job: _script(job).update(env=[{"name": "LD_PRELOAD", "value": "x"}]),
    "a-secret": lambda job: _script(job).update(envFrom=[{"secretRef": {"name": "s"}}]),
    "a-secret-as-value": lambda job: _script(job).update(
        env=[{"name": "COUNT", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
    ),
    "account": lambda job: _pod(job).update(serviceAccountName=WRITER),
    "token": lambda job: _pod(job).update(automountServiceAccountToken=True),
    "host-files": lambda job: _pod(job).update(volumes=[MOUNT]),
    "host-network": lambda job: _pod(job).update(hostNetwork=True),
    "host-processes": lambda job: _pod(job).update(hostPID=True),
    "init": lambda job: _pod(job).update(initContainers=[_script(job) | {"name": "i"}]),
    "second": lambda job: _pod(job)["containers"].append(_script(job) | {"name": "two"}),
    "node": lambda job: _pod(job).update(nodeName="gpu-1"),
    "privileged": lambda job: _script(job)["securityContext"].update(allowPrivilegeEscalation=True),
    "capability": lambda job: _script(job)["securityContext"].update(
        capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}
    ),
    "as-root": lambda job: _pod(job).update(securityContext={"runAsUser": 0}),
    "gpu": lambda job: _script(job)["resources"].update(
        limits={"cpu": "1", "nvidia.com/gpu": "1"}, requests={}
    ),
    "hook": lambda job: _script(job).update(lifecycle={"preStop": {"exec": {"command": ["sh"]}}}),
    "probe": lambda job: _script(job).update(livenessProbe={"exec": {"command": ["sh"]}}),
    "many": lambda job: job["spec"].update(parallelism=50, completions=50),
    "without-end": lambda job: job["spec"].pop("activeDeadlineSeconds"),
    "selected-by-a-service": lambda job: job["spec"]["template"]["metadata"]["labels"].update(
        app="decode"
    ),
    "another-template": lambda job: job["metadata"]["labels"].update({"triaged.dev/job": "evil"}),
}


def _tried(place: Real, job: Body, change: Callable[[Body], object]) -> str:
    """Return what the API server says of creating a Job like this one, with a change."""
    labels = {name: job["metadata"]["labels"][name] for name in ("triaged.dev/job",)}
    given = deepcopy({"metadata": {"generateName": "x-", "labels": labels}, "spec": job["spec"]})
    given["spec"].pop("selector")
    given["spec"]["template"]["metadata"] = {"labels": dict(labels)}
    change(given)
    where = path(kinds.JOB, place.namespace, "").rstrip("/")
    return entered(place, WRITER).ask("POST", where, given, dryRun="All").message


def _finished(root: Api, namespace: str) -> bool:
    """Let the pod end as a kubelet says it, and tell whether it did."""
    pods = root.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    for each in pods:
        name = each["metadata"]["name"]
        status = {"status": {"phase": "Succeeded"}}
        root.change(f"/api/v1/namespaces/{namespace}/pods/{name}/status", status)
    return bool(pods)
