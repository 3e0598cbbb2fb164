"""The sources that there are: every module of `alert_webhooks/sources/`."""

import importlib
import pkgutil
from collections.abc import Mapping

from alert_webhooks import sources as folder
from alert_webhooks.notification import Source


def sources() -> Mapping[str, Source]:
    """Return every source by its name, from the `SOURCE` of each module."""
    found: list[Source] = [
        importlib.import_module(f"{folder.__name__}.{module.name}").SOURCE
        for module in pkgutil.iter_modules(folder.__path__)
    ]
    return {source.name: source for source in sorted(found, key=lambda one: one.name)}
