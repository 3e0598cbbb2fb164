"""Composes the document of an incident from its story; pure."""

from dataclasses import replace

from bot.postmortem import changes, evidence, gaps, impact, questions, ringing, summary, tried
from bot.postmortem.document import Document, Line
from bot.postmortem.phases import phases
from bot.postmortem.story import Story
from incidents.events.followups import FollowUpMade, FollowUpReminded
from incidents.events.incident import ChannelArchived, PostmortemWritten
from incidents.events.registry import Event
from incidents.timeline import Weight, rows

MOST_ROWS = 1000
"""Rows of the timeline that are printed: half from its beginning, half from its end."""

# What follows from the document cannot stand in it: written again it would be another one.
_AFTERWARDS = (PostmortemWritten, ChannelArchived, FollowUpReminded)


def document(told: Story) -> Document:
    """Return the document; the same story gives an equal one, also after it was written."""
    story = replace(
        told,
        history=tuple(one for one in told.history if not _afterwards(one.event)),
    )
    incident = story.incident
    lines = _lines(story)
    return Document(
        label=incident.label,
        title=incident.title,
        severity=incident.severity.value,
        status=incident.status.value,
        because=incident.severity_because,
        summary=summary.paragraphs(story),
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
        several_days=_several_days(lines),
        left_out=max(0, len(lines) - MOST_ROWS),
    )


def _afterwards(event: Event) -> bool:
    """Return whether it follows from the document, or stands in its list of follow-ups."""
    listed = isinstance(event, FollowUpMade) and not event.run
    return listed or isinstance(event, _AFTERWARDS)


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


def _several_days(lines: tuple[Line, ...]) -> bool:
    return len({line.at.date() for line in lines}) > 1
