"""The Prometheus client: the official one over a session that answers wholly or not at all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.util.retry import Retry

from cluster.clients.prometheus_session import PrometheusSession, Unanswered
from cluster.signals.answers import Row, Track, Trouble
from cluster.signals.promql import Promql
from cluster.signals.reading import Why

Answer = TypeVar("Answer")

ONCE: Final = Retry(total=0, connect=0, read=0, redirect=0, status=0, other=0)


class PrometheusClient:
    """Asks one Prometheus, once per question, in the body of a POST.

    The official client repeats three times, drops `warnings` and writes POST queries into the
    address; the session that it is given here cures all of it.
    """

    def __init__(self, address: str, *, session: PrometheusSession) -> None:
        self._session, self._rules = session, f"{address.rstrip('/')}/api/v1/rules"
        self._connect = PrometheusConnect(
            url=address.rstrip("/"), session=session, retry=ONCE, method="POST"
        )

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...] | Trouble:
        """Return the vector at this moment, or why there is none."""

        def ask() -> tuple[Row, ...]:
            found = self._connect.custom_query(query, params={"time": _stamp(at)})
            return tuple(_row(each) for each in found)

        return _answered(ask)

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        """Return the matrix over both ends, or why there is none."""

        def ask() -> tuple[Track, ...]:
            found = self._connect.custom_query_range(
                query,
                start_time=start,
                end_time=end,
                step=f"{step.total_seconds():.3f}",
                # The official client rounds both to seconds, the end into the future.
                params={"start": _stamp(start), "end": _stamp(end)},
            )
            return tuple(_track(each) for each in found)

        return _answered(ask)

    def alert_intervals(self) -> tuple[timedelta, ...] | Trouble:
        """Return how often the groups with alerting rules are evaluated, or why nobody says.

        Source: prometheus.io/docs/prometheus/latest/querying/api, "Rules".
        """

        def ask() -> tuple[timedelta, ...]:
            answer = self._session.request("GET", self._rules, params={"type": "alert"})
            groups = answer.json()["data"]["groups"]
            return tuple(timedelta(seconds=each["interval"]) for each in groups if each["rules"])

        return _answered(ask)

    def close(self) -> None:
        """Close the connections."""
        self._connect.close()


def _answered(ask: Callable[[], Answer]) -> Answer | Trouble:
    try:
        return ask()
    except Unanswered as error:
        return error.trouble
    except requests.Timeout as error:
        return Trouble(why=Why.TIMEOUT, detail=type(error).__name__)
    except requests.RequestException as error:
        return Trouble(why=Why.UNREACHABLE, detail=type(error).__name__)
    except (
        PrometheusApiClientException,
        ValueError,
        TypeError,
        LookupError,
        OverflowError,
        OSError,
    ):
        # Valid JSON of another shape; its text may hold anything and is not shown.
        return Trouble(why=Why.UNREACHABLE, detail="the answer is not Prometheus' format")


def _stamp(moment: datetime) -> str:
    return f"{moment.timestamp():.3f}"


def _row(series: dict[str, object]) -> Row:
    stamp, value = _pair(series["value"])
    return Row(labels=_labels(series), at=stamp, value=value)


def _track(series: dict[str, object]) -> Track:
    points = series["values"]
    if not isinstance(points, list):
        raise TypeError
    return Track(labels=_labels(series), points=tuple(_pair(each) for each in points))


def _pair(point: object) -> tuple[datetime, float]:
    if not isinstance(point, list):
        raise TypeError
    stamp, value = point
    return datetime.fromtimestamp(float(stamp), tz=UTC), float(value)


def _labels(series: dict[str, object]) -> tuple[tuple[str, str], ...]:
    metric = series["metric"]
    if not isinstance(metric, dict):
        raise TypeError
    return tuple(sorted((str(name), str(value)) for name, value in metric.items()))
