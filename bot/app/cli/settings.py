"""`triaged settings`: every setting, what it means, and why its default is as it is."""

from bot.app.cli.output import Json, show
from bot.app.settings import Settings, about, variable


def settings(*, as_json: Json = False) -> None:
    """List the settings; each is an environment variable."""
    defaults = Settings()
    found = [
        {
            "variable": variable(name),
            "default": str(getattr(defaults, name) or ""),
            "meaning": one.meaning,
            "why": one.why,
        }
        for name, one in about().items()
    ]
    lines = [
        f"{one['variable']}={one['default']}\n    {one['meaning']} {one['why']}" for one in found
    ]
    show(found, [part for line in lines for part in line.split("\n")], as_json=as_json)
