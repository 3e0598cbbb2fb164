"""Telemetry: structured logs without secrets, and the metrics of /metrics."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any  # log events hold whatever was logged

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# Tokens of Slack, bearer headers, user:password in addresses, JSON web tokens, PEM blocks.
_SECRETS = re.compile(
    r"xox[abeprs]-[\w-]+|xapp-[\w-]+|(?i:bearer)\s+[\w.~+/=-]{8,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*|-----BEGIN [A-Z ]+-----[\s\S]*?-----END [A-Z ]+-----"
)
LONGEST = 4000


def configure(*, form: str) -> None:
    """Set up logging for the whole process; call it once, from the command line."""
    shared: list[Any] = [  # structlog's own processors are typed loosely
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    shown = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if form == "console"
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, shown],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard library: their warnings go the same way, redacted.
    logging.basicConfig(level=logging.WARNING, handlers=[_Handler()], force=True)


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Return the log event with secrets replaced by `***` and long texts cut."""
    return {key: _clean(value) for key, value in event.items()}


def without_secrets(text: str) -> str:
    """Return the text with everything that looks like a secret replaced by `***`."""
    return _SECRETS.sub("***", text)


class Metrics:
    """The metrics of one process; labels never carry foreign text."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "triaged_deliveries_total",
            "Webhook deliveries by the answer's status.",
            ["status"],
            registry=self.registry,
        )
        self.loop_turns = Counter(
            "triaged_loop_turns_total",
            "Turns of a loop that did something.",
            ["loop"],
            registry=self.registry,
        )
        self.loop_failures = Counter(
            "triaged_loop_failures_total",
            "Turns of a loop that failed.",
            ["loop"],
            registry=self.registry,
        )
        self.loop_seconds = Histogram(
            "triaged_loop_seconds",
            "Length of a loop's turn in seconds.",
            ["loop"],
            registry=self.registry,
        )
        self.loop_last_turn = Gauge(
            "triaged_loop_last_turn_timestamp_seconds",
            "When the loop last came round, in Unix seconds.",
            ["loop"],
            registry=self.registry,
        )
        self.open_incidents = Gauge(
            "triaged_open_incidents",
            "Open incidents by severity.",
            ["severity"],
            registry=self.registry,
        )
        self.set_aside = Gauge(
            "triaged_set_aside",
            "Deliveries and messages that were set aside and wait for a person.",
            ["what"],
            registry=self.registry,
        )
        self.leader = Gauge(
            "triaged_leader", "1 where this process runs the loops.", registry=self.registry
        )


class _Handler(logging.Handler):
    """Hands records of the standard library to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record as an event of its own."""
        structlog.get_logger(record.name).warning("library", message=record.getMessage())


def _clean(value: object) -> object:
    if isinstance(value, str):
        return without_secrets(value)[:LONGEST]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return without_secrets(str(value))[:LONGEST]
