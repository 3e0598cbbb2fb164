"""What is kept back at this moment, for people: which alerts, why, and how far they have come."""

from collections.abc import Iterator

from bot.app.keeping import firing
from incidents.desk import Desk
from incidents.journal import Aggregate
from incidents.keeping import Rules, progress
from incidents.kept import recent

LISTED = 20
"""So many alerts of one key are listed by name; of the others there is a number."""


def listing(desk: Desk) -> Iterator[dict[str, object]]:
    """Yield for each key what is kept back: its alerts with the reasons, bounded, and the rest."""
    rows = desk.journal.summaries(aggregate=Aggregate.KEPT, open_only=True)
    for row in reversed(rows):
        kept, now = desk.kept(row.stream), desk.clock()
        alerts = list(kept.alerts.values())
        rules = Rules(gathering=desk.policy.gathering, hold=desk.policy.hold)
        counting = (*alerts, *recent(kept, rules, now))
        yield {
            "key": kept.key,
            "count": len(alerts),
            "alerts": [
                {
                    "alert": one.fired.name,
                    "severity": one.fired.severity,
                    "rule": one.why.rule,
                    "because": one.why.because,
                    "until": one.why.until,
                    "under": one.why.under,
                    "since": one.kept_at,
                }
                for one in alerts[:LISTED]
            ],
            "more": max(len(alerts) - LISTED, 0),
            "progress": list(
                progress((firing(one, kept) for one in counting), desk.policy.gathering, now)
            ),
        }


def lines(found: list[dict[str, object]]) -> Iterator[str]:
    """Yield the listing as lines, a line for each key and reason."""
    for one in found:
        alerts, progress_ = one["alerts"], one["progress"]
        if not isinstance(alerts, list) or not isinstance(progress_, list):
            continue
        reached = f"; {', '.join(progress_)}" if progress_ else ""
        said = dict[str, list[str]]()
        for alert in alerts:
            said.setdefault(alert["because"], []).append(alert["alert"])
        for because, names in said.items():
            shown = ", ".join(sorted(set(names)))
            yield f"kept back: {len(names)} of {one['key']} ({shown}): {because}{reached}"
        if one["more"]:
            yield f"kept back: and {one['more']} more of {one['key']}"
