"""Controllers of custom kinds beside the control plane: those of groups, and KEDA's."""

import base64
import json
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.contract.cluster.asking import Body
from tests.servers.kubernetes.control_plane import READY_WITHIN, ControlPlane, free_ports
from tests.servers.kubernetes.processes import await_ready, running

TLS = Path(__file__).parents[2] / "contract" / "cluster" / "tls"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1"
# As upstream's config/webhook: which objects each webhook is asked about.
GROUPS = {
    "apiGroups": ["leaderworkerset.x-k8s.io"],
    "apiVersions": ["v1"],
    "resources": ["leaderworkersets"],
}
SETS = {
    "apiGroups": ["disaggregatedset.x-k8s.io"],
    "apiVersions": ["v1"],
    "resources": ["disaggregatedsets"],
}
PODS = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
MEMBERS = {"matchExpressions": [{"key": "leaderworkerset.sigs.k8s.io/name", "operator": "Exists"}]}


@contextmanager
def leader_worker_set(plane: ControlPlane, programs: Path) -> Iterator[None]:
    """Run the controller of LeaderWorkerSets and DisaggregatedSets until the block ends."""
    folder = plane.folder / "lws"
    certificates(folder)
    asked, health = free_ports(2)
    configuration = {
        "apiVersion": "config.lws.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
        "webhook": {"host": "127.0.0.1", "port": asked, "certDir": str(folder)},
        "metrics": {"bindAddress": "0"},
        "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
    }
    (folder / "configuration.yaml").write_text(json.dumps(configuration))
    command = [str(programs / "lws-controller"), f"--config={folder / 'configuration.yaml'}"]
    with serving("lws-controller", command, plane, health=health, webhook=asked):
        root = plane.api()
        for kind, body in webhooks(asked):
            root.create(f"{WEBHOOKS}/{kind}", body)
        yield
        # Whoever comes after would wait for an answer of nobody.
        for kind, _ in webhooks(asked):
            root.delete(f"{WEBHOOKS}/{kind}/lws")


@contextmanager
def keda(plane: ControlPlane, programs: Path) -> Iterator[None]:
    """Run the KEDA operator until the block ends; without its metrics adapter."""
    folder = plane.folder / "keda"
    certificates(folder)
    metrics, health = free_ports(2)
    command = [
        str(programs / "keda-operator"),
        "--enable-prometheus-metrics=false",
        f"--health-probe-bind-address=127.0.0.1:{health}",
        f"--metrics-service-bind-address=127.0.0.1:{metrics}",
        f"--cert-dir={folder}",
        f"--ca-dir={folder}",
    ]
    environment = {"WATCH_NAMESPACE": "", "KEDA_CLUSTER_OBJECT_NAMESPACE": "default"}
    environment["POD_NAMESPACE"] = "default"
    with serving("keda-operator", command, plane, health=health, environment=environment):
        yield


@contextmanager
def serving(
    name: str,
    command: Sequence[str],
    plane: ControlPlane,
    *,
    health: int,
    webhook: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a controller until the block ends; it is ready when its health and webhook say so."""
    log = plane.folder / f"{name}.log"
    given = {"KUBECONFIG": str(plane.kubeconfig()), **(environment or {})}

    def ready() -> bool:
        try:
            # Its health knows nothing of the webhook, which listens a moment later.
            if webhook is not None:
                socket.create_connection(("127.0.0.1", webhook), timeout=2).close()
            return requests.get(f"http://127.0.0.1:{health}/readyz", timeout=2).ok
        except (OSError, requests.RequestException):
            return False

    with running(command, log=log, environment=given) as program:
        await_ready(name, ready, program, log=log, within=READY_WITHIN)
        yield


def certificates(folder: Path) -> None:
    """Lay a certificate for 127.0.0.1, its key and its CA where a controller looks for them."""
    folder.mkdir(exist_ok=True)
    for name in ("tls.crt", "tls.key"):
        shutil.copyfile(TLS / "server.pem", folder / name)
    shutil.copyfile(TLS / "ca.pem", folder / "ca.crt")


def webhooks(port: int) -> Iterator[tuple[str, Body]]:
    """Yield the webhooks of groups and sets, by address instead of by Service."""
    ca = base64.b64encode((TLS / "ca.pem").read_bytes()).decode()
    sets = (("sets", "disaggregatedset-x-k8s-io-v1-disaggregatedset", SETS, {}),)
    for kind, verb in (("mutating", "mutate"), ("validating", "validate")):
        hooks = [
            {
                "name": f"{verb}.{what}.lws.test",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "timeoutSeconds": 5,
                "clientConfig": {
                    "url": f"https://127.0.0.1:{port}/{verb}-{where}",
                    "caBundle": ca,
                },
                "rules": [{**rule, "operations": ["CREATE", "UPDATE"]}],
                **chosen,
            }
            for what, where, rule, chosen in (
                ("groups", "leaderworkerset-x-k8s-io-v1-leaderworkerset", GROUPS, {}),
                ("pods", "-v1-pod", PODS, {"objectSelector": MEMBERS}),
                *(sets if verb == "validate" else ()),
            )
        ]
        yield f"{kind}webhookconfigurations", {"metadata": {"name": "lws"}, "webhooks": hooks}
