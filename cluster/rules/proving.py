"""The series that proofs are made of: one pod of one model, as its exporters show it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

NAMESPACE: Final = "llm"
NAME: Final = "llama-3-70b"
MODEL: Final[Mapping[str, str]] = {"namespace": NAMESPACE, "model_name": NAME}
DECODE: Final[Mapping[str, str]] = {**MODEL, "role": "decode"}
PREFILL: Final[Mapping[str, str]] = {**MODEL, "role": "prefill"}
# Thirty samples, one a minute, unless a proof needs more.
LONG: Final = 30
# A series that is not there.
GONE: Final = f"_x{LONG}"


def minutes(count: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=count)


def series(metric: str, /, **labels: str) -> str:
    """Return a series as promtool writes it."""
    said = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{metric}{{{said}}}"


def engine(metric: str, /, *, role: str = "decode", pod: str = "", **labels: str) -> str:
    """Return a series of one engine of the model; the role is known from its job."""
    return series(
        metric,
        **MODEL,
        job=f"{NAMESPACE}/{role}",
        pod=pod or f"{role}-0",
        engine="0",
        **labels,
    )


def at_picker(metric: str, /, **labels: str) -> str:
    """Return a series of the endpoint picker about the model."""
    return series(metric, **MODEL, job="epp", **labels)


def of_pod(metric: str, pod: str = "decode-0", /, **labels: str) -> str:
    """Return a series of another exporter about a pod."""
    return series(metric, namespace=NAMESPACE, pod=pod, **labels)


def always(value: float, count: int = LONG) -> str:
    """Return the same value again and again."""
    return f"{value:g}x{count}"


def growing(by: float, count: int = LONG) -> str:
    """Return a counter that grows by so much each time."""
    return f"0+{by:g}x{count}"


def born_again(by: float, count: int = LONG) -> str:
    """Return a counter that begins anew halfway, as after a restart."""
    return f"{growing(by, count // 2)} {growing(by, count // 2)}"


def begun_anew(before: float = 5000, after: int = 5, count: int = LONG) -> str:
    """Return a counter that stood still, began anew, and stands at nothing since."""
    return f"{before:g}x{after} 0x{count - after}"


def gone_after(there: int, by: float = 0) -> str:
    """Return a series that ends."""
    return f"0+{by:g}x{there} stale"
