"""The checks, and the numbers behind each verdict."""

from collections.abc import Iterator

from bot.postmortem.document import Check, Measured
from bot.postmortem.story import Story
from incidents.events.run import CheckFinished, Evidence
from incidents.telling import number


def checks(story: Story) -> tuple[Check, ...]:
    """Return the checks in order; what pods told one by one stands in one line."""
    return tuple(
        Check(
            at=at,
            step=event.step,
            verdict=event.verdict,
            because=event.because,
            measured=tuple(_measured(event.evidence)),
            queries=_queries(event.evidence),
        )
        for at, _, event in story.told(CheckFinished)
    )


def _measured(evidence: tuple[Evidence, ...]) -> Iterator[Measured]:
    by_name = dict[str, list[Evidence]]()
    for one in evidence:
        by_name.setdefault(one.name, []).append(one)
    for name, found in by_name.items():
        yield Measured(name=name, value=_value(found), at=max(one.at for one in found))


def _value(found: list[Evidence]) -> str:
    known = [one for one in found if one.value is not None]
    if not known:
        return found[0].because or "no data"
    least, most = min(known, key=_size), max(known, key=_size)
    silent = f"; no data of {len(found) - len(known)}" if len(known) < len(found) else ""
    shown = number(most.value, most.unit)
    if len(found) == 1:
        return shown if most.pod is None else f"{shown} ({most.pod})"
    if least.value == most.value:
        return f"{shown} in {len(known)} pods{silent}"
    lowest = number(least.value, least.unit).removesuffix(f" {most.unit}")
    return f"{lowest} to {shown} in {len(known)} pods, highest in {most.pod}{silent}"


def _size(one: Evidence) -> float:
    return one.value or 0.0


def _queries(evidence: tuple[Evidence, ...]) -> str:
    """Return each query once, under the names that it answered, as Prometheus would accept it."""
    names = dict[str, dict[str, None]]()
    for one in evidence:
        if one.query:
            names.setdefault(one.query, {})[one.name] = None
    return "\n".join(f"# {', '.join(found)}\n{query}" for query, found in names.items())
