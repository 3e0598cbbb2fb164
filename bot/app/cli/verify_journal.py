"""`triaged verify-journal`: recompute the chain, and name the first row that does not fit."""

from typing import Annotated

from cyclopts import Parameter

from bot.app.cli.output import Json, counted, show
from bot.app.opening import opened
from bot.app.settings import load
from incidents.errors import Rejected
from incidents.journal import Head

Heads = Annotated[
    list[str] | None,
    Parameter(
        name="--head",
        negative="",
        help="A head from the logs, `position:events:mac:key`; a tail cut off since then shows.",
    ),
]


def verify_journal(*, heads: Heads = None, as_json: Json = False) -> None:
    """Recompute the chain over every event; fails when a row does not fit."""
    with opened(load(), needed=()) as desk:
        journal = desk.store.journal
        broken = journal.verify(heads=[_head(one) for one in heads or ()])
        if broken is not None:
            message = (
                f"{broken.stream} version {broken.version} (position {broken.position}): "
                f"{broken.because}"
            )
            raise Rejected(message)
        head = journal.head()
        name = f"{head.position}:{head.events}:{head.mac}:{head.key_id}"
        show(
            {"holds": True, "head": head},
            [f"{counted(head.events, 'event holds', 'events hold')}; head {name}"],
            as_json=as_json,
        )


def _head(text: str) -> Head:
    parts = text.split(":")
    if len(parts) != len(Head.__dataclass_fields__) or not (parts[0] + parts[1]).isdigit():
        message = f"--head {text!r}: expected position:events:mac:key"
        raise Rejected(message)
    return Head(position=int(parts[0]), events=int(parts[1]), mac=parts[2], key_id=parts[3])
