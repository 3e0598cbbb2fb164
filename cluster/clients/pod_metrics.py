"""Reads `/metrics` of one pod at its own address: once, without a redirect, within bounds."""

import time
from typing import Final

import urllib3

from cluster.clients.bounded import Limits, Unfinished, read_all
from incidents.errors import Unavailable

LIMITS: Final = Limits(connect=0.5, read=1.0, total=1.0, size=1024 * 1024)
OK: Final = 200


def read(address: str, port: int) -> str:
    """Return what the pod says; raises Unavailable, saying why, where it says nothing in time."""
    host = f"[{address}]" if ":" in address else address
    what, started = f"http://{host}:{port}/metrics", time.monotonic()
    pool = urllib3.PoolManager(num_pools=1, retries=False)
    try:
        answer = pool.request(
            "GET",
            what,
            headers={"User-Agent": "triaged"},
            timeout=urllib3.Timeout(connect=LIMITS.connect, read=LIMITS.read),
            preload_content=False,
            redirect=False,
        )
        body = read_all(answer, started=started, limits=LIMITS)
    except (urllib3.exceptions.HTTPError, Unfinished, OSError) as error:
        message = f"{what}: {error if isinstance(error, Unfinished) else type(error).__name__}"
        raise Unavailable(message) from error
    finally:
        pool.clear()
    if answer.status != OK:
        message = f"{what}: HTTP {answer.status}"
        raise Unavailable(message)
    return body.decode(errors="replace")
