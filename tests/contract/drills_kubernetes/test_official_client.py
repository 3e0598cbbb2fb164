"""The official Kubernetes client works against the stand-in unchanged."""

import itertools
import json

import pytest
import urllib3
from kubernetes import client, watch
from starlette.applications import Starlette

from drills.kubernetes.faults import Fault, Kind
from drills.kubernetes.people import kubectl_scale
from drills.kubernetes.state import Cluster

NAMESPACE = "llm-d"
DECODE = "pd-disaggregation-nvidia-gpu-vllm-decode"
LIMIT = {"_request_timeout": 5}
MERGE = {"_content_type": "application/merge-patch+json"}


@pytest.fixture
def apps(api: client.ApiClient) -> client.AppsV1Api:
    """Return the apps API."""
    return client.AppsV1Api(api)


@pytest.fixture
def core(api: client.ApiClient) -> client.CoreV1Api:
    """Return the core API."""
    return client.CoreV1Api(api)


def test_the_version_is_answered(api: client.ApiClient) -> None:
    """Clients ask it first to see whether anybody is there."""
    assert client.VersionApi(api).get_code(**LIMIT).git_version == "v1.35.1"


def test_workloads_are_found_by_their_labels(apps: client.AppsV1Api) -> None:
    """Targets are found by labels, never by names."""
    found = apps.list_namespaced_deployment(
        NAMESPACE, label_selector="llm-d.ai/role in (decode, both),llm-d.ai/model", **LIMIT
    )

    assert [one.metadata.name for one in found.items] == [DECODE]
    assert found.items[0].status.ready_replicas == 4
    assert found.metadata.resource_version


def test_pods_lead_to_their_deployment_by_owner(
    apps: client.AppsV1Api, core: client.CoreV1Api
) -> None:
    """Who owns a pod is climbed by ownerReferences."""
    pods = core.list_namespaced_pod(NAMESPACE, label_selector="llm-d.ai/role=decode", **LIMIT)
    owner = pods.items[0].metadata.owner_references[0]
    replicaset = apps.read_namespaced_replica_set(owner.name, NAMESPACE, **LIMIT)

    assert (owner.kind, owner.controller) == ("ReplicaSet", True)
    assert replicaset.metadata.owner_references[0].name == DECODE


def test_a_scale_is_written_through_its_subresource(apps: client.AppsV1Api, app: Starlette) -> None:
    """Scaling is the one change that the story makes."""
    before = apps.read_namespaced_deployment_scale(DECODE, NAMESPACE, **LIMIT)
    body = {
        "metadata": {"resourceVersion": before.metadata.resource_version},
        "spec": {"replicas": 6},
    }
    after = apps.patch_namespaced_deployment_scale(
        DECODE, NAMESPACE, body, field_manager="triaged", **MERGE, **LIMIT
    )
    deployment = apps.read_namespaced_deployment(DECODE, NAMESPACE, **LIMIT)
    entry = next(one for one in deployment.metadata.managed_fields if one.manager == "triaged")

    assert after.spec.replicas == deployment.spec.replicas == 6
    assert deployment.metadata.generation == 2
    assert (entry.subresource, entry.fields_v1) == ("scale", {"f:spec": {"f:replicas": {}}})
    assert [(c.verb, c.written) for c in app.state.calls.all() if c.written] == [("patch", True)]


def test_a_dry_run_answers_and_changes_nothing(apps: client.AppsV1Api, cluster: Cluster) -> None:
    """A plan asks the API server first; asking must be free."""
    version = cluster.version
    after = apps.patch_namespaced_deployment_scale(
        DECODE, NAMESPACE, {"spec": {"replicas": 6}}, dry_run="All", **MERGE, **LIMIT
    )

    assert (after.spec.replicas, cluster.version) == (6, version)


