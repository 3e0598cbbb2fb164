"""`triaged settings`: every setting, what it means, and why its default is as it is."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from cyclopts import Parameter

from bot.app.cli.output import Json, show
from bot.app.settings import Settings, about, variable
from incidents.errors import Rejected

Markdown = Annotated[bool, Parameter(name="--markdown", negative="", help="Print the page.")]

HEAD = """\
# Settings

Settings are addresses, secrets and places, read from the environment once, when triaged starts. A
secret is never in a variable: the variable names a file. An unknown `TRIAGED_…` variable is
refused, an empty one is as if it were unset. What a team decides (who may approve, how long an
incident stays calm before it ends) is configuration, in the folder that `TRIAGED_CONFIG` names;
`triaged configuration check` checks it, `triaged configuration schema` prints its schemas.

This page is printed by `triaged settings --markdown`.

| variable | default | meaning | why this default |
|---|---|---|---|
"""


def settings(*, markdown: Markdown = False, as_json: Json = False) -> None:
    """List the settings; each is an environment variable."""
    if markdown and as_json:
        message = "--markdown prints the page and --json prints JSON: give one of them"
        raise Rejected(message)
    found = _found()
    if markdown:
        show(found, page().splitlines(), as_json=False)
        return
    lines = [
        line
        for one in found
        for line in (f"{one['variable']}={one['default']}", f"    {one['meaning']} {one['why']}")
    ]
    show(found, lines, as_json=as_json)


def page() -> str:
    """Return docs/settings.md."""
    return HEAD + "".join(
        f"| `{one['variable']}` | {_code(one['default'])} | {one['meaning']} | {one['why']} |\n"
        for one in _found()
    )


def _found() -> Sequence[Mapping[str, str]]:
    defaults = Settings()
    return [
        {
            "variable": variable(name),
            "default": _text(getattr(defaults, name)),
            "meaning": one.meaning,
            "why": one.why,
        }
        for name, one in about().items()
    ]


def _text(default: object) -> str:
    """Return a default as one would write it into the environment."""
    if isinstance(default, tuple):
        return ",".join(default)
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if default else ""


def _code(default: str) -> str:
    return f"`{default}`" if default else ""
