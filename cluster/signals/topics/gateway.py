"""The gateway in front of the endpoint picker: what users see when the picker itself is away.

A gateway that stands in the namespace of the model is read, as llm-d's guides install it. Sources:
Istio's standard metrics; the Prometheus output of Envoy's statistics (a class of status codes is
the label `envoy_response_code_class`); agentgateway's metrics page.
"""

from dataclasses import replace
from typing import Final

from cluster.signals.formulas import Part
from cluster.signals.names import like, metric
from cluster.signals.promql import Match, Matcher
from cluster.signals.series import Scope
from cluster.signals.signal import Signal

# What a gateway sends is reported by it as the source; its backends would report the same again.
ISTIO: Final = metric("istio_requests_total", reporter="source")
# Listeners for probes and scrapes answer 200 while every user is refused.
ENVOY: Final = replace(
    metric("envoy_http_downstream_rq_xx"),
    matchers=(
        Matcher(
            label="envoy_http_conn_manager_prefix",
            how=Match.UNLIKE,
            value=".*(admin|stats|ready|health|prometheus).*",
        ),
    ),
)
AGENTGATEWAY: Final = metric("agentgateway_requests_total")

SIGNALS: Final = (
    Signal(
        name="gateway_error_ratio",
        unit="ratio",
        meaning="Share of the gateway's answers that are 5xx, over five minutes",
        without="cannot see what users get while the endpoint picker is away",
        ways=(
            Part(metric=ISTIO, matcher=like("response_code", "5.."), scope=Scope.NAMESPACE),
            Part(
                metric=ENVOY,
                matcher=Matcher(label="envoy_response_code_class", value="5"),
                scope=Scope.NAMESPACE,
            ),
            Part(metric=AGENTGATEWAY, matcher=like("status", "5.."), scope=Scope.NAMESPACE),
        ),
    ),
)
