"""One real control plane for the session, and one namespace in it for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import pytest

from cluster.clients.access import Direct
from cluster.clients.bounded import Limits
from cluster.clients.kinds import ALL, Kind
from cluster.clients.kubernetes import KubernetesClient
from tests.contract.cluster.asking import Api, Body
from tests.contract.cluster.places import EVERYTHING, OPERATOR, furnish, path
from tests.servers.kubernetes import build
from tests.servers.kubernetes.control_plane import ControlPlane, control_plane
from tests.servers.kubernetes.operators import keda, leader_worker_set
from tests.servers.kubernetes.processes import until

# What the shared suites assert is then told as in a test module.
pytest.register_assert_rewrite("tests.contract.cluster.kubernetes_actions")
pytest.register_assert_rewrite("tests.contract.cluster.kubernetes_life")
pytest.register_assert_rewrite("tests.contract.cluster.kubernetes_reads")
pytest.register_assert_rewrite("tests.contract.cluster.kubernetes_writes")

Found = TypeVar("Found")

CORE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
# Module, folder in its archive, and the files of it that are wanted.
DEFINITIONS = (
    ("sigs.k8s.io/lws", "config/crd/bases", "*"),
    ("sigs.k8s.io/gateway-api", "config/crd/standard", "*httproutes*"),
    ("sigs.k8s.io/gateway-api-inference-extension", "config/crd/bases", "*inferencepools*"),
    ("github.com/argoproj/argo-rollouts", "manifests/crds", "rollout-crd*"),
    ("github.com/argoproj/argo-rollouts", "manifests/crds", "analysis-*-crd*"),
    ("github.com/kserve/kserve", "config/crd/full/llmisvc", "*_llminferenceservices*"),
    ("github.com/kedacore/keda/v2", "config/crd/bases", "*"),
)
ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/{}"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
# When the last policy with parameters of a kind is deleted, kube-apiserver 1.35 does not find those
# of the next one for minutes. This one is about nothing, and is never deleted.
INERT = (
    (
        "validatingadmissionpolicies",
        {
            "metadata": {"name": "inert"},
            "spec": {
                "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
                "matchConstraints": {
                    "resourceRules": [
                        {
                            "apiGroups": ["nowhere.test"],
                            "apiVersions": ["v1"],
                            "operations": ["CREATE"],
                            "resources": ["nothings"],
                        }
                    ]
                },
                "validations": [{"expression": "true"}],
            },
        },
    ),
    (
        "validatingadmissionpolicybindings",
        {
            "metadata": {"name": "inert"},
            "spec": {
                "policyName": "inert",
                "paramRef": {"name": "inert", "parameterNotFoundAction": "Allow"},
                "validationActions": ["Deny"],
            },
        },
    ),
)
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(scope="session")
def programs() -> Path:
    """Return the folder with the programs of a control plane; built by `build.py` beforehand."""
    if lacking := build.missing(CORE):
        pytest.skip(f"not built: {', '.join(lacking)} (tests/servers/kubernetes/build.py)")
    return build.folder()


@pytest.fixture(scope="session")
def plane(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Yield a control plane with three GPU nodes and the definitions of the custom kinds."""
    with control_plane(programs, tmp_path_factory.mktemp("plane")) as made:
        root = made.api()
        made_of = [install(root, file) for file in definitions()]
        furnish(root)
        for collection, body in INERT:
            root.create(f"{ADMISSION}/{collection}", body)
        # The API server lets five seconds pass before it serves a new kind.
        until(lambda: all(served(root, each) for each in made_of))
        yield made


@contextmanager
def built(program: str) -> Iterator[Path]:
    if build.missing([program]):
        pytest.skip(f"not built: {program} (tests/servers/kubernetes/build.py)")
    yield build.folder()


@pytest.fixture(scope="module")
def leading(plane: ControlPlane) -> Iterator[None]:
    """Run the controller of LeaderWorkerSets and DisaggregatedSets, and its webhooks."""
    with built("lws-controller") as programs, leader_worker_set(plane, programs):
        yield


