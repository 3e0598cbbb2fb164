"""The refusals of the stand-in: a Slack error code, and for the console a sentence."""

from typing import NoReturn


class Refused(Exception):
    """A call that Slack would answer with `ok: false` and this code.

    `fields` stand beside the code in the answer, as `needed` and `provided` do.
    """

    def __init__(self, code: str, **fields: object) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields


class Impossible(Exception):
    """Something a person cannot do, such as pressing a button that is not there."""


def refuse(code: str, **fields: object) -> NoReturn:
    """Refuse the call with this code; raises Refused."""
    raise Refused(code, **fields)


def impossible(why: str) -> NoReturn:
    """Say that a person cannot do this; raises Impossible."""
    raise Impossible(why)