def test_an_old_version_is_a_conflict(apps: client.AppsV1Api, cluster: Cluster) -> None:
    """An approval given on a stale picture must fail instead of acting."""
    stale = apps.read_namespaced_deployment_scale(DECODE, NAMESPACE, **LIMIT)
    kubectl_scale(cluster, NAMESPACE, DECODE, 5)
    body = {
        "metadata": {"resourceVersion": stale.metadata.resource_version},
        "spec": {"replicas": 6},
    }

    with pytest.raises(client.ApiException) as refused:
        apps.patch_namespaced_deployment_scale(DECODE, NAMESPACE, body, **MERGE, **LIMIT)

    assert (refused.value.status, "object has been modified" in refused.value.body) == (409, True)


def test_a_json_patch_tests_before_it_writes(apps: client.AppsV1Api, cluster: Cluster) -> None:
    """Rollbacks carry their precondition as a test operation."""
    version = cluster.version
    patch = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "1"},
        {"op": "replace", "path": "/spec/replicas", "value": 9},
    ]

    with pytest.raises(client.ApiException) as refused:
        apps.patch_namespaced_deployment(
            DECODE, NAMESPACE, patch, _content_type="application/json-patch+json", **LIMIT
        )

    assert (refused.value.status, refused.value.reason) == (422, "Unprocessable Entity")
    assert cluster.version == version


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        pytest.param("application/merge-patch+json", {"spec": {"replicas": -1}}, 422, id="less"),
        pytest.param("application/merge-patch+json", {"spec": {"replicas": "x"}}, 422, id="word"),
        pytest.param("application/merge-patch+json", [], 400, id="not-an-object"),
        pytest.param("application/merge-patch+json", {"metadata": "x"}, 422, id="no-metadata"),
        pytest.param("application/apply-patch+yaml", {"spec": {}}, 422, id="applied-by-nobody"),
    ],
)
def test_a_bad_patch_is_refused(
    apps: client.AppsV1Api, content_type: str, body: object, code: int
) -> None:
    """What the real server refuses must not pass in the rehearsal."""
    with pytest.raises(client.ApiException) as refused:
        apps.patch_namespaced_deployment(
            DECODE, NAMESPACE, body, _content_type=content_type, **LIMIT
        )

    assert refused.value.status == code


def test_an_unknown_content_type_is_refused(address: str) -> None:
    """The official client would not send it; somebody's curl would."""
    answer = urllib3.request(
        "PATCH",
        f"{address}/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{DECODE}",
        body=b"{}",
        headers={"authorization": "Bearer root", "content-type": "text/plain"},
        timeout=5,
    )

    assert (answer.status, answer.json()["reason"]) == (415, "UnsupportedMediaType")


def test_a_pod_is_deleted_only_under_its_uid(core: client.CoreV1Api) -> None:
    """The name of a pod says nothing about which pod it is."""
    pod = core.list_namespaced_pod(NAMESPACE, limit=1, **LIMIT).items[0]
    name = pod.metadata.name
    wrong = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="somebody else"))
    right = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=pod.metadata.uid))

    with pytest.raises(client.ApiException) as refused:
        core.delete_namespaced_pod(name, NAMESPACE, body=wrong, **LIMIT)
    gone = core.delete_namespaced_pod(name, NAMESPACE, body=right, **LIMIT)

    assert refused.value.status == 409
    assert gone.metadata.deletion_grace_period_seconds == 75


def test_lists_come_in_pages(core: client.CoreV1Api) -> None:
    """A client that pages sees every pod once."""
    names, token = [], None
    while token != "":
        page = core.list_namespaced_pod(NAMESPACE, limit=4, _continue=token, **LIMIT)
        names += [pod.metadata.name for pod in page.items]
        token = page.metadata._continue or ""

    assert names == sorted(set(names))
    assert len(names) == 6


