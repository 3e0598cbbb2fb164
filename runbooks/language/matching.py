"""Which runbook an alert asks for, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from incidents.errors import Rejected
from runbooks.language.matchers import fits_whole
from runbooks.language.model import TRIAGE, Runbook


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The runbook that runs, and why this one."""

    runbook: Runbook
    because: str


def choose(
    labels: Mapping[str, str], runbook_url: str, *, runbooks: Mapping[str, Runbook]
) -> Chosen:
    """Return the runbook for an alert with these labels and this annotation (may be empty).

    The annotation decides first, then the number of matchers, then the priority; an alert that
    nothing matches goes to triage. Raises Rejected when there is no triage runbook either.
    """
    addressed = [one for one in runbooks.values() if _address(one, runbook_url)]
    if addressed:
        best = _best(addressed)
        return Chosen(runbook=best, because=f"the alert's runbook_url names {best.name}")
    fitting = [one for one in runbooks.values() if _labels(one, labels)]
    if fitting:
        best = _best(fitting)
        words = " and ".join(str(matcher) for matcher in best.match.labels)
        return Chosen(runbook=best, because=f"the alert fits {words}")
    if TRIAGE not in runbooks:
        message = f"no runbook matches, and there is no {TRIAGE}"
        raise Rejected(message)
    return Chosen(runbook=runbooks[TRIAGE], because="no other runbook matches the alert")


def _address(runbook: Runbook, runbook_url: str) -> bool:
    return any(fits_whole(pattern, runbook_url) for pattern in runbook.match.addresses)


def _labels(runbook: Runbook, labels: Mapping[str, str]) -> bool:
    matchers = runbook.match.labels
    return bool(matchers) and all(matcher.fits(labels) for matcher in matchers)


def _best(runbooks: Iterable[Runbook]) -> Runbook:
    # Ties are refused at load; the name makes the answer the same whatever was loaded.
    return max(runbooks, key=lambda one: (len(one.match.labels), one.priority, one.name))
