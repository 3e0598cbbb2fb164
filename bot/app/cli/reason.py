"""Why a person does something: it is kept for good, so secrets do not come in."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter, Token

from bot.app.redaction import without_secrets


def _kept(_: type, tokens: Sequence[Token]) -> str:
    return without_secrets(" ".join(one.value for one in tokens))


Reason = Annotated[str, Parameter(converter=_kept)]
"""What a person gives as a reason, as the timeline shows it: `***` for what looks like a secret."""
