"""The one MetaData of all tables, and the revision that this program needs."""

from sqlalchemy import BigInteger, Column, MetaData, Table

METADATA = MetaData()
REVISION = 2

# One row: the revision that the migrations have reached.
SCHEMA_REVISION = Table("schema_revision", METADATA, Column("revision", BigInteger))
