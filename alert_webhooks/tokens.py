"""Who may deliver: named sources, each with up to two tokens that are valid at once."""

import hashlib
import hmac
import re
from collections.abc import Mapping

from incidents.errors import Rejected

AT_ONCE = 2
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_SCHEME = "bearer"


class Tokens:
    """Digests of the valid tokens, by the name of their source."""

    def __init__(self, tokens: Mapping[str, tuple[str, ...]]) -> None:
        """Take tokens in clear and forget them; raises Rejected when they do not fit."""
        for name, valid in tokens.items():
            _check(name, valid)
        self._digests = tuple(
            (name, _digest(token)) for name, valid in tokens.items() for token in valid
        )
        if len({digest for _, digest in self._digests}) < len(self._digests):
            message = "tokens: one token stands twice, so it would not say who delivers"
            raise Rejected(message)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def source_of(self, authorization: str | None) -> str | None:
        """Return whose token an `Authorization` header carries; None when nobody's.

        Every digest is compared, in constant time each: the answer's delay tells nothing.
        """
        scheme, _, token = (authorization or "").partition(" ")
        given, found = _digest(token.strip()), None
        for name, digest in self._digests:
            if hmac.compare_digest(digest, given):
                found = name
        return found if scheme.lower() == _SCHEME else None


def read_tokens(text: str) -> Tokens:
    """Return the tokens of `source token` lines; empty lines and those with `#` first are left out.

    Raises Rejected with the line's number, and never with what stands in it.
    """
    found: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2:  # noqa: PLR2004 - a name and a token
            message = f"tokens: line {number} must be a source's name and a token"
            raise Rejected(message)
        found[words[0]] = (*found.get(words[0], ()), words[1])
    return Tokens(found)


def _check(name: str, valid: tuple[str, ...]) -> None:
    if not _NAME.fullmatch(name):
        message = "tokens: a source's name is up to 40 small letters, digits and hyphens"
        raise Rejected(message)
    if len(valid) > AT_ONCE:
        message = f"tokens: {name} has {len(valid)}; at most {AT_ONCE} are valid at once"
        raise Rejected(message)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
