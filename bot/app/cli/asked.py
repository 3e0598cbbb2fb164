"""What several commands ask for, an address or a length of time, with what is wrong said."""

from datetime import timedelta

from bot.app.reading import http
from incidents.errors import Rejected
from runbooks.language import duration


def address(url: str) -> str:
    """Return the address of a Prometheus; raises Rejected where there is none or a wrong one."""
    if not url:
        message = "no Prometheus: give --url, or set TRIAGED_PROMETHEUS_URL"
        raise Rejected(message)
    try:
        return http(url)
    except (ValueError, Rejected) as error:
        message = f"--url {url}: {error}"
        raise Rejected(message) from error


def lasting(text: str) -> timedelta:
    """Return how long `--for` says; raises Rejected for what is no length of time."""
    try:
        return duration.parse(text)
    except ValueError as error:
        message = f"--for: {error}"
        raise Rejected(message) from error