def test_events_are_selected_by_their_object(core: client.CoreV1Api) -> None:
    """The timeline asks for the events of one workload."""
    fields = f"involvedObject.name={DECODE},involvedObject.kind=Deployment"
    found = core.list_namespaced_event(NAMESPACE, field_selector=fields, **LIMIT).items

    assert [one.reason for one in found] == ["ScalingReplicaSet"]
    assert found[0].message.endswith("from 0 to 4")


def test_a_watch_tells_what_somebody_else_did(apps: client.AppsV1Api, cluster: Cluster) -> None:
    """Changes by other hands go on the timeline."""
    version = str(cluster.version)
    kubectl_scale(cluster, NAMESPACE, DECODE, 5)
    told = watch.Watch().stream(
        apps.list_namespaced_deployment,
        NAMESPACE,
        resource_version=version,
        timeout_seconds=5,
        **LIMIT,
    )
    one = next(itertools.islice(told, 1))

    assert (one["type"], one["object"].spec.replicas) == ("MODIFIED", 5)


def test_who_may_only_read_cannot_scale(reader: client.ApiClient) -> None:
    """RBAC is tried in the rehearsal, not met first in production."""
    apps = client.AppsV1Api(reader)

    with pytest.raises(client.ApiException) as refused:
        apps.patch_namespaced_deployment_scale(
            DECODE, NAMESPACE, {"spec": {"replicas": 6}}, **MERGE, **LIMIT
        )

    message = json.loads(refused.value.body)["message"]
    assert refused.value.status == 403
    assert 'User "reader" cannot patch resource "deployments/scale" in API group "apps"' in message


def test_a_wrong_token_is_nobody(stranger: client.ApiClient) -> None:
    """401, not 403: the answer tells an operator where to look."""
    with pytest.raises(client.ApiException) as refused:
        client.CoreV1Api(stranger).list_namespace(**LIMIT)

    assert refused.value.status == 401


@pytest.mark.parametrize(
    ("path", "code"),
    [
        pytest.param("/apis/batch/v1/jobs", 501, id="kubernetes-own-but-not-ours"),
        pytest.param("/api/v1/namespaces/llm-d/secrets", 501, id="kind-not-ours"),
        pytest.param("/api/v1/pods?sendInitialEvents=true", 400, id="parameter-not-ours"),
        pytest.param(
            "/api/v1/pods?fieldSelector=spec.hostname%3Dx", 400, id="field-not-selectable"
        ),
        pytest.param("/api/v1/pods?limit=many", 400, id="limit-no-number"),
        pytest.param("/api/v1/pods?watch=1&resourceVersion=x", 400, id="version-no-number"),
        pytest.param("/api/v1/namespaces/llm-d/pods/none", 404, id="no-such-pod"),
    ],
)
def test_what_is_not_there_is_said_and_not_made_up(address: str, path: str, code: int) -> None:
    """A stand-in that answers what it does not know teaches the bot falsehoods."""
    headers = {"authorization": "Bearer root"}
    answer = urllib3.request("GET", address + path, headers=headers, retries=False, timeout=5)

    assert (answer.status, answer.json()["kind"], answer.json()["code"]) == (code, "Status", code)


def test_a_custom_kind_that_is_not_there_is_no_page(address: str) -> None:
    """The real server has no Status for it either: a client must not need one."""
    headers = {"authorization": "Bearer root"}
    path = "/apis/disaggregatedset.x-k8s.io/v1/disaggregatedsets"
    answer = urllib3.request("GET", address + path, headers=headers, retries=False, timeout=5)

    assert (answer.status, answer.data) == (404, b"404 page not found\n")


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        pytest.param(Kind.CUT_BEFORE, False, id="before"),
        pytest.param(Kind.CUT_AFTER, True, id="after"),
    ],
)
def test_a_cut_connection_hides_whether_it_was_written(
    apps: client.AppsV1Api, app: Starlette, kind: Kind, *, written: bool
) -> None:
    """Both look the same to the client; the call log knows."""
    app.state.faults.add(Fault(kind=kind, verbs=frozenset({"patch"}), times=1))

    with pytest.raises(urllib3.exceptions.HTTPError):
        apps.patch_namespaced_deployment_scale(
            DECODE, NAMESPACE, {"spec": {"replicas": 6}}, **MERGE, **LIMIT
        )

    call = app.state.calls.all()[-1]
    assert (call.verb, call.code, call.written) == ("patch", 0, written)
    after = apps.read_namespaced_deployment_scale(DECODE, NAMESPACE, **LIMIT)
    assert after.spec.replicas == (6 if written else 4)


