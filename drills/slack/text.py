"""Text as Slack keeps it: escaped, with addresses wrapped (docs.slack.dev, formatting)."""

import re

_ADDRESS = re.compile(r"(?<![<|\w])https?://[^\s<>|]+")
_MENTION = re.compile(r"@([a-z0-9._-]+)")


def escaped(text: str) -> str:
    """Return what a person or a plain argument said, with `&`, `<` and `>` escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescaped(text: str) -> str:
    """Return stored text as a person reads it."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def stored(text: str) -> str:
    """Return the `text` of an app's message as Slack keeps it: bare addresses are wrapped."""
    return _ADDRESS.sub(lambda found: f"<{found.group()}>", text)


def with_mentions(text: str, names: dict[str, str]) -> str:
    """Return typed text, escaped, with the `@name` of known people as mentions by id."""

    def mention(found: re.Match[str]) -> str:
        user = names.get(found.group(1))
        return f"<@{user}>" if user else found.group()

    return _MENTION.sub(mention, escaped(text))
