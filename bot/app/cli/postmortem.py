"""`triaged postmortem`: write an incident's postmortem again, from the journal."""

from bot.app.beginning import Beginning
from bot.app.cli.output import Json, show
from bot.app.opening import opened
from bot.app.settings import load
from bot.postmortem.writing import Writer
from runbooks.language.loader import LIBRARY
from runbooks.language.loader import load as load_runbooks


def postmortem(incident: int, /, *, as_json: Json = False) -> None:
    """Write INC-<n>.md and INC-<n>.html into the folder of postmortems."""
    with opened(load()) as desk:
        beginning = Beginning(
            runbooks=load_runbooks((LIBRARY, *desk.configuration.runbooks)),
            policy_digest=desk.configuration.policy.digest,
            policy_text=desk.configuration.policy_text,
            texts=desk.store.texts,
        )
        writer = Writer(
            desk=desk.desk,
            texts=desk.store.texts,
            people=desk.configuration.people,
            folder=desk.settings.postmortems,
            follow_ups=beginning.follow_ups,
        )
        written = writer.write(incident)
        place = desk.settings.postmortems / written.name
        show({"file": str(place), "digest": written.digest}, [str(place)], as_json=as_json)