@pytest.fixture(scope="module")
def scaling(plane: ControlPlane) -> Iterator[None]:
    """Run the KEDA operator."""
    with built("keda-operator") as programs, keda(plane, programs):
        yield


@pytest.fixture
def place(plane: ControlPlane, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator["Real"]:
    """Yield a namespace of the real control plane; it is deleted afterwards."""
    root = plane.api()
    made = root.create("/api/v1/namespaces", {"metadata": {"generateName": "test-"}})
    with ExitStack() as stack:
        yield Real(namespace=made["metadata"]["name"], plane=plane, folder=tmp_path, open=stack)
    root.delete(f"/api/v1/namespaces/{made['metadata']['name']}")


@dataclass(kw_only=True)
class Real:
    """A namespace of the real control plane, as the contract asks for."""

    namespace: str
    plane: ControlPlane
    folder: Path
    open: ExitStack = field(default_factory=ExitStack)

    def api(self, identity: str = "root") -> Api:
        return self.plane.api(identity)

    def client(self, may: frozenset[str] = EVERYTHING, **limits: float) -> KubernetesClient:
        identity = "root" if may == EVERYTHING else "reader"
        if may != EVERYTHING:
            self.grant(identity, may)
        token = self.folder / identity
        token.write_text(identity)
        access = Direct(address=self.plane.address, token_file=token, ca_file=self.plane.ca)
        made = KubernetesClient(access, limits=replace(Limits(), **limits))
        return self.open.enter_context(closing(made))

    def make(self, kind: Kind, body: Body) -> Body:
        return self.api().create(path(kind, self.namespace), body, fieldManager=OPERATOR)

    def until(self, ask: Callable[[], Found]) -> Found:
        return until(ask)

    def grant(self, identity: str, may: frozenset[str]) -> None:
        """Let somebody do exactly this in the namespace, and wait until the server knows it."""
        rules = [rule(right) for right in sorted(may)]
        root, kind = self.api(), {"kind": "Role", "name": identity}
        meta = {"metadata": {"name": identity}}
        root.create(ROLES.format(self.namespace, "roles"), {**meta, "rules": rules})
        group = "rbac.authorization.k8s.io"
        binding = {
            "roleRef": {"apiGroup": group, **kind},
            "subjects": [{"apiGroup": group, "kind": "User", "name": identity}],
        }
        root.create(ROLES.format(self.namespace, "rolebindings"), {**meta, **binding})
        for granted in rules:
            until(lambda granted=granted: self.allowed(identity, granted))

    def allowed(self, identity: str, granted: Body) -> bool:
        """Tell what the API server thinks of a right."""
        plural, _, subresource = granted["resources"][0].partition("/")
        asked = {
            "namespace": self.namespace,
            "verb": granted["verbs"][0],
            "group": granted["apiGroups"][0],
            "resource": plural,
            "subresource": subresource,
        }
        told = self.api(identity).create(REVIEWS, {"spec": {"resourceAttributes": asked}})
        return told["status"]["allowed"] is True


def rule(right: str) -> Body:
    """Return the rule of a right such as `patch deployments/scale`, in all groups that have it."""
    verb, _, resource = right.partition(" ")
    groups = {kind.group for kind in ALL if kind.plural == resource.partition("/")[0]}
    return {"apiGroups": sorted(groups), "resources": [resource], "verbs": [verb]}


def definitions() -> Iterator[Path]:
    """Yield the files that define the custom kinds."""
    for module, within, chosen in DEFINITIONS:
        yield from build.definitions(module, within, chosen)


def install(root: Api, file: Path) -> Body:
    """Create what a YAML file defines; the server reads it, which takes it a tenth of our time."""
    answer = root.ask("POST", CRDS, file.read_text("utf-8"), form="application/yaml")
    assert answer.status == 201, (file, answer.status, answer.message)
    return answer.body["spec"]


def served(root: Api, defined: Body) -> bool:
    """Tell whether a kind is served in all its versions."""
    group, plural = defined["group"], defined["names"]["plural"]
    versions = [each["name"] for each in defined["versions"] if each["served"]]
    return all(
        root.ask("GET", f"/apis/{group}/{version}/{plural}", limit=1).status == 200
        for version in versions
    )
