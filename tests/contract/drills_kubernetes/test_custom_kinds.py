"""Custom kinds are there when they were installed, to be read, in every version of theirs."""

from collections.abc import Iterator

import pytest
from kubernetes import client

from drills.kubernetes import shapes
from drills.kubernetes.resources import OLD_SERVICES
from drills.kubernetes.state import Cluster

NAMESPACE = "llm-d"
LIMIT = {"_request_timeout": 5}
POOLS = ("inference.networking.k8s.io", "v1", NAMESPACE, "inferencepools")


@pytest.fixture
def custom(api: client.ApiClient) -> client.CustomObjectsApi:
    return client.CustomObjectsApi(api)


@pytest.fixture
def bare(cluster: Cluster) -> Iterator[Cluster]:
    """Yield the cluster, which has no custom kind, and take away what the test installed."""
    yield cluster
    cluster.uninstall()


def code(refused: pytest.ExceptionInfo[client.ApiException]) -> int:
    return int(refused.value.status or 0)


def test_a_kind_that_is_not_installed_is_404(
    custom: client.CustomObjectsApi, bare: Cluster
) -> None:
    """As on a cluster without its definition."""
    with pytest.raises(client.ApiException) as refused:
        custom.list_namespaced_custom_object(*POOLS, **LIMIT)

    assert code(refused) == 404


def test_an_installed_kind_is_listed_in_pages_by_its_labels(
    custom: client.CustomObjectsApi, bare: Cluster
) -> None:
    """Lists of custom kinds are lists."""
    for name in ("a", "b", "c"):
        shapes.pool(bare, name, {"app": name})

    first = custom.list_namespaced_custom_object(*POOLS, limit=2, **LIMIT)
    token = first["metadata"]["continue"]
    rest = custom.list_namespaced_custom_object(*POOLS, limit=2, _continue=token, **LIMIT)
    none = custom.list_namespaced_custom_object(*POOLS, label_selector="app=a", **LIMIT)

    assert [one["metadata"]["name"] for one in first["items"]] == ["a", "b"]
    assert [one["metadata"]["name"] for one in rest["items"]] == ["c"]
    assert none["items"] == []
    assert first["metadata"]["resourceVersion"]


def test_one_object_is_shown_in_each_version_of_its_kind(
    custom: client.CustomObjectsApi, bare: Cluster
) -> None:
    """KServe serves two versions of one LLMInferenceService."""
    shapes.kserve(bare, "ks", model="m")
    bare.install(OLD_SERVICES)

    shown = [
        custom.get_namespaced_custom_object(
            "serving.kserve.io", version, NAMESPACE, "llminferenceservices", "ks", **LIMIT
        )
        for version in ("v1alpha1", "v1alpha2")
    ]

    assert [one["apiVersion"].partition("/")[2] for one in shown] == ["v1alpha1", "v1alpha2"]
    assert shown[0]["metadata"]["uid"] == shown[1]["metadata"]["uid"]


def test_a_write_of_a_custom_kind_is_refused_aloud(
    custom: client.CustomObjectsApi, bare: Cluster
) -> None:
    """Its controller is not imitated: what would follow from the write would be missing."""
    shapes.groups(bare, "lws", model="m")

    with pytest.raises(client.ApiException) as refused:
        custom.patch_namespaced_custom_object(
            "leaderworkerset.x-k8s.io", "v1", NAMESPACE, "leaderworkersets", "lws", {}, **LIMIT
        )

    assert code(refused) == 501


def test_what_only_gateways_follow_is_written(
    custom: client.CustomObjectsApi, bare: Cluster
) -> None:
    """Weights and failure modes are changed in incidents, and nothing in the cluster follows."""
    shapes.route(bare, "llama", model="m", to="blue")
    where = ("gateway.networking.k8s.io", "v1", NAMESPACE, "httproutes", "llama")

    written = custom.patch_namespaced_custom_object(*where, {"spec": {"rules": []}}, **LIMIT)

    assert (written["spec"], written["metadata"]["generation"]) == ({"rules": []}, 2)


def test_discovery_names_the_installed_kinds(api: client.ApiClient, bare: Cluster) -> None:
    """Kubectl asks there first."""
    before = {group.name for group in client.ApisApi(api).get_api_versions(**LIMIT).groups}
    shapes.groups(bare, "lws", model="m")
    after = {group.name for group in client.ApisApi(api).get_api_versions(**LIMIT).groups}

    assert after - before == {"leaderworkerset.x-k8s.io"}
