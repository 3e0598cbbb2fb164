"""Words that several messages share: names of people, moments, short lines."""

from collections.abc import Iterable

from incidents.approval import Approval, ApprovalState
from incidents.freeze import ALL
from incidents.people import People

DAY = "%Y-%m-%d %H:%M:%S UTC"


def shortened(text: str, most: int) -> str:
    """Return the text in one line, cut with a visible mark."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def names(people: Iterable[str], known: People) -> str:
    """Return the names of people by their ids."""
    return ", ".join(known.called(one) for one in people)


def fate(approval: Approval, people: People) -> str:
    """Return in words what became of an approval, and who decided."""
    who = names((approval.decided_by or "").split(" and "), people)
    words = {
        ApprovalState.REQUESTED: "open",
        ApprovalState.GRANTED: f"approved by {who}",
        ApprovalState.REFUSED: f"rejected by {who}: {approval.because}",
        ApprovalState.EXPIRED: "expired; nothing was changed with it",
        ApprovalState.VOIDED: f"void: {approval.because}",
        ApprovalState.CONSUMED: f"approved by {who} and carried out",
    }
    return words[approval.state]


def within(scope: str) -> str:
    """Return where a freeze of this scope holds."""
    return "anywhere" if scope == ALL else f"in {scope}"
