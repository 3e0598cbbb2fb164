"""The stand-in and a real API server answer plain HTTP with the same status, reason and message."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.contract.cluster import objects
from tests.contract.cluster.asking import APPLY, JSON_PATCH, MERGE, STRATEGIC, Api
from tests.contract.cluster.places import StandIn, stand_in
from tests.servers.kubernetes.conftest import Real

pytestmark = pytest.mark.server

APPS = "/apis/apps/v1/namespaces/{}/deployments"
PODS = "/api/v1/namespaces/{}/pods"
RECORD = re.compile(r"in record \([^)]*\)")
DECODE = f"{APPS}/decode"
MODEL = objects.deployment("decode", replicas=0)
NAMED = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "decode"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request; `{}` in the path is the namespace."""

    method: str
    path: str
    body: object = None
    form: str = ""
    query: dict[str, str | int] = field(default_factory=dict)

    def of(self, api: Api, namespace: str) -> tuple[int, str, str]:
        """Return status, reason and message of the answer, without the namespace's name."""
        path = self.path.format(namespace)
        told = api.ask(self.method, path, self.body, form=self.form, **self.query)
        message = (told.message or told.body.get("text", "")).replace(namespace, "NS")
        return told.status, told.body.get("reason", ""), RECORD.sub("in record (…)", message)


def changed(body: object, form: str = MERGE, path: str = DECODE, **query: str) -> Asked:
    return Asked(method="PATCH", path=path, body=body, form=form, query=query)


def without(*keys: str) -> dict[str, object]:
    """Return the Deployment without a part."""
    made = objects.deployment("other", replicas=0)
    node = made
    for key in keys[:-1]:
        node = node[key]
    del node[keys[-1]]
    return made


def listed(**query: str | int) -> Asked:
    return Asked(method="GET", path=PODS, query=query)


REQUESTS = {
    "missing": Asked(method="GET", path=f"{APPS}/none"),
    "missing-pod": Asked(method="GET", path=f"{PODS}/none"),
    "missing-scale": Asked(method="GET", path=f"{APPS}/none/scale"),
    "missing-patched": changed({}, path=f"{APPS}/none"),
    "missing-deleted": Asked(method="DELETE", path=f"{APPS}/none"),
    "no-such-group": Asked(method="GET", path="/apis/nowhere.io/v1/things"),
    "not-installed": Asked(
        method="GET", path="/apis/llmd.ai/v1alpha1/namespaces/{}/variantautoscalings"
    ),
    "empty-namespace": Asked(method="GET", path="/api/v1/namespaces/none/pods"),
    "created-twice": Asked(method="POST", path=APPS, body=MODEL),
    "created-nowhere": Asked(
        method="POST", path="/api/v1/namespaces/none/pods", body=objects.pod("p")
    ),
    "created-without-selector": Asked(method="POST", path=APPS, body=without("spec", "selector")),
    "created-without-containers": Asked(
        method="POST", path=APPS, body=without("spec", "template", "spec", "containers")
    ),
    "created-on-an-object": Asked(method="POST", path=DECODE, body=MODEL),
    "put-on-all": Asked(method="PUT", path=APPS, body=MODEL),
    "another-kind": Asked(method="POST", path=APPS, body=objects.pod("p")),
    "patch-not-json": changed("{", MERGE),
    "patch-unknown-form": changed({}, "text/plain"),
    "patch-no-object": changed([], MERGE),
    "patch-no-operations": changed({}, JSON_PATCH),
    "size-of-a-word": changed({"spec": {"replicas": "x"}}),
    "size-below-nothing": changed({"spec": {"replicas": -1}}),
    "scale-below-nothing": changed({"spec": {"replicas": -1}}, path=f"{DECODE}/scale"),
    "scale-of-a-word": changed({"spec": {"replicas": "x"}}, path=f"{DECODE}/scale"),
    "another-name": changed({"metadata": {"name": "other"}}),
    "another-uid": changed({"metadata": {"uid": "other"}}),
    "another-uid-of-the-scale": changed({"metadata": {"uid": "other"}}, path=f"{DECODE}/scale"),
    "older": changed({"metadata": {"resourceVersion": "1"}}),
    "older-scale": changed({"metadata": {"resourceVersion": "1"}}, path=f"{DECODE}/scale"),
    "another-selector": changed({"spec": {"selector": {"matchLabels": {"a": "b"}}}}),
    "labels-that-do-not-fit": changed(
        {"spec": {"template": {"metadata": {"labels": {"app": "x"}}}}}
    ),
    "no-containers": changed({"spec": {"template": {"spec": {"containers": []}}}}),
    "dry-run-of-a-word": changed({}, dryRun="Some"),
    "applied-by-nobody": changed({**NAMED, "spec": {}}, APPLY),
    "applied-without-a-kind": changed({"spec": {}}, APPLY, fieldManager="it"),
    "strategic": changed({"metadata": {"labels": {"a": "b"}}}, STRATEGIC),
    "test-fails": changed([{"op": "test", "path": "/spec/replicas", "value": 7}], JSON_PATCH),
    "replaced-nothing": changed([{"op": "replace", "path": "/spec/none", "value": 7}], JSON_PATCH),
    "removed-nothing": changed([{"op": "remove", "path": "/spec/none"}], JSON_PATCH),
    "unknown-operation": changed([{"op": "twist", "path": "/spec", "value": 7}], JSON_PATCH),
    "evicted-nobody": Asked(
        method="POST",
        path=f"{PODS}/none/eviction",
        body={"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "none"}},
    ),
    "eviction-is-not-read": Asked(method="GET", path=f"{PODS}/none/eviction"),
    "deleted-another": Asked(
        method="DELETE", path=DECODE, body={"preconditions": {"uid": "other"}}
    ),
    "deleted-an-older": Asked(
        method="DELETE", path=DECODE, body={"preconditions": {"resourceVersion": "1"}}
    ),
    "labels-that-cannot-be-read": listed(labelSelector="a in b"),
    "field-that-cannot-be-selected": listed(fieldSelector="spec.hostname=x"),
    "limit-of-a-word": listed(limit="many"),
    "token-of-a-word": listed(**{"continue": "x"}),
}
# Here only status and reason are the same; the text is Go's, of its JSON and number parsers.
OTHER_WORDS = frozenset(
    {
        *("another-kind", "patch-not-json", "patch-unknown-form", "patch-no-object"),
        *("patch-no-operations", "size-of-a-word", "scale-of-a-word", "limit-of-a-word"),
        *("labels-that-cannot-be-read", "token-of-a-word"),
        # Real: deployments/scale.apps.
        "another-uid-of-the-scale",
    }
)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[StandIn]:
    with stand_in(tmp_path) as made:
        made.api().create(APPS.format(made.namespace), MODEL)
        yield made


@pytest.mark.parametrize("name", REQUESTS)
def test_both_answer_the_same(place: Real, ours: StandIn, name: str) -> None:
    """What the rehearsal refuses, and how, is what production will."""
    place.api().create(APPS.format(place.namespace), MODEL)

    theirs = REQUESTS[name].of(place.api(), place.namespace)
    mine = REQUESTS[name].of(ours.api(), ours.namespace)

    assert mine[:2] == theirs[:2]
    assert name in OTHER_WORDS or mine[2] == theirs[2]
