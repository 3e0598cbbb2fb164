"""The reason that a person gives: there must be one."""

from incidents.errors import Rejected


def say_why(reason: str) -> None:
    """Raise Rejected where nothing is said."""
    if not reason.strip():
        message = "say why: others will read it"
        raise Rejected(message)
