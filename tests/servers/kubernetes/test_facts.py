"""Facts about a real API server that actions and checks build on; the stand-in has none of them."""

import base64
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cluster.clients import kinds
from cluster.clients.objects import OwnerReference
from incidents.errors import Unavailable
from tests.contract.cluster import objects
from tests.contract.cluster.asking import APPLY, MERGE, Api
from tests.contract.cluster.places import path
from tests.servers.kubernetes.conftest import REVIEWS, Real

pytestmark = pytest.mark.server

POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
WRITER = frozenset({"get deployments", "patch deployments/scale", "patch deployments"})


def test_the_pages_of_a_list_are_of_one_moment(place: Real) -> None:
    """What changes between two pages is in neither of them: a list is never half old, half new."""
    pods = path(kinds.POD, place.namespace)
    for number in range(3):
        place.make(kinds.POD, objects.pod(f"p-{number}"))
    first = place.api().get(pods, limit=1)
    place.api().delete(f"{pods}/p-2", gracePeriodSeconds=0)
    place.make(kinds.POD, objects.pod("p-1-late"))

    rest = place.api().get(pods, **{"continue": first["metadata"]["continue"]})

    assert [each["metadata"]["name"] for each in rest["items"]] == ["p-1", "p-2"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_page_that_etcd_has_forgotten_is_gone(place: Real) -> None:
    """410 with reason Expired: the list has to begin anew."""
    place.plane.forget()
    written = {"v": "meta.k8s.io/v1", "rv": 2, "start": "a\u0000"}
    token = base64.urlsafe_b64encode(json.dumps(written).encode()).decode().rstrip("=")

    told = place.api().ask(
        "GET", path(kinds.GROUPS, place.namespace), limit=1, **{"continue": token}
    )

    assert (told.status, told.body["reason"]) == (410, "Expired")
    assert told.message.startswith(
        "The provided continue parameter is too old to display a consistent list result."
    )


def test_a_watch_from_a_forgotten_version_is_told_so(place: Real) -> None:
    """As its first event, in an answer of 200; from a fresh list on it goes on."""
    groups = path(kinds.GROUPS, place.namespace)
    place.make(kinds.GROUPS, objects.groups("one", replicas=0))
    place.plane.forget()

    (told,) = place.api().watch(groups, resourceVersion=1, timeoutSeconds=5)
    fresh = place.api().get(groups)["metadata"]["resourceVersion"]
    place.make(kinds.GROUPS, objects.groups("two", replicas=0))
    again = next(place.api().watch(groups, resourceVersion=fresh, timeoutSeconds=5))

    assert (told["type"], told["object"]["code"], told["object"]["reason"]) == (
        "ERROR",
        410,
        "Expired",
    )
    assert (again["type"], again["object"]["metadata"]["name"]) == ("ADDED", "two")


def test_an_apply_does_not_take_what_git_wrote(place: Real) -> None:
    """Server-side apply names the field and its owner; only force takes it, and says so."""
    decode = path(kinds.DEPLOYMENT, place.namespace, "decode")
    root, whole = place.api(), objects.deployment("decode", replicas=2)
    root.change(decode, whole, form=APPLY, fieldManager="argocd-controller")
    ours = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "decode"},
        "spec": {"replicas": 3},
    }

    told = root.ask("PATCH", decode, ours, form=APPLY, fieldManager="triaged")
    forced = root.change(decode, ours, form=APPLY, fieldManager="triaged", force="true")

    assert (told.status, told.body["reason"]) == (409, "Conflict")
    assert told.body["details"]["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "argocd-controller"',
            "field": ".spec.replicas",
        }
    ]
    owners = [
        (each["manager"], each["operation"])
        for each in forced["metadata"]["managedFields"]
        if "f:replicas" in each["fieldsV1"].get("f:spec", {})
    ]
    assert owners == [("triaged", "Apply")]


def test_an_unknown_field_is_dropped_unless_asked_about(place: Real) -> None:
    """A spelling mistake in a patch would otherwise be a change that changes nothing."""
    place.make(kinds.DEPLOYMENT, objects.deployment("decode", replicas=0))
    decode = path(kinds.DEPLOYMENT, place.namespace, "decode")
    wrong = {"spec": {"replicaz": 3}}

    dropped = place.api().change(decode, wrong)
    told = place.api().ask("PATCH", decode, wrong, form=MERGE, fieldValidation="Strict")

    assert "replicaz" not in dropped["spec"]
    assert (told.status, 'unknown field "spec.replicaz"' in told.message) == (422, True)


