"""The two signals that tell of what: the last fault of the GPUs, and the gateway's failures."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import nan

import pytest

from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.reading import NoData, Reading, Why
from cluster.targets.target import Target

AA = {"pod": "decode-5d8f-aa"}
Scrape = Callable[..., None]


XID = "DCGM_FI_DEV_XID_ERRORS"


@pytest.mark.parametrize(
    ("gpus", "xid"),
    [
        pytest.param([[0] * 11, [0] * 11], 0, id="none-ever"),
        pytest.param([[0] * 10 + [79], [0] * 11], 79, id="one-now"),
        pytest.param([[0] * 10 + [79], [31] * 11], 79, id="news-beside-what-sticks"),
        pytest.param([[79] * 11, [0] * 11], 79, id="the-same-again-does-not-change-it"),
        pytest.param([[79] * 11, [79] * 11], 79, id="two-that-agree"),
        pytest.param([[79] * 11, [31] * 11], None, id="two-that-stick"),
        pytest.param([[0] * 10 + [79], [0] * 9 + [13] * 2], None, id="two-at-once"),
        pytest.param([[nan] * 11, [0] * 11], None, id="not-a-number"),
    ],
)
def test_the_last_xid_is_one_number_or_none(
    signals: PrometheusSignals,
    scrape: Scrape,
    target: Target,
    now: datetime,
    gpus: Sequence[Sequence[float]],
    xid: float | None,
) -> None:
    """31 is the program's fault and 79 the GPU's: the larger of two would be a lottery."""
    for number, values_ in enumerate(gpus):
        scrape(XID, values_, AA | {"gpu": str(number)})

    read = signals.read("gpu_xid", target, at=now)

    assert (read.value if isinstance(read, Reading) else None) == xid


def test_another_workload_s_gpu_says_nothing_of_this_one(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """Nor does an exporter that is not there: neither is the zero of a GPU without a fault."""
    scrape(XID, [0] * 10 + [79], {"pod": "prefill-1", "gpu": "0"})

    assert isinstance(signals.read("gpu_xid", target, at=now), NoData)


ISTIO = "istio_requests_total"
ENVOY = "envoy_http_downstream_rq_xx"
AGENT = "agentgateway_requests_total"
GATEWAY = {"pod": "gateway-1"}


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        pytest.param(
            ISTIO,
            {"reporter": "source", "response_code": "200"},
            {"reporter": "source", "response_code": "503"},
            id="istio",
        ),
        pytest.param(
            ENVOY,
            {"envoy_http_conn_manager_prefix": "http", "envoy_response_code_class": "2"},
            {"envoy_http_conn_manager_prefix": "http", "envoy_response_code_class": "5"},
            id="envoy",
        ),
        pytest.param(AGENT, {"status": "200"}, {"status": "500"}, id="agentgateway"),
    ],
)
def test_the_gateway_tells_what_users_get(
    signals: PrometheusSignals,
    scrape: Scrape,
    target: Target,
    now: datetime,
    name: str,
    good: Mapping[str, str],
    bad: Mapping[str, str],
) -> None:
    """With its picker the picker's own numbers are gone; the gateway goes on counting."""
    scrape(name, [n * 30 for n in range(11)], GATEWAY | good)
    scrape(name, [n * 90 for n in range(11)], GATEWAY | bad)

    read = signals.read("gateway_error_ratio", target, at=now)

    assert isinstance(read, Reading)
    assert read.value == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        pytest.param(ISTIO, {"reporter": "destination", "response_code": "503"}, id="told-twice"),
        pytest.param(
            ENVOY,
            {"envoy_http_conn_manager_prefix": "admin", "envoy_response_code_class": "5"},
            id="its-own-admin-page",
        ),
        pytest.param(AGENT, {"status": "500", "namespace": "other"}, id="somebody-else-s"),
    ],
)
def test_what_is_no_user_s_answer_is_no_error_of_the_gateway(
    signals: PrometheusSignals,
    scrape: Scrape,
    target: Target,
    now: datetime,
    name: str,
    labels: Mapping[str, str],
) -> None:
    """It stays unknown: a P0 must not come of a probe, nor calm of a foreign gateway."""
    scrape(name, [n * 30 for n in range(11)], GATEWAY | labels)

    assert isinstance(signals.read("gateway_error_ratio", target, at=now), NoData)


def test_a_gateway_that_nobody_asks_has_no_error_ratio(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """None of none is no share, and not zero."""
    scrape(AGENT, [5] * 11, GATEWAY | {"status": "200"})

    read = signals.read("gateway_error_ratio", target, at=now)

    assert isinstance(read, NoData)
    assert read.why is Why.NOT_A_NUMBER
