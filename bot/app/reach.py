"""How this process reaches the world: signals, targets and actions, or why there are none."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bot.app import cluster_facts
from bot.app.canaries import DeclaredCanaries, differs
from bot.app.facts import FactsSource, NoSource
from bot.app.live_facts import Canary, LiveFacts, Look
from bot.app.redaction import without_secrets
from bot.app.settings import Settings
from cluster.actions.manifests import Folder, Manifests
from cluster.actions.registry import verbs
from cluster.clients import pod_metrics
from cluster.clients.access import Access, Direct, InCluster, Kubeconfig
from cluster.clients.bounded import Limits
from cluster.clients.kubernetes import KubernetesClient
from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from cluster.clients.reads import ReadOnly
from cluster.control_plane import Watched
from cluster.drift.advice import Intended
from cluster.drift.intended import NOTHING
from cluster.drift.looking import Looking
from cluster.evidence.bundle import Evidence, NoEvidence
from cluster.evidence.collect import Collector
from cluster.evidence.prompts import without_prompts
from cluster.jobs.supply import Jobs
from cluster.jobs.templates import Folder as Templates
from cluster.rights import Allows
from cluster.signals.catalogue import SIGNALS
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.reading import NoData, Why
from cluster.signals.served import served
from cluster.signals.signals import DEADLINE, Signals
from cluster.snapshots.taking import Cluster
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector, Target, Targets
from cluster.tools import Tools
from incidents.errors import Unavailable
from incidents.policy import Degraded

HASTY = Limits(connect=1.0, read=2.0, total=2.0, size=32 * 1024 * 1024)
"""What a read of evidence may take: a change waits for it."""
MANIFESTS = "manifests"
"""The folder of the configuration with what may be applied again."""
JOBS = "jobs"
"""The folder of the configuration with templates of Jobs."""
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


def tools(
    settings: Settings, *, closing: ExitStack, degraded: Callable[[], Degraded] = Degraded
) -> Tools:
    """Return the tools; clients are closed with `closing`. Nothing is asked yet.

    `degraded` returns when the control plane is not to be written to.
    """
    signals = _signals(settings, closing=closing)
    client = _kubernetes(settings, closing=closing)
    if client is None:
        return Tools(signals=signals, targets=NoTargets(), verbs={})
    return Tools(
        signals=signals,
        targets=_finds(client, settings),
        verbs=verbs(client, manifests=_manifests(settings), jobs=_jobs(client, settings)),
        objects=ReadOnly(client),
        control=Watched(server=client, degraded=degraded),
        evidence=_evidence(settings, closing=closing),
    )


class NoTargets:
    """Where no cluster is configured: nothing is found, and it says so."""

    def find(self, _: Selector) -> Target:
        """Raise Unavailable."""
        message = "no cluster is configured"
        raise Unavailable(message)


class NoSignals:
    """Where no Prometheus is configured: there is no data, ever."""

    def read(self, name: str, _: Target, *, at: datetime) -> NoData:  # noqa: ARG002  # the port's
        """Return no data."""
        return _absent(name)

    def read_by_pod(
        self,
        name: str,
        _: Target,
        *,
        at: datetime,  # noqa: ARG002  # the port's
    ) -> NoData:
        """Return no data."""
        return _absent(name)

    def read_by_rank(
        self,
        name: str,
        _: Target,
        *,
        at: datetime,  # noqa: ARG002  # the port's
    ) -> NoData:
        """Return no data."""
        return _absent(name)

    def read_parts(
        self,
        name: str,
        _: Target,
        *,
        at: datetime,  # noqa: ARG002  # the port's
    ) -> NoData:
        """Return no data."""
        return _absent(name)

    def read_many(
        self,
        names: Sequence[str],
        _: Target,
        *,
        at: datetime,  # noqa: ARG002  # the port's
        deadline: timedelta = DEADLINE,  # noqa: ARG002  # the port's
    ) -> Mapping[str, NoData]:
        """Return no data for each."""
        return {name: _absent(name) for name in names}

    def resolved(self, _: Target, *, at: datetime) -> Mapping[str, NoData]:  # noqa: ARG002  # the port's
        """Return no data for each."""
        return {name: _absent(name) for name in SIGNALS}

    def read_range(
        self,
        name: str,
        _: Target,
        *,
        start: datetime,  # noqa: ARG002  # the port's
        end: datetime,  # noqa: ARG002  # the port's
        step: timedelta,  # noqa: ARG002  # the port's
    ) -> NoData:
        """Return no data."""
        return _absent(name)


def _absent(name: str) -> NoData:
    return NoData(signal=name, why=Why.UNREACHABLE, detail="no Prometheus is configured")


def prometheus(address: str, settings: Settings, *, closing: ExitStack) -> PrometheusClient:
    """Return a client with the settings' token and CA; it is closed with `closing`."""
    session = PrometheusSession(
        token_file=settings.prometheus_token_file, ca_file=settings.prometheus_ca_file
    )
    client = PrometheusClient(address, session=session)
    close: Callable[[], None] = client.close
    closing.callback(close)
    return client


