"""The table of texts: what people wrote and alerts say, apart from the events, erasable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, String, Table, delete, select

from storage.backend import Backend
from storage.chain import Chain
from storage.columns import Words
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
        """Return what is still there; an erased text is missing from the answer."""
        query = select(TEXTS).where(TEXTS.c.digest.in_(digests))

        def work(connection: Connection) -> Mapping[str, str]:
            return {row.digest: row.body for row in connection.execute(query)}

        return self.reader.read("texts read", work)

    def erase(self, digests: Sequence[str]) -> int:
        """Erase texts; return how many there were."""
        query = delete(TEXTS).where(TEXTS.c.digest.in_(digests))
        return self.writer.write(
            "texts erase", lambda connection: connection.execute(query).rowcount
        )
