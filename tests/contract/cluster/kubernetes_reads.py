"""What our client reads in a cluster: the same in the stand-in and behind a real API server."""

from dataclasses import replace

import pytest

from cluster.clients import kinds
from cluster.clients.objects import (
    Autoscaler,
    Backend,
    Deployment,
    Owner,
    OwnerReference,
    Pod,
    Pool,
    Route,
    Workload,
)
from cluster.clients.refusals import Forbidden, Missing
from cluster.rights import Right, patches
from incidents.errors import Rejected
from tests.contract.cluster import objects
from tests.contract.cluster.asking import Body
from tests.contract.cluster.places import OPERATOR, Place, path


class Reads:
    """Every read of the port; a suite inherits it with a fixture `place`."""

    def test_a_deployment_is_read_with_its_counts(self, place: Place) -> None:
        """The plan of a scale stands on it."""
        made = place.make(kinds.DEPLOYMENT, objects.deployment("decode", replicas=2))
        client = place.client()

        found = place.until(lambda: _settled(client.deployment(place.namespace, "decode")))

        assert replace(found, resource_version="", writers=()) == Deployment(
            namespace=place.namespace,
            name="decode",
            uid=made["metadata"]["uid"],
            resource_version="",
            replicas=2,
            selector="app=decode",
            generation=1,
            observed_generation=1,
            updated=2,
            ready=2,
            labels={"app": "decode"},
            annotations={"deployment.kubernetes.io/revision": "1"},
        )
        assert found.resource_version != made["metadata"]["resourceVersion"]

    def test_who_wrote_the_replicas_is_read(self, place: Place) -> None:
        """Whoever wrote them last is named when they change back."""
        place.make(kinds.DEPLOYMENT, objects.deployment("decode"))
        client = place.client()

        found = place.until(lambda: _settled(client.deployment(place.namespace, "decode")))

        assert {(w.manager, w.subresource) for w in found.writers} == {
            (OPERATOR, ""),
            ("kube-controller-manager", "status"),
        }
        assert [w.manager for w in found.writers if "spec.replicas" in w.fields] == [OPERATOR]
        assert all(writer.at for writer in found.writers)

    def test_pods_lead_to_their_deployment(self, place: Place) -> None:
        """An owner is climbed to by references, from the pod on."""
        place.make(kinds.DEPLOYMENT, objects.deployment("decode"))
        client, here = place.client(), place.namespace
        pods = place.until(lambda: _ready(client.pods(here, "app=decode"), 2))

        (below,) = {pod.owners[0] for pod in pods}
        between = client.owner(here, below)
        # The count of a Deployment follows its pods a moment later.
        above = place.until(lambda: _counts(client.owner(here, between.owners[0])))

        assert [(x.itself.kind, x.replicas, x.ready) for x in (between, above)] == [
            ("ReplicaSet", None, None),
            ("Deployment", 2, 2),
        ]
        assert (above.itself.name, above.owners) == ("decode", ())

    def test_a_pod_says_what_it_serves_and_where(self, place: Place) -> None:
        """Its labels, model, node and the moment from which it served."""
        made = place.make(kinds.POD, objects.pod("alone", labels={"llm-d.ai/role": "decode"}))
        client = place.client()

        (found,) = place.until(lambda: _ready(client.pods(place.namespace, "llm-d.ai/role"), 1))

        assert replace(found, ready_since=None, node="") == Pod(
            namespace=place.namespace,
            name="alone",
            uid=made["metadata"]["uid"],
            labels={"llm-d.ai/role": "decode"},
            served=("m", "/model"),
        )
        assert found.node.startswith("gpu-")

    def test_a_pod_without_room_says_what_is_lacking(self, place: Place) -> None:
        """A scale that waits for GPUs must not look like one that loads."""
        place.make(kinds.POD, objects.pod("huge", gpus=9))
        client = place.client()

        (found,) = place.until(
            lambda: [pod for pod in client.pods(place.namespace, "app=huge") if pod.lacks]
        )

        assert (found.lacks, found.node, found.ready_since) == (("nvidia.com/gpu",), "", None)

    def test_pools_of_both_versions_are_read(self, place: Place) -> None:
        """Both are installed while a cluster moves from one to the other; the new one counts."""
        client, chosen = place.client(), {"app": "decode"}
        place.make(kinds.OLD_POOL, objects.old_pool("old", chosen))
        before = client.pools(place.namespace)
        place.make(kinds.POOL, objects.pool("new", chosen))
        after = client.pools(place.namespace)

        old = Pool(
            name="old",
            api_version="inference.networking.x-k8s.io/v1alpha2",
            selector=chosen,
            picker="old-epp",
            failure_mode="FailClose",
        )
        new = replace(
            old, name="new", api_version="inference.networking.k8s.io/v1", picker="new-epp"
        )
        assert (before, after) == ([old], [new])

    def test_routes_lead_models_to_pools(self, place: Place) -> None:
        """Weights are where traffic is shifted."""
        made = objects.route("llama", model="llama-3-70b", to={"blue": 90, "green": 10})
        place.make(kinds.ROUTE, made)

        assert place.client().routes(place.namespace) == [
            Route(
                name="llama",
                leads=(("llama-3-70b", "blue"), ("llama-3-70b", "green")),
                rules=((Backend(pool="blue", weight=90), Backend(pool="green", weight=10)),),
            )
        ]

    def test_autoscalers_name_their_target(self, place: Place) -> None:
        """A scale below their floor would be undone within seconds."""
        place.make(kinds.DEPLOYMENT, objects.deployment("decode"))
        place.make(kinds.AUTOSCALER, objects.autoscaler("decode", least=1, most=8, of="decode"))

        assert place.client().autoscalers(place.namespace) == [
            Autoscaler(name="decode", target_kind="Deployment", target_name="decode")
        ]

    @pytest.mark.parametrize(
        ("kind", "body", "labels"),
        [
            pytest.param(
                kinds.DEPLOYMENT,
                objects.deployment("it", replicas=0),
                {"app": "it"},
                id="deployment",
            ),
            pytest.param(
                kinds.GROUPS,
                objects.groups("it", replicas=0),
                {"llm-d.ai/role": "decode"},
                id="leader-worker-set",
            ),
            pytest.param(kinds.ROLLOUT, objects.rollout("it"), {"app": "it"}, id="rollout"),
        ],
    )
    def test_workloads_show_what_their_pods_will_be(
        self,
        place: Place,
        kind: kinds.Kind,
        body: Body,
        labels: dict[str, str],
    ) -> None:
        """A model whose pods are all gone is still found."""
        made = place.make(kind, body)
        itself = OwnerReference(
            kind=kind.name,
            name="it",
            uid=made["metadata"]["uid"],
            api_version=kind.api_version,
        )

        found = place.client().workloads(place.namespace, kind)

        assert found == [Workload(itself=itself, labels=labels, served=("m", "/model"))]

    @pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
    def test_an_inference_service_is_read_in_the_version_asked_for(
        self, place: Place, version: str
    ) -> None:
        """A reference names the version in which its writer knew it."""
        made = place.make(kinds.INFERENCE_SERVICE, objects.service("llama"))
        reference = OwnerReference(
            kind="LLMInferenceService",
            name="llama",
            uid=made["metadata"]["uid"],
            api_version=f"serving.kserve.io/{version}",
        )

        found = place.client().owner(place.namespace, reference)

        assert found == Owner(itself=reference, models=("m",))

    def test_a_group_has_its_size(self, place: Place) -> None:
        """One replica of a LeaderWorkerSet is as many pods."""
        made = place.make(kinds.GROUPS, objects.groups("lws", replicas=0, size=4))
        reference = OwnerReference(
            kind="LeaderWorkerSet",
            name="lws",
            uid=made["metadata"]["uid"],
            api_version="leaderworkerset.x-k8s.io/v1",
        )

        found = place.client().owner(place.namespace, reference)

        assert found == Owner(itself=reference, group_size=4, replicas=0, ready=0)

    @pytest.mark.parametrize("page", [1, 2, 3, 500])
    def test_a_list_in_pages_is_the_whole_list(self, place: Place, page: int) -> None:
        """Two thousand pods in one answer are forty megabytes at once."""
        for number in range(3):
            place.make(kinds.POD, objects.pod(f"p-{number}", labels={"of": "us"}))
        place.make(kinds.POD, objects.pod("other"))

        found = place.client(page=page).pods(place.namespace, "of=us")

        assert [pod.name for pod in found] == ["p-0", "p-1", "p-2"]

    def test_a_list_that_is_too_long_is_refused(self, place: Place) -> None:
        """A workload that was cut off would be said not to be there."""
        for number in range(3):
            place.make(kinds.POD, objects.pod(f"p-{number}"))

        with pytest.raises(Rejected, match=f"pods of {place.namespace}: there are more than 2"):
            place.client(page=1, most=2).pods(place.namespace, "")

    def test_what_is_not_there_is_missing(self, place: Place) -> None:
        """Gone is another thing than away."""
        here = place.namespace

        with pytest.raises(Missing) as raised:
            place.client().deployment(here, "decode")

        told = f'Deployment {here}/decode: gone: deployments.apps "decode" not found'
        assert str(raised.value) == told

    def test_a_kind_that_is_not_installed_has_none(self, place: Place) -> None:
        """Most clusters miss most kinds."""
        reference = OwnerReference(
            kind=kinds.ROLE_SCALER.name, name="ds", api_version=kinds.ROLE_SCALER.api_version
        )
        client = place.client()

        assert client.things(place.namespace, kinds.ROLE_SCALER) == []
        with pytest.raises(Missing, match=f"{kinds.ROLE_SCALER} {place.namespace}/ds: gone"):
            client.owner(place.namespace, reference)

    def test_who_may_not_list_is_told_what_is_missing(self, place: Place) -> None:
        """The message names the right, so that an operator can grant it."""
        client, here = place.client(frozenset({"get pods"})), place.namespace

        with pytest.raises(Forbidden) as raised:
            client.pods(here, "")

        assert str(raised.value) == (
            f'pods of {here}: no permission: pods is forbidden: User "reader" cannot list '
            f'resource "pods" in API group "" in the namespace "{here}"'
        )

    def test_a_right_is_asked_for_before_the_kind_is(self, place: Place) -> None:
        """Nobody learns from the answer whether a kind is installed."""
        client = place.client(frozenset({"list pods"}))

        with pytest.raises(Forbidden, match="cannot list resource"):
            client.things(place.namespace, kinds.ROLE_SCALER)

    def test_who_may_read_one_kind_may_read_no_other(self, place: Place) -> None:
        """Rights are by kind and verb, and do not rub off."""
        place.make(kinds.DEPLOYMENT, objects.deployment("decode"))
        client = place.client(frozenset({"get deployments"}))

        assert client.deployment(place.namespace, "decode").name == "decode"
        with pytest.raises(Forbidden):
            client.workloads(place.namespace, kinds.DEPLOYMENT)

    def test_what_one_may_is_told_without_trying(self, place: Place) -> None:
        """Before the night in which it is needed; nobody needs a right to ask it."""
        scale = patches(kinds.DEPLOYMENT, subresource="scale")[0]
        others = (patches(kinds.DEPLOYMENT)[0], Right(group="*", resource="*", verb="*"))
        client, here = place.client(frozenset({"patch deployments/scale"})), place.namespace

        assert client.allowed(scale, namespace=here)
        assert [client.allowed(right, namespace=here) for right in others] == [False, False]
        assert [place.client().allowed(right, namespace=here) for right in others] == [True, True]

    def test_an_unknown_token_is_nobody(self, place: Place) -> None:
        """401, not 403: the answer tells an operator where to look."""
        answer = place.api("nobody").ask("GET", path(kinds.POD, place.namespace))

        assert (answer.status, answer.body["reason"]) == (401, "Unauthorized")


def _settled(found: Deployment) -> Deployment | None:
    return found if found.ready == found.updated == found.replicas else None


def _counts(found: Owner) -> Owner | None:
    return found if found.ready == found.replicas else None


def _ready(found: list[Pod], number: int) -> list[Pod]:
    return found if len([pod for pod in found if pod.ready_since]) == number else []
