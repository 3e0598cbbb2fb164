"""PostgreSQL behind a proxy: the only way to reach it by TCP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.storage.proxy import Proxy


@pytest.fixture
def proxy(postgresql_folder: Path) -> Iterator[Proxy]:
    """Stand between the store and its server."""
    proxy = Proxy(postgresql_folder / ".s.PGSQL.5432")
    yield proxy
    proxy.close()


@pytest.fixture
def proxied_url(proxy: Proxy, postgresql_url: str) -> str:
    """Give the address of the database behind the proxy."""
    name = postgresql_url.partition("@/")[2].partition("?")[0]
    return f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}"