@pytest.mark.parametrize(
    ("kind", "code", "written"),
    [
        pytest.param(Kind.CONFLICT, 409, False, id="conflict"),
        pytest.param(Kind.ERROR_BEFORE, 500, False, id="error-before"),
        pytest.param(Kind.ERROR_AFTER, 500, True, id="error-after"),
    ],
)
def test_a_planned_failure_happens_once(
    apps: client.AppsV1Api, app: Starlette, kind: Kind, code: int, *, written: bool
) -> None:
    """A checker needs to know which request failed and what it did."""
    app.state.faults.add(Fault(kind=kind, verbs=frozenset({"patch"}), times=1))
    body = {"spec": {"replicas": 6}}

    with pytest.raises(client.ApiException) as refused:
        apps.patch_namespaced_deployment_scale(DECODE, NAMESPACE, body, **MERGE, **LIMIT)
    apps.patch_namespaced_deployment_scale(DECODE, NAMESPACE, body, **MERGE, **LIMIT)

    calls = app.state.calls.all()
    assert refused.value.status == code
    assert [(one.code, one.written) for one in calls] == [(code, written), (200, not written)]


def test_a_hanging_server_is_left_by_the_clients_own_deadline(
    apps: client.AppsV1Api, app: Starlette
) -> None:
    """Only the client's timeout ends such a call."""
    app.state.faults.add(Fault(kind=Kind.HANG, times=1))

    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        apps.read_namespaced_deployment(DECODE, NAMESPACE, _request_timeout=0.2)


def test_a_reset_puts_everything_back(
    apps: client.AppsV1Api, address: str, cluster: Cluster
) -> None:
    """Each story starts from the same cluster, and versions never run backwards."""
    version = cluster.version
    kubectl_scale(cluster, NAMESPACE, DECODE, 9)
    urllib3.request("POST", f"{address}/control/reset", timeout=5)
    after = apps.read_namespaced_deployment(DECODE, NAMESPACE, **LIMIT)
    calls = urllib3.request("GET", f"{address}/control/calls", timeout=5).json()["calls"]

    assert after.spec.replicas == 4
    assert int(after.metadata.resource_version) > version
    assert [one["path"].rsplit("/", 1)[-1] for one in calls] == [DECODE]


def test_a_fault_is_added_from_another_process(apps: client.AppsV1Api, address: str) -> None:
    """A checker that runs beside the bot plans faults over the wire."""
    fault = {"kind": "error before", "verbs": ["get"], "times": 1}
    urllib3.request("POST", f"{address}/control/faults", json=fault, timeout=5)

    with pytest.raises(client.ApiException) as refused:
        apps.read_namespaced_deployment(DECODE, NAMESPACE, **LIMIT)
    after = apps.read_namespaced_deployment(DECODE, NAMESPACE, **LIMIT)

    assert (refused.value.status, after.metadata.name) == (500, DECODE)


def test_discovery_names_the_kinds_that_are_served(api: client.ApiClient) -> None:
    """A client looks here to see whether a custom resource is installed."""
    groups = [one.name for one in client.ApisApi(api).get_api_versions(**LIMIT).groups]
    kinds = client.AppsV1Api(api).get_api_resources(**LIMIT).resources

    assert groups == ["apps", "autoscaling", "discovery.k8s.io", "networking.k8s.io", "policy"]
    assert {"deployments", "deployments/scale", "replicasets"} <= {one.name for one in kinds}
