"""Creating, replacing and deleting through the official client, and what a watch forgets."""

import json
from collections.abc import Iterator

import pytest
import urllib3
from kubernetes import client

from drills.kubernetes.objects import Object
from drills.kubernetes.people import kubectl_scale
from drills.kubernetes.seed import deployment
from drills.kubernetes.state import Cluster

NAMESPACE = "llm-d"
DECODE = "pd-disaggregation-nvidia-gpu-vllm-decode"
LIMIT = {"_request_timeout": 5}


@pytest.fixture
def apps(api: client.ApiClient) -> client.AppsV1Api:
    """Return the apps API."""
    return client.AppsV1Api(api)


@pytest.fixture
def second() -> Object:
    """Return a Deployment that is not there yet."""
    made = deployment("decode", model="mixtral", namespace=NAMESPACE, replicas=1)
    made["metadata"]["name"] = "second"
    return made


@pytest.fixture
def raw(address: str) -> Iterator[urllib3.PoolManager]:
    """Yield plain HTTP with the token of root."""
    assert address
    with urllib3.PoolManager(headers={"authorization": "Bearer root"}, retries=False) as pool:
        yield pool


def test_an_object_is_created_with_its_defaults(apps: client.AppsV1Api, second: Object) -> None:
    """What was left out is filled in as Kubernetes does."""
    made = apps.create_namespaced_deployment(NAMESPACE, second, **LIMIT)

    assert made.spec.strategy.rolling_update.max_surge == "25%"
    assert (made.metadata.generation, made.metadata.uid == "") == (1, False)
    assert made.metadata.managed_fields[0].manager == "OpenAPI-Generator"


def test_a_dry_create_leaves_nothing_behind(apps: client.AppsV1Api, second: Object) -> None:
    """It answers as if done, without a version."""
    made = apps.create_namespaced_deployment(NAMESPACE, second, dry_run="All", **LIMIT)

    with pytest.raises(client.ApiException) as refused:
        apps.read_namespaced_deployment("second", NAMESPACE, **LIMIT)
    assert (made.metadata.resource_version, refused.value.status) == (None, 404)


def test_a_taken_name_is_refused(apps: client.AppsV1Api, second: Object) -> None:
    """Two objects never share a name."""
    apps.create_namespaced_deployment(NAMESPACE, second, **LIMIT)

    with pytest.raises(client.ApiException) as refused:
        apps.create_namespaced_deployment(NAMESPACE, second, **LIMIT)

    assert json.loads(refused.value.body)["reason"] == "AlreadyExists"


def test_an_unknown_namespace_is_refused(apps: client.AppsV1Api, second: Object) -> None:
    """A typing error must not make a namespace."""
    second["metadata"]["namespace"] = "nowhere"

    with pytest.raises(client.ApiException) as refused:
        apps.create_namespaced_deployment("nowhere", second, **LIMIT)

    assert json.loads(refused.value.body)["message"] == 'namespaces "nowhere" not found'


def test_a_replace_rests_on_the_version_it_read(apps: client.AppsV1Api, cluster: Cluster) -> None:
    """PUT carries the version of the object that was read."""
    read = apps.read_namespaced_deployment(DECODE, NAMESPACE, **LIMIT)
    kubectl_scale(cluster, NAMESPACE, DECODE, 5)
    read.spec.replicas = 6

    with pytest.raises(client.ApiException) as refused:
        apps.replace_namespaced_deployment(DECODE, NAMESPACE, read, **LIMIT)
    read.metadata.resource_version = None
    after = apps.replace_namespaced_deployment(DECODE, NAMESPACE, read, **LIMIT)

    assert (refused.value.status, after.spec.replicas) == (409, 6)


def test_the_status_is_written_through_its_own_path_only(apps: client.AppsV1Api) -> None:
    """A client that writes status by the way changes nothing."""
    body = {"status": {"replicas": 99}, "spec": {"replicas": 4}}
    merge = {"_content_type": "application/merge-patch+json"}
    main = apps.patch_namespaced_deployment(DECODE, NAMESPACE, body, **merge, **LIMIT)
    through = apps.patch_namespaced_deployment_status(DECODE, NAMESPACE, body, **merge, **LIMIT)

    assert (main.status.replicas, through.status.replicas) == (4, 99)


def test_the_selector_of_a_deployment_is_immutable(apps: client.AppsV1Api) -> None:
    """Otherwise pods would be orphaned."""
    body = {"spec": {"selector": {"matchLabels": {"llm-d.ai/role": "prefill"}}}}

    with pytest.raises(client.ApiException) as refused:
        apps.patch_namespaced_deployment(
            DECODE, NAMESPACE, body, _content_type="application/merge-patch+json", **LIMIT
        )

    assert refused.value.status == 422


def test_a_deleted_deployment_answers_with_a_status(apps: client.AppsV1Api) -> None:
    """Only pods answer with themselves."""
    gone = apps.delete_namespaced_deployment(DECODE, NAMESPACE, **LIMIT)

    assert (gone["kind"], gone["status"]) == ("Status", "Success")
    assert gone["details"]["kind"] == "deployments"


def test_a_watch_from_a_forgotten_version_is_told_so(
    address: str, raw: urllib3.PoolManager, cluster: Cluster
) -> None:
    """The client has to list again, as after etcd's compaction."""
    first = cluster.version
    kubectl_scale(cluster, NAMESPACE, DECODE, 5)
    cluster.forget()
    kubectl_scale(cluster, NAMESPACE, DECODE, 6)
    path = f"/apis/apps/v1/deployments?watch=1&timeoutSeconds=2&resourceVersion={first}"
    line = json.loads(raw.request("GET", address + path, timeout=5).data.splitlines()[0])

    assert (line["type"], line["object"]["code"]) == ("ERROR", 410)


def test_a_user_agent_names_the_field_manager(
    address: str, raw: urllib3.PoolManager, apps: client.AppsV1Api
) -> None:
    """Whoever names no fieldManager is entered by its program."""
    headers = {
        "authorization": "Bearer root",
        "content-type": "application/merge-patch+json",
        "user-agent": "argocd-controller/v3.2",
    }
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{DECODE}"
    raw.request("PATCH", address + path, body=b'{"spec":{"replicas":5}}', headers=headers)
    entries = apps.read_namespaced_deployment(DECODE, NAMESPACE, **LIMIT).metadata.managed_fields

    assert [one.manager for one in entries if "f:replicas" in one.fields_v1.get("f:spec", {})] == [
        "argocd-controller"
    ]
