"""What a database's errors mean here: away for now, or wrong for ever."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from incidents.errors import Rejected, Unavailable


class CommitLost(Unavailable):
    """The connection was lost during COMMIT: nobody knows yet whether it happened."""


# InternalError stands here for PostgreSQL's "read-only" (a failover) and "terminated while idle".
AWAY = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError)
WRONG = (exc.StatementError, OverflowError, UnicodeError)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise Unavailable or Rejected for the database's errors; they never quote a body."""
    try:
        yield
    except AWAY as error:
        message = f"{what}: the store is away ({reason(error)})"
        raise Unavailable(message) from error
    except WRONG as error:
        if lost(error):
            message = f"{what}: the store is away ({reason(error)})"
            raise Unavailable(message) from error
        message = f"{what}: the store cannot keep this ({reason(error)})"
        raise Rejected(message) from None


def lost(error: BaseException) -> bool:
    """Tell whether the connection is gone with this error."""
    return isinstance(error, exc.DBAPIError) and error.connection_invalidated


def reason(error: Exception) -> str:
    """Return the error's first line; the details quote values and stay out."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, UnicodeError):
        return "it holds a character that cannot be encoded"
    return f"{type(cause).__name__}: {str(cause).partition(chr(10))[0][:200]}"
