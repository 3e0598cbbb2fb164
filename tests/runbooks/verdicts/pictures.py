"""Pictures of a decode pool: a healthy one, and what is put in its place."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cluster.signals.reading import NoData, NotApplicable, Reading, Why
from cluster.signals.signals import Samples
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.table import Judgement, judge

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PODS = ("decode-0", "decode-1")


def one(name: str, value: float) -> Reading:
    """Return a reading."""
    return Reading(signal=name, value=value, unit="u", at=AT, query=f"q({name})")


def pods(name: str, *values: float) -> dict[str, Reading]:
    """Return a reading for each of the first pods."""
    return {f"decode-{n}": one(name, value) for n, value in enumerate(values)}


def ranks(**values: tuple[float, ...]) -> dict[tuple[str, str], Reading]:
    """Return the silent ranks: of each pod, written `decode_0`, its engines."""
    return {
        (pod.replace("_", "-"), str(engine)): one("silent_ranks", silent)
        for pod, engines in values.items()
        for engine, silent in enumerate(engines)
    }


def none(name: str, why: Why = Why.NOT_SCRAPED) -> NoData:
    """Return that there is no series."""
    return NoData(signal=name, why=why, detail="no series")


def apart(name: str) -> NotApplicable:
    """Return that the signal has no meaning here."""
    return NotApplicable(signal=name, because="no pods with the prefill role")


def samples(*values: float) -> Samples:
    """Return a range, a minute between samples, the newest first."""
    points = tuple((AT - timedelta(minutes=n), value) for n, value in enumerate(values))
    return Samples(signal="preemptions", unit="u", query="q(range)", points=points)


def blocks(**engines: float) -> dict[str, Reading]:
    """Return how many engines have how many blocks: `of_9000=2`."""
    return {name.removeprefix("of_"): one("kv_blocks", n) for name, n in engines.items()}


HEALTHY = Readings(
    pods=PODS,
    sustained=timedelta(minutes=5),
    kv_usage=pods("kv_usage", 0.4, 0.5),
    preemptions=pods("preemptions", 0, 0),
    preempting=samples(0, 0, 0, 0, 0, 0),
    running=pods("running", 8, 9),
    waiting=pods("waiting", 0, 0),
    waiting_capacity=pods("waiting_capacity", 0, 0),
    deferred=pods("waiting_deferred", 0, 0),
    deferred_before=pods("waiting_deferred", 0, 0),
    silent=ranks(decode_0=(0, 0), decode_1=(0, 0)),
    transfer_failures=pods("transfer_failures", 0, 0),
    transfers=pods("transfers", 5, 5),
    expirations=one("transfer_expirations", 0),
    hit_ratio=one("prefix_hit_ratio", 0.5),
    baseline=one("prefix_hit_ratio_baseline", 0.5),
    ttft=one("ttft_p95", 1),
    ttft_before=one("ttft_p95", 1),
    generation_tokens=pods("generation_tokens", 500, 600),
    prompt_tokens=pods("prompt_tokens", 500, 600),
    earlier=pods("running", 8, 8),
    prompt_length=one("prompt_length_p95", 2000),
    prompt_length_before=one("prompt_length_p95", 2000),
    blocks=blocks(of_9000=2),
    blocks_before=blocks(of_9000=2),
)
ZOMBIE = {"silent": ranks(decode_0=(0, 1), decode_1=(0, 0))}
FAILING = {"transfer_failures": pods("transfer_failures", 0.2, 0)}
EXPIRING = {"expirations": one("transfer_expirations", 3)}
STARVED = {
    "deferred": pods("waiting_deferred", 9, 0),
    "transfers": pods("transfers", 0, 5),
}
STORM = {
    "preemptions": pods("preemptions", 2, 3),
    "preempting": samples(5, 4, 3, 4, 5, 5),
}
FULL = {"kv_usage": pods("kv_usage", 0.95, 0.97)}
QUEUE = {
    "waiting_capacity": pods("waiting_capacity", 7, 0),
    "waiting": pods("waiting", 7, 0),
}
THRASH = {"hit_ratio": one("prefix_hit_ratio", 0.2)}
COLDER = {"hit_ratio": one("prefix_hit_ratio", 0.35), "ttft": one("ttft_p95", 3)}


def picture(*parts: Mapping[str, object], **changed: object) -> Readings:
    """Return the healthy pool with what is put in its place."""
    changes: dict[str, object] = {}
    for part in (*parts, changed):
        changes |= part
    return replace(HEALTHY, **changes)  # type: ignore[arg-type] # callers name fields


def say(*parts: Mapping[str, object], **changed: object) -> Judgement:
    """Judge such a pool."""
    return judge(picture(*parts, **changed))
