"""The table of texts: what people wrote and alerts say, apart from the events, erasable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, LargeBinary, String, Table, delete, select, type_coerce

from incidents.errors import Rejected
from storage.backend import Backend
from storage.chain import Chain
from storage.columns import Words, to_text
from storage.schema import METADATA
from storage.writer import Reader, Writer

TEXTS = Table(
    "texts",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("body", Words, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlTexts:
    """Texts in a database, under digests that nobody without the key can guess a text from."""

    backend: Backend
    chain: Chain
    writer: Writer
    reader: Reader

    def keep(self, texts: Sequence[str]) -> Sequence[str]:
        """Commit the texts and return their keyed digests, in order."""
        digests = [self.chain.digest(text) for text in texts]
        rows = [
            {"digest": digest, "body": text}
            for digest, text in sorted(dict(zip(digests, texts, strict=True)).items())
        ]
        insert = self.backend.insert(TEXTS).on_conflict_do_nothing()
        if rows:
            self.writer.write("texts keep", lambda connection: connection.execute(insert, rows))
        return digests

    def read(self, digests: Sequence[str]) -> Mapping[str, str]:
        """Return what is still there; an erased text is missing from the answer.

        Raises Rejected for a text that is not the one that was kept: the events hold its digest,
        and a run that goes by a runbook's text must not go by what somebody wrote into the table.
        """
        body = type_coerce(TEXTS.c.body, LargeBinary)
        query = select(TEXTS.c.digest, body).where(TEXTS.c.digest.in_(digests))

        def work(connection: Connection) -> Sequence[tuple[str, object]]:
            return [(digest, raw) for digest, raw in connection.execute(query)]

        return {
            digest: self._sound(digest, raw) for digest, raw in self.reader.read("texts read", work)
        }

    def erase(self, digests: Sequence[str]) -> int:
        """Erase texts; return how many there were."""
        query = delete(TEXTS).where(TEXTS.c.digest.in_(digests))
        return self.writer.write(
            "texts erase", lambda connection: connection.execute(query).rowcount
        )

    def _sound(self, digest: str, raw: object) -> str:
        # SQLite gives back whatever type somebody wrote into the column.
        if isinstance(raw, bytes) and self.chain.digest_fits(digest, raw):
            return to_text(raw)
        message = f"text {digest[:12]} was changed in the database: it does not fit its digest"
        raise Rejected(message)
