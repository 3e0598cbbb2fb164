"""How the Kubernetes client finds and enters a cluster."""

from dataclasses import dataclass
from pathlib import Path

from kubernetes import config
from kubernetes.client import Configuration
from kubernetes.config import kube_config

from incidents.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """An API server's address, a file with a bearer token, a file with the CA to trust."""

    address: str
    token_file: Path | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubeconfig:
    """A kubeconfig file; an empty context means its current one."""

    path: Path
    context: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InCluster:
    """The service account of the pod that we run in."""


Access = Direct | Kubeconfig | InCluster


def configuration(access: Access) -> Configuration:
    """Return the official client's configuration: no retries, no proxy of the environment.

    Raises Rejected when the kubeconfig or the service account cannot be used.
    """
    # Only an empty proxy keeps the client from asking the environment.
    made = Configuration(host="http://localhost", retries=False, proxy="", no_proxy="")
    match access:
        case Direct():
            _enter(made, access)
        case Kubeconfig(path=path, context=context):
            try:
                config.load_kube_config(  # type: ignore[no-untyped-call]  # the client's own
                    str(path), context or None, client_configuration=made, persist_config=False
                )
            except (config.ConfigException, OSError, kube_config.yaml.YAMLError) as error:  # type: ignore[attr-defined]  # its own parser
                message = f"kubeconfig {path}: {error}"
                raise Rejected(message) from error
        case InCluster():
            try:
                config.load_incluster_config(made)  # type: ignore[no-untyped-call]  # its own
            except config.ConfigException as error:
                message = f"service account of this pod: {error}"
                raise Rejected(message) from error
    return made


def _enter(made: Configuration, access: Direct) -> None:
    made.host = access.address.rstrip("/")
    made.ssl_ca_cert = str(access.ca_file) if access.ca_file else None
    token_file = access.token_file
    if token_file is None:
        return

    def renew(current: Configuration) -> None:
        # Bound tokens rotate: the file is read for every request.
        current.api_key["BearerToken"] = f"Bearer {token_file.read_text('ascii').strip()}"

    made.refresh_api_key_hook = renew  # type: ignore[assignment]  # annotated as None
    renew(made)
