"""The checks of the cluster's objects, read from a real API server and its controllers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from cluster.clients import kinds
from cluster.clients.reads import ReadOnly
from cluster.targets.target import Member, Target
from runbooks.language.declaration import Finding, Question
from tests.contract.cluster import objects
from tests.contract.cluster.asking import MERGE, Body
from tests.contract.cluster.places import path
from tests.runbooks.seeing import check
from tests.runbooks.steps.conftest import Answers
from tests.servers.kubernetes.conftest import Real

pytestmark = pytest.mark.server

Look = Callable[..., Finding]
READS = frozenset(
    f"{verb} {each}"
    for verb in ("get", "list")
    for each in ("deployments", "pods", "replicasets", "services", "endpointslices", "events")
)


def service(name: str) -> Body:
    """Return a Service before the pods of a Deployment."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8000}]},
    }


def look(place: Real, name: str = "decode", may: frozenset[str] | None = None) -> Look:
    """Return what asks a check about a Deployment, as root or with these rights."""
    client = place.client() if may is None else place.client(may)
    made = place.api().get(path(kinds.DEPLOYMENT, place.namespace, name))

    def judged(verb: str) -> Finding:
        named = check(verb)
        pods = client.things(place.namespace, kinds.POD) if may is None else ()
        target = Target(
            cluster="local",
            namespace=place.namespace,
            kind="Deployment",
            name=name,
            uid=made["metadata"]["uid"],
            model="m",
            role="decode",
            pods=tuple(each.itself.name for each in pods),
            members=tuple(Member(name=each.itself.name) for each in pods),
        )
        return named.judge(
            Question(
                arguments={key: one.default for key, one in named.fields.fields.items()},
                target=target,
                signals=Answers(),
                at=datetime.now(UTC) + timedelta(seconds=1),
                objects=ReadOnly(client),
            )
        )

    return judged


def serving(place: Real) -> Look:
    """Make a Deployment whose two pods are ready, and a Service before it."""
    place.make(kinds.DEPLOYMENT, objects.deployment("decode"))
    place.make(kinds.SERVICE, service("decode"))
    asks = look(place)
    place.until(lambda: asks("pods").because == "2 of 2 pods are ready")
    place.until(lambda: asks("endpoints").verdict != "unreached")
    return asks


def test_a_service_that_is_well_is_well_in_every_check(place: Real) -> None:
    """What real controllers write is what the checks expect."""
    asks = serving(place)

    found = {name: asks(name) for name in ("pods", "endpoints", "nodes", "storage", "probes")}

    assert {name: one.verdict for name, one in found.items()} == {
        "pods": "ready",
        # The pods of this cluster's kubelets have no address, so their Service has no endpoint.
        "endpoints": "none_ready",
        "nodes": "ready",
        "storage": "no_claims",
        "probes": "no_probes",
    }
    assert found["pods"].because == "2 of 2 pods are ready"


def test_a_new_image_is_told_as_what_changed(place: Real) -> None:
    """The Deployment controller's own ReplicaSets are compared."""
    asks = serving(place)
    template = objects.template({"app": "decode"}, image="vllm:2")
    decode = path(kinds.DEPLOYMENT, place.namespace, "decode")
    place.api().change(decode, {"spec": {"template": template}}, form=MERGE)

    place.until(
        lambda: asks("rollout").verdict == "changed" and "vllm:2" in asks("rollout").because
    )

    assert "from revision 1: vllm: image vllm:1 → vllm:2" in asks("rollout").because


def test_pods_without_a_gpu_wait_in_the_schedulers_words(place: Real) -> None:
    """The real sentence, cut where it is too long."""
    made = objects.deployment("decode", template=objects.template({"app": "decode"}, gpus=64))
    place.make(kinds.DEPLOYMENT, made)
    asks = look(place)

    place.until(lambda: asks("pods").verdict == "pending")
    place.until(lambda: asks("events").verdict == "warnings")

    assert "Insufficient nvidia.com/gpu" in asks("pods").because
    assert "FailedScheduling" in asks("events").because
    assert asks("endpoints").verdict == "unreached"


def test_a_claim_that_is_not_there_is_missing(place: Real) -> None:
    """The scheduler waits for it without an end."""
    template = objects.template({"app": "decode"})
    claim = {"name": "m", "persistentVolumeClaim": {"claimName": "models"}}
    template["spec"]["volumes"] = [claim]
    place.make(kinds.DEPLOYMENT, objects.deployment("decode", template=template))
    asks = look(place)

    place.until(lambda: asks("storage").verdict == "missing")

    assert asks("storage").because == "PersistentVolumeClaim models: missing"


def test_a_route_that_no_gateway_took_is_unanswered(place: Real) -> None:
    """There is no gateway here, so its status stays as the API server made it."""
    asks = serving(place)
    assert asks("routes").verdict == "no_route"
    spec = {"parentRefs": [{"name": "gateway"}], "rules": [{"backendRefs": [BACKEND]}]}
    route = {"metadata": {"name": "chat"}, "spec": spec}
    place.make(kinds.ROUTE, {"apiVersion": ROUTES, "kind": "HTTPRoute", **route})

    told = asks("routes")

    assert told.verdict == "unanswered"
    assert told.because == "no gateway took HTTPRoute chat"


def test_rights_to_read_suffice_and_their_lack_is_told(place: Real) -> None:
    """A reader without nodes sees the rest, and says what it does not see."""
    serving(place)
    asks = look(place, may=READS)

    assert asks("pods").verdict == "ready"
    assert asks("endpoints").verdict == "none_ready"
    nodes = asks("nodes")
    assert nodes.verdict == "cannot_tell"
    assert "no permission" in nodes.because


BACKEND = {"name": "decode", "port": 80}
ROUTES = "gateway.networking.k8s.io/v1"
