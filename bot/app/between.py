"""Between the parts: where a rehearsal of crashes or faults puts something, and nobody else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.app.facts import FactsSource
from bot.app.opening import Opened
from bot.delivery.deliverer import Deliverer
from cluster.tools import Tools

Part = TypeVar("Part")


def as_it_is(part: Part) -> Part:
    """Put nothing in between."""
    return part


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """What each part is exchanged for before others get it; by default each stays as it is."""

    opened: Callable[[Opened], Opened] = as_it_is
    tools: Callable[[Tools], Tools] = as_it_is
    facts: Callable[[FactsSource], FactsSource] = as_it_is
    deliverer: Callable[[Deliverer], Deliverer] = as_it_is


NOTHING = Between()
