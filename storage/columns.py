"""Column types: moments are integers of microseconds, foreign words are bytes."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Serial = BigInteger().with_variant(Integer(), "sqlite")


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept as microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn the moment into microseconds."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn microseconds into the moment."""
        return None if value is None else moment(value)


class Words(TypeDecorator[str]):
    """Text that came from outside: PostgreSQL's `text` refuses NUL, UTF-8 lone surrogates."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn the text into bytes."""
        return None if value is None else to_bytes(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn bytes into the text."""
        return None if value is None else to_text(value)


def micros(value: datetime) -> int:
    """Return the moment in microseconds; raises TypeError when it has no time zone."""
    return (value - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    """Return the moment of so many microseconds, in UTC."""
    return EPOCH + timedelta(microseconds=value)


def to_bytes(text: str) -> bytes:
    """Return the text as UTF-8 in which lone surrogates survive."""
    return text.encode("utf-8", "surrogatepass")


def to_text(raw: bytes) -> str:
    """Return the text that `to_bytes` made into these bytes."""
    return bytes(raw).decode("utf-8", "surrogatepass")
