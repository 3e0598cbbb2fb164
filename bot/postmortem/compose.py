"""Composes the document of an incident from its story; pure."""

from bot.postmortem import changes, evidence, gaps, impact, questions, ringing, summary, tried
from bot.postmortem.document import Document, Line
from bot.postmortem.phases import phases
from bot.postmortem.story import Story
from incidents.timeline import Weight, rows

MOST_ROWS = 1000
"""Rows of the timeline that are printed: half from its beginning, half from its end."""


def document(story: Story) -> Document:
    """Return the document; the same story gives an equal one."""
    incident = story.incident
    lines = _lines(story)
    return Document(
        label=incident.label,
        title=incident.title,
        severity=incident.severity.value,
        status=incident.status.value,
        because=incident.severity_because,
        summary=summary.sentences(story),
        facts=summary.facts(story),
        impact=impact.numbers(story),
        measures=summary.measures(story),
        phases=phases(story),
        changes=changes.changes(story),
        asked=questions.asked(story),
        checks=evidence.checks(story),
        alerts=ringing.alerts(story),
        tried=tried.lines(story),
        gaps=gaps.gaps(story),
        follow_ups=story.follow_ups,
        timeline=_middle_left_out(lines),
        left_out=max(0, len(lines) - MOST_ROWS),
    )


def _lines(story: Story) -> tuple[Line, ...]:
    return tuple(
        Line(at=row.at, text=row.text, who=row.by, loud=row.weight is Weight.HEADLINE)
        for row in rows(story.history)
    )


def _middle_left_out(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    if len(lines) <= MOST_ROWS:
        return lines
    half = MOST_ROWS // 2
    return (*lines[:half], *lines[-half:])
