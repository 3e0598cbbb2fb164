"""Telemetry: structured logs, one line an event, without secrets."""

import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO  # Any: log events hold whatever was logged

import structlog

from bot.app.redaction import HIDDEN, names_a_secret, without_secrets

LONGEST = 4000
CUT = " … (cut)"


def configure(*, form: str, out: TextIO | None = None) -> None:
    """Set up logging for the whole process; call it once, from the command line.

    Lines go to `out`, standard error where none is given.
    """
    stream = out or sys.stderr
    shared: list[Any] = [  # structlog's own processors are typed loosely
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    shown = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if form == "console"
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, shown],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard library: their warnings go the same way, redacted.
    logging.basicConfig(level=logging.WARNING, handlers=[_Handler()], force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Return the log event with secrets replaced by `***` and long texts cut."""
    return {
        _text(key): HIDDEN if names_a_secret(key) else _clean(value) for key, value in event.items()
    }


class _Handler(logging.Handler):
    """Hands records of the standard library to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record as an event of its own."""
        level = min(record.levelno, logging.CRITICAL)
        structlog.get_logger().log(
            level,
            "library",
            library=record.name,
            message=record.getMessage(),
            **({"exc_info": record.exc_info} if record.exc_info else {}),
        )


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    structlog.get_logger().error("uncaught", exc_info=(kind, error, trace))


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    error = arguments.exc_value
    if error is not None:
        structlog.get_logger().error("uncaught in a thread", exc_info=error)


def _clean(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _text(value if isinstance(value, str) else str(value))


def _text(text: str) -> str:
    hidden = without_secrets(text)
    return hidden if len(hidden) <= LONGEST else hidden[:LONGEST] + CUT
