"""A real control plane on loopback: etcd, API server, controllers, scheduler, and kwok's nodes."""

import base64
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import requests

from tests.contract.cluster.asking import Api
from tests.servers.kubernetes.processes import await_ready, running

HERE = Path(__file__).parent
# Any key will do: nobody makes service accounts here.
SIGNING_KEY = HERE.parents[1] / "contract" / "cluster" / "tls" / "server.pem"
READY_WITHIN = 60.0  # seconds; 3 on an idle machine
# Who may ask: token, and the groups that RBAC knows. Everybody but root may do what a test grants.
IDENTITIES: Mapping[str, str] = {
    "root": "system:masters",
    "reader": "triaged:readers",
    "writer": "triaged:writers",
    "stranger": "triaged:strangers",
}
CONTROLLERS = (
    "deployment-controller",
    "disruption-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "job-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "replicaset-controller",
    "resourcequota-controller",
    "statefulset-controller",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """Where it listens, and how one enters: a token is the name of its identity."""

    address: str
    etcd: str
    ca: Path
    folder: Path
    pids: Mapping[str, int]

    def api(self, identity: str = "root") -> Api:
        """Return plain HTTP as somebody."""
        return Api(address=self.address, token=identity, ca=self.ca)

    def forget(self) -> None:
        """Let etcd forget what was before now; the API server has it do so every five minutes."""
        asked = {"key": base64.b64encode(b"any").decode()}
        header = requests.post(f"{self.etcd}/v3/kv/range", json=asked, timeout=5).json()["header"]
        compact = {"revision": header["revision"], "physical": True}
        done = requests.post(f"{self.etcd}/v3/kv/compaction", json=compact, timeout=5)
        done.raise_for_status()

    def kubeconfig(self) -> Path:
        """Return a kubeconfig of root, as the controllers use it."""
        return self.folder / "kubeconfig"


@contextmanager
def control_plane(programs: Path, folder: Path, *, moves: bool = True) -> Iterator[ControlPlane]:
    """Run one until the block ends; every process is ended by its id.

    `programs` is the folder that they were built into. Where nothing `moves` there are etcd and the
    API server alone, and every object stays as it was written. Raises NotReady.
    """
    etcd, peer, port = free_ports(3)
    pids: dict[str, int] = {}
    made = ControlPlane(
        address=f"https://127.0.0.1:{port}",
        etcd=f"http://127.0.0.1:{etcd}",
        ca=folder / "certificates" / "apiserver.crt",
        folder=folder,
        pids=pids,
    )
    tokens = [f'{name},{name},{name},"{group}"' for name, group in IDENTITIES.items()]
    (folder / "tokens").write_text("\n".join(tokens) + "\n")
    with ExitStack() as stack:

        def start(name: str, ready: Callable[[], bool], *flags: str) -> None:
            log = folder / f"{name}.log"
            program = stack.enter_context(running([str(programs / name), *flags], log=log))
            pids[name] = program.pid
            await_ready(name, ready, program, log=log, within=READY_WITHIN)

        served = partial(_lives, made)
        start("etcd", partial(_answers, f"{made.etcd}/health"), *_etcd(folder, etcd, peer))
        start("kube-apiserver", served, *_apiserver(folder, etcd, port))
        config = made.kubeconfig()
        config.write_text(json.dumps(_kubeconfig(made)))
        if not moves:
            yield made
            return
        alone = (f"--kubeconfig={config}", "--leader-elect=false", "--secure-port=0")
        start("kube-controller-manager", served, *alone, *_controllers())
        start("kube-scheduler", served, *alone)
        stages = [f"--config={path}" for path in sorted((HERE / "stages").glob("*.yaml"))]
        start("kwok", served, f"--kubeconfig={config}", "--manage-all-nodes=true", *stages)
        yield made


def free_ports(number: int) -> list[int]:
    """Return ports that were free a moment ago."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _etcd(folder: Path, port: int, peer: int) -> list[str]:
    here, there = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
    return [
        f"--data-dir={folder / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={here}",
        f"--advertise-client-urls={here}",
        f"--listen-peer-urls={there}",
        f"--initial-advertise-peer-urls={there}",
        f"--initial-cluster=default={there}",
        "--log-level=warn",
    ]


def _apiserver(folder: Path, etcd: int, port: int) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        f"--token-auth-file={folder / 'tokens'}",
        "--authorization-mode=Node,RBAC",
        "--anonymous-auth=false",
        # Nobody makes service accounts here, and every pod would wait for one.
        "--disable-admission-plugins=ServiceAccount",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={SIGNING_KEY}",
        f"--service-account-signing-key-file={SIGNING_KEY}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--profiling=false",
    ]


def _controllers() -> list[str]:
    return [
        f"--controllers={','.join(CONTROLLERS)}",
        # Fifteen seconds by default; nothing but the waiting differs.
        "--horizontal-pod-autoscaler-sync-period=3s",
    ]


def _kubeconfig(plane: ControlPlane) -> Mapping[str, object]:
    cluster = {"server": plane.address, "certificate-authority": str(plane.ca)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "root"}}],
        "clusters": [{"name": "here", "cluster": cluster}],
        "users": [{"name": "root", "user": {"token": "root"}}],
    }


def _lives(plane: ControlPlane) -> bool:
    # The certificate appears when the server has made it.
    return plane.ca.exists() and _answers(
        f"{plane.address}/readyz", verify=str(plane.ca), headers={"Authorization": "Bearer root"}
    )


def _answers(url: str, **how: object) -> bool:
    try:
        return requests.get(url, timeout=2, **how).ok  # type: ignore[arg-type]  # as requests has it
    except requests.RequestException:
        return False
