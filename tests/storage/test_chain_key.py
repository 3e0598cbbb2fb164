"""The chain key's file: made once, and readable by its owner alone."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from incidents.errors import Rejected
from storage.chain_key import chain_key_from_file


def test_a_key_is_made_once_and_read_ever_after(tmp_path: Path) -> None:
    """A new key with every start would break the chain."""
    file = tmp_path / "chain.key"

    made = chain_key_from_file(file, create=True)

    assert len(made) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert chain_key_from_file(file, create=True) == made
    assert chain_key_from_file(str(file), create=False) == made
    assert [one.name for one in tmp_path.iterdir()] == ["chain.key"]


def test_many_that_make_it_at_once_get_the_same_key(tmp_path: Path) -> None:
    """The server and a command may start together."""
    file = tmp_path / "chain.key"

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: chain_key_from_file(file, create=True), range(8)))

    assert len(set(keys)) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["chain.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o660])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """Whoever reads the key can rewrite the history; whoever writes it can end it."""
    file = tmp_path / "chain.key"
    chain_key_from_file(file, create=True)
    file.chmod(mode)

    with pytest.raises(Rejected, match="chmod 600"):
        chain_key_from_file(file, create=False)


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)], ids=["empty", "short", "long"])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """A truncated file must not become a weak key."""
    file = tmp_path / "chain.key"
    file.write_bytes(content)
    file.chmod(0o600)

    with pytest.raises(Rejected, match="exactly 32 bytes"):
        chain_key_from_file(file, create=True)


def test_a_missing_file_or_folder_is_said_plainly(tmp_path: Path) -> None:
    """In production a key is given; making one silently would hide a wrong path."""
    for file, create in ((tmp_path / "no.key", False), (tmp_path / "no" / "x.key", True)):
        with pytest.raises(Rejected, match=str(file)):
            chain_key_from_file(file, create=create)
    assert list(tmp_path.iterdir()) == []
