"""`triaged migrate`: bring the database's schema to this program's revision, under a lock."""

from bot.app.cli.output import Json, show
from bot.app.opening import chain_key
from bot.app.settings import load
from storage.migrations.migrate import migrate as migrate_schema


def migrate(*, as_json: Json = False) -> None:
    """Migrate; two at once are one after the other, and a second time changes nothing."""
    settings = load()
    chain_key(settings, create=True)
    revision = migrate_schema(settings.database_url)
    show({"revision": revision}, [f"the schema is at revision {revision}"], as_json=as_json)
