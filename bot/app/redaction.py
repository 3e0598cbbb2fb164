"""Redaction: what looks like a secret becomes `***`, wherever it stands in a text."""

import re

HIDDEN = "***"
_NAMED = (
    r"(?:[\w-]*(?:password|passwd|passphrase|secret|credentials?|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|response[_-]?url|token)|pwd)"
)
_LOOKS = (
    # Slack: tokens of every kind, incoming webhooks, and where an answer to a person goes.
    r"xox[a-z](?:\.xox[a-z])?-[\w-]+",
    r"xapp-[\w-]+",
    r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers|commands|actions|app)/[\w/-]+",
    # What stands in headers and addresses.
    r"(?i:(?<=bearer )|(?<=basic )|(?<=bearer\t))[\w.~+/=-]{8,}",
    r"(?i:(?<=cookie: )|(?<=authorization: ))[^\r\n\"']+",
    r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",
    # Tokens with a beginning of their own: JSON web tokens, and those of well-known services.
    # What is too short for one ends the search, so that a long text is read only once.
    r"eyJ[\w-]{12,}(?:\.[\w-]+)*",
    r"gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}",
    r"hf_\w{20,}|sk-[\w-]{20,}|AIza[\w-]{30,}|(?:AKIA|ASIA)[A-Z0-9]{16}",
    # A block without its end is hidden to the end of the text.
    r"-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|\Z)",
    # name=value, "name": "value", name: value.
    rf"(?i:(?<![\w-]){_NAMED}[\"']?\s*[=:]\s*)(?!\*\*\*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"'}})]+)",
)
_SECRETS = re.compile("|".join(_LOOKS))
_NAME = re.compile(rf"(?i:{_NAMED}[\"']?\s*[=:]\s*)")


def without_secrets(text: str) -> str:
    """Return the text with everything that looks like a secret replaced by `***`."""
    return _SECRETS.sub(_hide, text)


def names_a_secret(name: str) -> bool:
    """Return whether what goes by this name is a secret, whatever it looks like."""
    return re.fullmatch(rf"(?i:{_NAMED})", name) is not None


def _hide(found: re.Match[str]) -> str:
    """Leave the name of a named secret: who reads the log must know which one it was."""
    name = _NAME.match(found[0])
    return f"{name[0] if name else ''}{HIDDEN}"
