"""The arguments of a call, read the way Slack reads them from forms and from JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from drills.slack.errors import refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What came with a call; the token is never among it."""

    values: Mapping[str, object]

    def text(self, name: str, default: str = "") -> str:
        """Return an argument as text."""
        value = self.values.get(name)
        if value is None:
            return default
        return value if isinstance(value, str) else json.dumps(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return an argument as a yes or no: JSON's booleans, or `1` and `true`."""
        if self.values.get(name) is None:
            return default
        return self.text(name).lower() in {"1", "true"}

    def number(self, name: str, default: int, *, code: str = "invalid_arguments") -> int:
        """Return an argument as a whole number; raises Refused with `code` when it is none."""
        text = self.text(name)
        if not text:
            return default
        if not text.isascii() or not text.isdigit():
            refuse(code)
        return int(text)

    def structure(self, name: str, *, code: str) -> object:
        """Return an argument that is JSON, or JSON in text; None when it is missing.

        Raises Refused with `code` when the text is no JSON.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except ValueError:
            refuse(code)
