"""Where no Prometheus is configured, every question has the same answer."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from bot.app import reach
from bot.app.settings import Settings
from cluster.signals.catalogue import SIGNALS
from cluster.signals.reading import NoData, Why
from cluster.targets.target import Selector, Target
from incidents.errors import Rejected

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TARGET = Target(
    cluster="local",
    namespace="llm-d",
    kind="Deployment",
    name="decode",
    uid="u-1",
    model="llama-3-70b",
    role="decode",
    pods=("decode-5d8f-aa",),
)


def test_without_a_prometheus_nothing_is_known_and_it_says_so() -> None:
    """An install without a Prometheus is asked by the same steps, and must not crash them."""
    with ExitStack() as closing:
        signals = reach.tools(Settings(), closing=closing).signals
    nothing = NoData(signal="waiting", why=Why.UNREACHABLE, detail="no Prometheus is configured")
    span = {"start": AT - timedelta(minutes=1), "end": AT, "step": timedelta(minutes=1)}

    assert signals.read("waiting", TARGET, at=AT) == nothing
    assert signals.read_by_pod("waiting", TARGET, at=AT) == nothing
    assert signals.read_by_rank("waiting", TARGET, at=AT) == nothing
    assert signals.read_parts("waiting", TARGET, at=AT) == nothing
    assert signals.read_range("waiting", TARGET, **span) == nothing
    assert signals.read_many(["waiting"], TARGET, at=AT) == {"waiting": nothing}
    resolved = signals.resolved(TARGET, at=AT)
    assert list(resolved) == list(SIGNALS)
    assert resolved["waiting"] == nothing


def test_the_desk_knows_what_alerts_call_its_cluster() -> None:
    """Runs and live facts alike refuse an alert of another region before anything is asked."""
    settings = Settings(kubernetes_url="http://127.0.0.1:1", cluster="eu")
    there = Selector(namespace="llm-d", model="llama", cluster="us")

    with ExitStack() as closing:
        for targets in (
            reach.tools(settings, closing=closing).targets,
            reach.targets(settings, closing=closing),
        ):
            with pytest.raises(Rejected, match="the one at hand is called 'eu'"):
                targets.find(there)
