"""Other processes: one that writes is heard, one that freezes stops nobody."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from incidents.journal import Appended
from incidents.ports import Store
from tests.appends import append
from tests.stores import CHAIN_KEY

Opener = Callable[..., Store]
ROOT = Path(__file__).parents[3]
POLL = 1.0

FREEZER = """
import json, signal, sys, threading
from contextlib import closing
from storage.open import open_store
from tests.appends import append

def freeze(point):
    if frozen.pop():
        # To this thread: the process would stop a moment later, and the COMMIT might get out.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

frozen = [False, False, True]
url, key = sys.argv[1:]
with closing(open_store(url, chain_key=bytes.fromhex(key), before_commit=freeze)) as store:
    answer = store.journal.append(append("run-1"))
    print(json.dumps([answer.stream, answer.version, answer.repeated]))
"""

WRITER = """
import sys
from contextlib import closing
from storage.open import open_store
from tests.appends import append

url, key = sys.argv[1:]
with closing(open_store(url, chain_key=bytes.fromhex(key))) as store:
    sys.stdin.readline()
    store.journal.append(append("desk"))
"""


def start(script: str, url: str) -> "subprocess.Popen[str]":
    """Start another process with a store on the same database."""
    return subprocess.Popen(
        [sys.executable, "-c", script, url, CHAIN_KEY.hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_a_freeze_from_another_process_is_heard(database_url: str, open_stores: Opener) -> None:
    """`triaged freeze` must stop a run that the server is in the middle of."""
    store = open_stores(database_url)
    with start(WRITER, database_url) as other:
        assert other.stdin is not None
        other.stdin.write("go\n")
        other.stdin.flush()

        assert store.journal.wait(after=0, timeout=20) is True
    assert [event.stream for event in store.journal.follow(after=0)] == ["desk"]


def test_news_from_elsewhere_comes_by_itself_and_not_by_the_poll(
    database_url: str, open_stores: Opener
) -> None:
    """On PostgreSQL NOTIFY brings it at once, on SQLite the file's version within 150 ms."""
    here, there = open_stores(database_url), open_stores(database_url)
    late = []

    def hear(version: int) -> float:
        assert here.journal.wait(after=version, timeout=20) is True
        return time.monotonic()

    with ThreadPoolExecutor(1) as ear:
        for version in range(8):
            heard = ear.submit(hear, version)
            # Otherwise the first look would find what is there already.
            time.sleep(0.03)
            began = time.monotonic()
            there.journal.append(append("desk", version))
            late.append(heard.result(30) - began)

    # By the poll of one second alone, so few late ones would have a chance of one in a thousand.
    assert sorted(late)[-3] < POLL / 3


def test_a_keep_in_another_process_is_heard(database_url: str, open_stores: Opener) -> None:
    """The door is open on every replica, and one of them turns the inbox into incidents."""
    here, there = open_stores(database_url), open_stores(database_url)
    with ThreadPoolExecutor(1) as ear:
        heard = ear.submit(here.inbox.wait, timeout=20)
        time.sleep(0.03)
        there.inbox.submit(source="am", body=b"x").result(5)

        assert heard.result(30) is True


def test_a_frozen_holder_of_the_lock_stops_nobody(postgresql_url: str, open_stores: Opener) -> None:
    """A replica that is frozen inside its transaction loses it; keeps never wait for it."""
    store = open_stores(postgresql_url)
    store.ready()
    with start(FREEZER, postgresql_url) as frozen:
        os.waitpid(frozen.pid, os.WUNTRACED)
        try:
            keeps = [_took(lambda: store.inbox.submit(source="am", body=b"x").result(10))]
            appended = _took(lambda: store.journal.append(append("incident-1")))
            keeps.append(_took(lambda: store.inbox.submit(source="am", body=b"y").result(10)))
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
        said, _ = frozen.communicate(timeout=20)

    # The lock is free after 2 s: whoever waited for it would take longer than this.
    assert max(keeps) < 1.5
    assert appended < 8
    # Thawed, it lost its transaction, wrote it again, and only once.
    assert json.loads(said) == ["run-1", 1, False]
    assert [one.stream for one in store.journal.follow(after=0)] == ["incident-1", "run-1"]
    assert store.journal.append(append("run-1")) == Appended(
        stream="run-1", version=1, position=2, repeated=True
    )
    assert store.journal.verify() is None


def _took(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