def _signals(settings: Settings, *, closing: ExitStack) -> Signals:
    if not settings.prometheus_url:
        return NoSignals()
    return PrometheusSignals(prometheus(settings.prometheus_url, settings, closing=closing))


def _evidence(settings: Settings, *, closing: ExitStack) -> Evidence:
    """Return what collects evidence: it asks for less time than others, and pods themselves.

    Pods can be asked where triaged runs among them; elsewhere that would need the right to reach
    every port of theirs through the API server, which is more than reading.
    """
    access = _access(settings)
    if access is None:
        return NoEvidence()
    client = KubernetesClient(access, limits=HASTY)
    closing.callback(client.close)
    metrics = pod_metrics.read if isinstance(access, InCluster) else None
    return Collector(pods=client, redact=without_secrets, metrics=metrics)


def canaries(settings: Settings, *, intended: Intended) -> DeclaredCanaries:
    """Return what sends the canaries that are declared at each moment."""
    inside = isinstance(_access(settings), InCluster)
    return DeclaredCanaries(intended=intended, own=settings.cluster, inside=inside)


def live_facts(
    settings: Settings, *, closing: ExitStack, intended: Intended = lambda: NOTHING
) -> FactsSource:
    """Return what finds facts in Prometheus and the cluster, as far as they are configured.

    `intended` says which canaries are declared.
    """
    kubernetes = _kubernetes(settings, closing=closing)
    if not settings.prometheus_url and kubernetes is None:
        return NoSource("neither Prometheus nor a cluster is configured")
    look: Look | None = None
    canary: Canary | None = None
    if kubernetes is not None:
        finds = _finds(kubernetes, settings)
        look = partial(cluster_facts.look, targets=finds, kubernetes=kubernetes)
        declared = canaries(settings, intended=intended)
        canary = partial(
            differs,
            canaries=declared,
            objects=ReadOnly(kubernetes),
            straight=declared.inside,
        )
    if not settings.prometheus_url:
        return LiveFacts(signals=NoSignals(), cluster=look, canary=canary)
    client = prometheus(settings.prometheus_url, settings, closing=closing)
    series = partial(served, client)
    signals = PrometheusSignals(client)
    return LiveFacts(signals=signals, series=series, cluster=look, canary=canary)


def targets(settings: Settings, *, closing: ExitStack) -> Targets:
    """Return what finds targets in the cluster; its client is closed with `closing`."""
    client = _kubernetes(settings, closing=closing)
    return NoTargets() if client is None else _finds(client, settings)


def _finds(client: KubernetesClient, settings: Settings) -> LabelTargets:
    return LabelTargets(client, cluster=settings.cluster)


def looking(settings: Settings, *, closing: ExitStack) -> Looking | None:
    """Return what looks at workloads for `triaged drift`; None where no cluster is configured."""
    client = _kubernetes(settings, closing=closing)
    if client is None:
        return None
    return Looking(objects=ReadOnly(client), targets=_finds(client, settings))


def allows(settings: Settings, *, closing: ExitStack) -> Allows | None:
    """Return what asks a cluster for our rights; None where no cluster is configured."""
    return _kubernetes(settings, closing=closing)


def _manifests(settings: Settings) -> Manifests | None:
    return Folder(settings.config / MANIFESTS) if settings.config else None


def templates(settings: Settings) -> Templates | None:
    """Return the templates of Jobs; None where no folder is configured."""
    return Templates(settings.config / JOBS) if settings.config else None


def _jobs(client: KubernetesClient, settings: Settings) -> Jobs | None:
    found = templates(settings)
    return Jobs(templates=found, makes=client, redact=_without) if found else None


def _without(text: str) -> str:
    """Return a log without secrets, and without what users asked a model."""
    return without_prompts(without_secrets(text))


def _kubernetes(settings: Settings, *, closing: ExitStack) -> KubernetesClient | None:
    """Return a client, which is closed with `closing`; None where no cluster is configured."""
    access = _access(settings)
    if access is None:
        return None
    client = KubernetesClient(access)
    closing.callback(client.close)
    return client


def snapshots(settings: Settings, *, closing: ExitStack) -> Cluster | None:
    """Return what notes templates, with its own token; None where no cluster is configured."""
    token = settings.snapshot_token_file or settings.kubernetes_token_file
    return _kubernetes(replace(settings, kubernetes_token_file=token), closing=closing)


def _access(settings: Settings) -> Access | None:
    if settings.kubernetes_url:
        return Direct(
            address=settings.kubernetes_url,
            token_file=settings.kubernetes_token_file,
            ca_file=settings.kubernetes_ca_file,
        )
    if settings.kubeconfig is not None:
        return Kubeconfig(path=settings.kubeconfig)
    return InCluster() if SERVICE_ACCOUNT.is_file() else None
