"""The document as Markdown."""

from datetime import datetime

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.postmortem import escaping
from bot.postmortem.document import Document
from bot.postmortem.spans import span


def markdown(document: Document, *, template: str) -> str:
    """Return the document through a template, whose filters escape what is foreign.

    Raises jinja2's TemplateError for a template that does not fit.
    """
    # Autoescape is HTML's; here a text without one of the filters would be the template's mistake.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_escaped,
    )
    environment.filters = {
        **environment.filters,
        "code": lambda value: Safe(escaping.code(str(value))),
        "block": lambda value: Safe(escaping.block(str(value))),
        "day": _day,
        "clock": _day if document.several_days else _clock,
        "span": lambda value: Safe(span(value)),
    }
    return environment.from_string(template).render(document=document)


class Safe(str):
    """Markdown that our own filters made."""

    __slots__ = ()


def _escaped(value: object) -> object:
    """Return what a template prints: foreign text escaped, whatever the template forgot."""
    if isinstance(value, Safe) or not isinstance(value, str):
        return value
    return escaping.text(value)


def _day(at: datetime | None) -> Safe:
    return Safe(f"{at:%Y-%m-%d %H:%M:%S}" if at else "not reached")


def _clock(at: datetime) -> Safe:
    return Safe(f"{at:%H:%M:%S}")
