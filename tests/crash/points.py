"""Crash points: counts them as they are passed, and kills this process at one of them."""

import os
import signal
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from threading import Lock

from bot.app.between import Between
from bot.delivery.deliverer import Deliverer, Find, Remote
from cluster.actions.plan import Applied, Done, Plan, Settled, Verb
from cluster.evidence.bundle import Bundle, Evidence
from cluster.targets.target import Target
from cluster.tools import Tools
from incidents.journal import Item


class Points:
    """The points that this process has passed, as `what #how often`.

    It dies at `fatal`: at the point of that name, or at the so-manieth where it is a number.
    """

    def __init__(self, *, fatal: str | None = None) -> None:
        self.passed: list[str] = []
        self._fatal = fatal
        self._counts = Counter[str]()
        self._lock = Lock()

    def at(self, what: str) -> None:
        """Pass a point; any thread may."""
        with self._lock:
            self._counts[what] += 1
            point = f"{what} #{self._counts[what]}"
            self.passed.append(point)
            if self._fatal in {point, str(len(self.passed))}:
                os.kill(os.getpid(), signal.SIGKILL)

    def before_commit(self, what: str) -> None:
        """Pass the point before a COMMIT."""
        self.at(f"before commit: {what}")

    def after_commit(self, what: str) -> None:
        """Pass the point after a COMMIT."""
        self.at(f"after commit: {what}")


def pointed(points: Points, inner: Between) -> Between:
    """Put points around every request that can change something, and before some that read."""
    return Between(
        opened=inner.opened,
        tools=lambda tools: _tools(inner.tools(tools), points),
        deliverer=lambda deliverer: PointedDeliverer(inner.deliverer(deliverer), points),
    )


class PointedDeliverer:
    """A deliverer with points around its requests."""

    def __init__(self, inner: Deliverer, points: Points) -> None:
        self._inner, self._points = inner, points

    def method(self, item: Item) -> str:
        return self._inner.method(item)

    def look(self, item: Item, ids: Find) -> Remote | None:
        self._points.at(f"before look: {item.key}")
        return self._inner.look(item, ids)

    def send(self, item: Item, ids: Find) -> Remote:
        request = f"{self._inner.method(item)} {item.key}"
        self._points.at(f"before request: {request}")
        remote = self._inner.send(item, ids)
        self._points.at(f"after request: {request}")
        return remote


class PointedVerb:
    """An action with points around its write, and before its reads."""

    def __init__(self, inner: Verb, points: Points) -> None:
        self.name = inner.name
        self._inner, self._points = inner, points

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        self._points.at(f"before plan: {self.name}")
        return self._inner.plan(target, parameters)

    def apply(self, plan: Plan, *, key: str) -> Applied:
        self._points.at(f"before request: PATCH {self.name} {key}")
        applied = self._inner.apply(plan, key=key)
        self._points.at(f"after request: PATCH {self.name} {key}")
        return applied

    def already_done(self, plan: Plan, *, key: str) -> Done:
        self._points.at(f"before look: {self.name} {key}")
        return self._inner.already_done(plan, key=key)

    def settled(self, plan: Plan) -> Settled:
        return self._inner.settled(plan)


class PointedEvidence:
    """Evidence with a point before it is read: the claim stands, and nothing is written yet."""

    def __init__(self, inner: Evidence, points: Points) -> None:
        self._inner, self._points = inner, points

    def collect(self, plan: Plan) -> Bundle:
        self._points.at("before read: evidence")
        return self._inner.collect(plan)


def _tools(tools: Tools, points: Points) -> Tools:
    verbs = {name: PointedVerb(verb, points) for name, verb in tools.verbs.items()}
    evidence = PointedEvidence(tools.evidence, points)
    return replace(tools, verbs=verbs, evidence=evidence)
