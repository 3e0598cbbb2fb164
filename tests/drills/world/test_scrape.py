"""The scraper: labels, `up`, and series that end."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from drills.model.exposition import Point
from drills.prometheus.labels import Labels
from drills.scrape import Said, Scraper, Target

AT = datetime(2026, 8, 1, 10, tzinfo=UTC)
LATER = AT + timedelta(seconds=15)
TARGET = Target(scrape={"job": "llm-d/decode", "pod": "decode-0"})
RUNNING = Point("vllm:num_requests_running", 3)
STOPPED = Point("vllm:request_success_total", 5, "finished_reason", "stop")

UP_SERIES = {"__name__": "up", "job": "llm-d/decode", "pod": "decode-0"}
RUNNING_SERIES = {
    "__name__": "vllm:num_requests_running",
    "model_name": "llama-3-70b",
    "engine": "0",
    "job": "llm-d/decode",
    "pod": "decode-0",
}
STOPPED_SERIES = {
    **RUNNING_SERIES,
    "__name__": "vllm:request_success_total",
    "finished_reason": "stop",
}


def said(*points: Point) -> list[Said]:
    """Return points as an engine says them."""
    return [Said(own={"model_name": "llama-3-70b", "engine": "0"}, points=points)]


class Notebook:
    """Writes down what was appended; None is the end of a series."""

    def __init__(self) -> None:
        self.lines: list[tuple[Mapping[str, str], float | None, datetime]] = []

    def append(self, labels: Labels, value: float, at: datetime) -> None:
        """Write down a sample."""
        self.lines.append((dict(labels), value, at))

    def end(self, labels: Labels, at: datetime) -> None:
        """Write down an end."""
        self.lines.append((dict(labels), None, at))


def test_a_target_that_answers_is_up_and_its_points_get_its_labels() -> None:
    """The engine's own labels and those of the scrape stand side by side, as in Prometheus."""
    notebook = Notebook()

    Scraper(notebook).scrape([(TARGET, said(RUNNING, STOPPED))], AT)

    assert notebook.lines == [
        (UP_SERIES, 1, AT),
        (RUNNING_SERIES, 3, AT),
        (STOPPED_SERIES, 5, AT),
    ]


def test_a_target_that_does_not_answer_is_down_and_its_series_end() -> None:
    """A pod that loads its model, or hangs, says nothing; old values must not live on."""
    notebook = Notebook()
    scraper = Scraper(notebook)
    scraper.scrape([(TARGET, said(RUNNING))], AT)

    scraper.scrape([(TARGET, None)], LATER)

    assert notebook.lines[2:] == [(UP_SERIES, 0, LATER), (RUNNING_SERIES, None, LATER)]


def test_a_target_that_is_gone_ends_with_all_its_series() -> None:
    """A deleted pod must not hold the maximum of its pool for five minutes."""
    notebook = Notebook()
    scraper = Scraper(notebook)
    scraper.scrape([(TARGET, said(RUNNING))], AT)

    scraper.scrape([], LATER)

    ended = {labels["__name__"] for labels, value, at in notebook.lines[2:] if value is None}
    assert ended == {"up", "vllm:num_requests_running"}


def test_a_series_ends_once() -> None:
    """Staleness is a mark, not a stream of marks."""
    notebook = Notebook()
    scraper = Scraper(notebook)
    scraper.scrape([(TARGET, [])], AT)
    scraper.scrape([], LATER)

    scraper.scrape([], LATER + timedelta(seconds=15))

    assert len(notebook.lines) == 2
