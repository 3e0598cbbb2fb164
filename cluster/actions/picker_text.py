"""What the configuration of an endpoint picker says, as far as one can tell without the picker.

The picker reads it once, when it starts, and does not start with a wrong one. Source:
gateway-api-inference-extension apix/config/v1alpha1; llm-d's router reads the same under its group.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from cluster.clients import foreign_yaml, parse
from cluster.clients.things import Json
from cluster.wording import short

KIND: Final = "EndpointPickerConfig"
VERSIONS: Final = frozenset({"inference.networking.x-k8s.io/v1alpha1", "llm-d.ai/v1alpha1"})
SHOWN: Final = 12


def digest(text: str) -> str:
    """Return by what a text is recognised, as it is told to people."""
    return hashlib.sha256(text.encode()).hexdigest()[:SHOWN]


def problems(text: str) -> Sequence[str]:
    """Return why the picker would not start with it, empty where nothing says so."""
    try:
        config = _whole(text)
        return list(_problems(config))
    except ValueError as error:
        return [f"{error} of it is not as an {KIND} has it"]


def changes(old: str, new: str) -> Sequence[str]:
    """Return what becomes another: plugins, and what each profile weighs how much."""
    try:
        before, after = _told(_whole(old)), _told(_whole(new))
    except ValueError:
        return ("what it changes cannot be told",)
    gone = [f"without {each}" for each in before if each not in after]
    come = [f"with {each}" for each in after if each not in before]
    return (*gone, *come)


def _whole(text: str) -> Json:
    found = foreign_yaml.read(text)
    return parse.section({"all": found}, "all")


def _problems(config: Json) -> Iterator[str]:
    version = parse.text(config, "apiVersion")
    if parse.text(config, "kind") != KIND or version not in VERSIONS:
        yield f"it is no {KIND} of {' or '.join(sorted(VERSIONS))}"
        return
    plugins, profiles = parse.items(config, "plugins"), parse.items(config, "schedulingProfiles")
    names = [_name(each) for each in plugins]
    if not names or not profiles:
        yield "it has no plugins or no schedulingProfiles"
    if nameless := [each for each in plugins if not parse.text(each, "type")]:
        yield f"{len(nameless)} of its plugins have no type"
    for twice in sorted({name for name in names if names.count(name) > 1}):
        yield f"plugin {short(twice)} stands there twice"
    for profile in profiles:
        for each in parse.items(profile, "plugins"):
            reference = parse.text(each, "pluginRef")
            if reference not in names:
                where = short(parse.text(profile, "name"))
                yield f"profile {where} refers to plugin {short(reference)}, which it does not have"
            parse.number(each, "weight")


def _told(config: Json) -> list[str]:
    """Return every plugin of every profile in words, and those that no profile has."""
    found = [f"plugin {short(_name(each))}" for each in parse.items(config, "plugins")]
    for profile in parse.items(config, "schedulingProfiles"):
        name = short(parse.text(profile, "name"))
        for each in parse.items(profile, "plugins"):
            weight = f" {parse.number(each, 'weight')}" if "weight" in each else ""
            found.append(f"{name}: {short(parse.text(each, 'pluginRef'))}{weight}")
    return found


def _name(plugin: Json) -> str:
    """Return the plugin's name: that of its type where it has none."""
    return parse.text(plugin, "name") or parse.text(plugin, "type")