def test_a_policy_holds_a_writer_to_its_bounds(place: Real) -> None:
    """Whatever rights it has: a ValidatingAdmissionPolicy says no, also to a dry run."""
    place.make(kinds.DEPLOYMENT, objects.deployment("decode", replicas=1))
    place.grant("writer", WRITER)
    decode = path(kinds.DEPLOYMENT, place.namespace, "decode")
    writer, size = place.api("writer"), {"spec": {"replicas": 6}}

    with _policy(place):
        place.until(lambda: _scale(writer, decode, size, dryRun="All") == 422)
        answers = {
            "scale": _scale(writer, decode, size),
            "whole": _patch(writer, decode, size),
            "within": _scale(writer, decode, {"spec": {"replicas": 5}}),
            "somebody else": _scale(place.api(), decode, size),
        }
        told = writer.ask("PATCH", f"{decode}/scale", size, form=MERGE)

    assert answers == {"scale": 422, "whole": 422, "within": 200, "somebody else": 200}
    assert told.body["reason"] == "Invalid"
    assert "denied request: at most 5 replicas, not 6" in told.message


def test_what_one_may_is_answered_without_trying(place: Real) -> None:
    """For oneself nobody needs a right to ask it."""
    place.grant("writer", WRITER)

    def allowed(verb: str, resource: str, subresource: str = "", group: str = "apps") -> bool:
        asked = {
            "namespace": place.namespace,
            "verb": verb,
            "group": group,
            "resource": resource,
            "subresource": subresource,
        }
        told = place.api("writer").create(REVIEWS, {"spec": {"resourceAttributes": asked}})
        return told["status"]["allowed"] is True

    assert allowed("patch", "deployments", "scale")
    assert not allowed("patch", "statefulsets", "scale")
    assert not allowed("delete", "pods", group="")
    assert not allowed("patch", "nodes", group="")


def test_a_quota_keeps_pods_away_and_not_the_size(place: Real) -> None:
    """The scale is accepted, dry and real; only the Deployment's condition says what is wrong."""
    root = place.api()
    quota = {"metadata": {"name": "gpus"}, "spec": {"hard": {"requests.nvidia.com/gpu": "1"}}}
    root.create(path(kinds.QUOTA, place.namespace), quota)
    place.until(lambda: root.get(path(kinds.QUOTA, place.namespace, "gpus"))["status"].get("hard"))
    greedy = objects.deployment("decode", replicas=1)
    greedy["spec"]["template"] = objects.template({"app": "decode"}, gpus=2)

    place.make(kinds.DEPLOYMENT, greedy)
    decode = path(kinds.DEPLOYMENT, place.namespace, "decode")
    failed = place.until(lambda: _condition(root.get(decode), "ReplicaFailure"))

    assert (failed["status"], failed["reason"]) == ("True", "FailedCreate")
    assert "exceeded quota: gpus, requested: requests.nvidia.com/gpu=2" in failed["message"]


def test_a_frozen_api_server_is_away_in_time(place: Real) -> None:
    """It takes connections and says nothing: only our own deadline ends that."""
    client = place.client(connect=0.5, read=0.5, total=1.0)
    reference = OwnerReference(kind="Deployment", name="decode", api_version="apps/v1")

    with (
        _frozen(place.plane.pids["kube-apiserver"]),
        pytest.raises(Unavailable, match="did not answer in time"),
    ):
        client.thing(place.namespace, reference)

    assert client.pods(place.namespace, "") == []


@contextmanager
def _frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def _policy(place: Real) -> Iterator[None]:
    """Bound the sizes that the writer may write in the namespace, for a while."""
    root, name = place.api(), place.namespace
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["UPDATE"],
        "resources": ["deployments", "deployments/scale"],
    }
    bounds = {
        "expression": "object.spec.replicas <= 5",
        "messageExpression": "'at most 5 replicas, not ' + string(object.spec.replicas)",
    }
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [
            {"name": "writer", "expression": "request.userInfo.username == 'writer'"}
        ],
        "validations": [bounds],
    }
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    bound = {"policyName": name, "validationActions": ["Deny"], "matchResources": here}
    root.create(POLICIES, {"metadata": {"name": name}, "spec": spec})
    root.create(BINDINGS, {"metadata": {"name": name}, "spec": bound})
    yield
    root.delete(f"{BINDINGS}/{name}")
    root.delete(f"{POLICIES}/{name}")


def _scale(api: Api, decode: str, size: object, **query: str) -> int:
    return _patch(api, f"{decode}/scale", size, **query)


def _patch(api: Api, where: str, change: object, **query: str) -> int:
    return api.ask("PATCH", where, change, form=MERGE, **query).status


def _condition(found: dict[str, object], kind: str) -> dict[str, str]:
    given = found.get("status", {}).get("conditions") or ()
    return next((each for each in given if each["type"] == kind), {})
