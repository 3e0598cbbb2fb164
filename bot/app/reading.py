"""Reading one setting: from the text of its variable to its value, or why it does not fit."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.app.secret import Secret
from incidents.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a setting means, why its default is as it is, and how its text is read."""

    meaning: str
    why: str
    read: Callable[[str], object] = str


def secret_file(name: str) -> Secret:
    """Return what stands in the file, without the blanks around it; an empty one is refused."""
    try:
        found = Path(name).read_bytes().decode("utf-8").strip()
    except OSError as error:
        message = f"{name}: {error.strerror}"
        raise Rejected(message) from error
    except UnicodeDecodeError:
        # Not with `from`: the error that is left out quotes bytes of the secret.
        message = f"{name}: it is no text in UTF-8"
        raise Rejected(message) from None
    if not found:
        message = f"{name}: the file is empty"
        raise Rejected(message)
    return Secret(found)


def words(text: str) -> tuple[str, ...]:
    """Return what stands between commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def some_of(*known: str) -> Callable[[str], tuple[str, ...]]:
    """Return a reader of one or several of the known words."""

    def read(text: str) -> tuple[str, ...]:
        for word in words(text):
            if word not in known:
                message = f"{word!r} is unknown; known are {', '.join(known)}"
                raise Rejected(message)
        if not words(text):
            message = f"name at least one of {', '.join(known)}"
            raise Rejected(message)
        return words(text)

    return read


def one_of(*known: str) -> Callable[[str], str]:
    """Return a reader of exactly one of the known words."""

    def read(text: str) -> str:
        if text not in known:
            message = f"{text!r} is unknown; known are {', '.join(known)}"
            raise Rejected(message)
        return text

    return read


def truth(text: str) -> bool:
    """Return true or false; nothing else is guessed."""
    return one_of("true", "false")(text) == "true"


def seconds(text: str) -> float:
    """Return a length of time in seconds, 0 or more."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found) or found < 0:
        message = f"{text!r} is no number of seconds"
        raise Rejected(message)
    return found


def count(text: str) -> int:
    """Return a whole number, 0 or more."""
    if not (text.isascii() and text.isdigit()):
        message = f"{text!r} is no whole number, 0 or more"
        raise Rejected(message)
    return int(text)


def http(text: str) -> str:
    """Return an address of HTTP; one with a password in it is refused, since it would be shown."""
    parts = urlsplit(text)
    if parts.username is not None or parts.password is not None:
        message = "a password has no place in an address"
        raise Rejected(message)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = f"{text!r} is no address: expected http://… or https://…"
        raise Rejected(message)
    return text


def addresses(text: str) -> tuple[str, ...]:
    """Return addresses of HTTP with commas between."""
    return tuple(http(one) for one in words(text))


def listening(text: str) -> str:
    """Return `host:port` as it stands."""
    host_and_port(text)
    return text


def host_and_port(text: str) -> tuple[str, int]:
    """Return host and port; IPv6 stands in brackets, and port 0 takes any free one."""
    host, _, port = text.rpartition(":")
    plain = port.isascii() and port.isdigit() and int(port) < 1 << 16
    if not host or not plain or (":" in host and not host.startswith("[")):
        message = f"{text!r} is not host:port"
        raise Rejected(message)
    return host.strip("[]"), int(port)
