"""What an Alertmanager is told: routes, receivers, webhooks and their times."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from drills.alertmanager.labels import Labels
from drills.alertmanager.matchers import Matcher

# Any: the document is YAML's JSON subset, read by Alertmanager and by nobody here.
_Section: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One webhook_config; `token` is the bearer token, `max_alerts` 0 sends all."""

    url: str
    token: str = ""
    send_resolved: bool = True
    max_alerts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A name and the webhooks behind it."""

    name: str
    webhooks: tuple[Webhook, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A node of the routing tree; what is None is inherited from its parent.

    `group_by` names labels, `...` is all of them, empty is one group. `going_on` is `continue`.
    """

    receiver: str | None = None
    matchers: tuple[Matcher, ...] = ()
    group_by: tuple[str, ...] | None = None
    group_wait: timedelta | None = None
    group_interval: timedelta | None = None
    repeat_interval: timedelta | None = None
    going_on: bool = False
    routes: tuple["Route", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole configuration; the root route names a receiver and matches everything."""

    route: Route
    receivers: tuple[Receiver, ...]
    resolve_timeout: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A route with everything inherited, and its part of the groupKey.

    The defaults are Alertmanager's (dispatch.DefaultRouteOpts).
    """

    receiver: str
    key: str = "{}"
    group_by: tuple[str, ...] = ()
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    repeat_interval: timedelta = timedelta(hours=4)

    def group_labels(self, labels: Labels) -> dict[str, str]:
        """Return the labels that name the group of an alert."""
        everything = "..." in self.group_by
        return {k: v for k, v in labels.items() if everything or k in self.group_by}


def one_webhook(
    webhook: Webhook,
    *,
    receiver: str = "triaged",
    group_by: Sequence[str] = ("alertname",),
    group_wait: timedelta = timedelta(seconds=30),
    group_interval: timedelta = timedelta(minutes=5),
    repeat_interval: timedelta = timedelta(hours=4),
) -> Config:
    """Return the shortest configuration: everything goes to one webhook."""
    root = Route(
        receiver=receiver,
        group_by=tuple(group_by),
        group_wait=group_wait,
        group_interval=group_interval,
        repeat_interval=repeat_interval,
    )
    return Config(route=root, receivers=(Receiver(name=receiver, webhooks=(webhook,)),))


def routed(route: Route, labels: Labels, parent: Options | None = None) -> list[Options]:
    """Return the routes that an alert takes: the deepest that match, first match first."""
    if not all(matcher.fits(labels) for matcher in route.matchers):
        return []
    here = _inherited(route, parent)
    found: list[Options] = []
    for child in route.routes:
        taken = routed(child, labels, here)
        found += taken
        if taken and not child.going_on:
            break
    return found or [here]


def document(config: Config, *, secrets: bool = True) -> str:
    """Write the configuration as a file that a real Alertmanager reads (JSON is YAML).

    Without `secrets` the tokens are hidden, as in /api/v2/status.
    """
    whole = {
        "global": {"resolve_timeout": _seconds(config.resolve_timeout)},
        "route": _route(config.route),
        "receivers": [_receiver(one, secrets=secrets) for one in config.receivers],
    }
    return json.dumps(whole, indent=1)


def _inherited(route: Route, parent: Options | None) -> Options:
    base = parent or Options(receiver=route.receiver or "")
    ordered = sorted(route.matchers, key=lambda one: (one.name, one.value, one.operator.value))
    own = "{" + ",".join(one.text for one in ordered) + "}"
    return Options(
        receiver=route.receiver or base.receiver,
        key=f"{parent.key}/{own}" if parent else own,
        group_by=base.group_by if route.group_by is None else route.group_by,
        group_wait=base.group_wait if route.group_wait is None else route.group_wait,
        group_interval=route.group_interval or base.group_interval,
        repeat_interval=route.repeat_interval or base.repeat_interval,
    )


def _route(route: Route) -> _Section:
    times = {
        name: _seconds(value)
        for name, value in (
            ("group_wait", route.group_wait),
            ("group_interval", route.group_interval),
            ("repeat_interval", route.repeat_interval),
        )
        if value is not None
    }
    section: _Section = {
        "receiver": route.receiver,
        "matchers": [one.text for one in route.matchers],
        "group_by": None if route.group_by is None else list(route.group_by),
        "continue": route.going_on,
        "routes": [_route(child) for child in route.routes],
    }
    return {name: value for name, value in section.items() if value} | times


def _receiver(receiver: Receiver, *, secrets: bool) -> _Section:
    hooks = [_webhook(one, secrets=secrets) for one in receiver.webhooks]
    return {"name": receiver.name, "webhook_configs": hooks}


def _webhook(webhook: Webhook, *, secrets: bool) -> _Section:
    section: _Section = {
        "url": webhook.url,
        "send_resolved": webhook.send_resolved,
        "max_alerts": webhook.max_alerts,
    }
    if webhook.token:
        shown = webhook.token if secrets else "<secret>"
        section["http_config"] = {"authorization": {"type": "Bearer", "credentials": shown}}
    return section


def _seconds(duration: timedelta) -> str:
    return f"{round(duration.total_seconds() * 1000)}ms"
