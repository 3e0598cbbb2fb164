"""What changed between two pod templates: images, arguments, environment, resources. Pure.

Of the environment only values are told that are a number or a switch, and under a name that is no
secret's; of arguments none that looks like a secret.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json
from cluster.wording import short

SECRET: Final = re.compile(
    r"key|token(?!s\b|izer|ize)|secret|passw|credential|auth|://[^/\s]*@", re.IGNORECASE
)
FLAG: Final = re.compile(r"--?[A-Za-z0-9][A-Za-z0-9._-]*")
PLAIN: Final = re.compile(
    r"-?[0-9]{1,9}(\.[0-9]{1,6})?|true|false|on|off|yes|no", re.IGNORECASE | re.ASCII
)
"""What no secret is: a number or a switch."""
HIDDEN: Final = "***"
PARTS: Final = ("initContainers", "containers")
WORDS: Final = ("command", "args")
MOST: Final = 12


def between(old: Json, new: Json) -> tuple[str, ...]:
    """Return in words what is another in the new pod template; raises ValueError."""
    before, after = _containers(old), _containers(new)
    found = [
        line
        for name in sorted(before.keys() | after.keys())
        for line in _container(name, before.get(name), after.get(name))
    ]
    rest = len(found) - MOST
    return (*found[:MOST], *((f"and {rest} changes more",) if rest > 0 else ()))


def _containers(template: Json) -> Mapping[str, Json]:
    spec = parse.section(template, "spec")
    found = [each for part in PARTS for each in parse.items(spec, part)]
    return {parse.text(each, "name"): each for each in found}


def _container(name: str, old: Json | None, new: Json | None) -> Iterator[str]:
    called = short(name)
    if old is None or new is None:
        yield f"{called}: container {'added' if old is None else 'removed'}"
        return
    was, now = parse.text(old, "image"), parse.text(new, "image")
    if was != now:
        yield f"{called}: image {short(was)} → {short(now)}"
    yield from (f"{called}: {line}" for line in _arguments(_words(old), _words(new)))
    yield from (f"{called}: environment {line}" for line in _environment(old, new))
    yield from (f"{called}: {part} changed" for part in _others(old, new))


def _arguments(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    yield from (f"argument removed: {_safe(word)}" for word in old if word not in new)
    yield from (f"argument added: {_safe(word)}" for word in new if word not in old)


def _words(container: Json) -> list[str]:
    found: list[str] = []
    for part in WORDS:
        words = container.get(part)
        found += [str(word) for word in words] if isinstance(words, list) else []
    return _joined(found)


def _joined(words: Sequence[str]) -> list[str]:
    """Return flags with the values that follow them: `--max-num-seqs 64` is one argument."""
    found: list[str] = []
    for word in words:
        follows = found and found[-1].startswith("--") and not re.search(r"[ =]", found[-1])
        if follows and not word.startswith("-"):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _safe(word: str) -> str:
    """Return an argument as it may be told: of what looks like a secret its flag alone."""
    if not SECRET.search(word):
        return short(word)
    flag = FLAG.match(word)
    return f"{short(flag.group())} {HIDDEN}" if flag else HIDDEN


def _environment(old: Json, new: Json) -> Iterator[str]:
    before, after = _variables(old), _variables(new)
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            yield f"{short(name)} added"
        elif name not in after:
            yield f"{short(name)} removed"
        elif before[name] != after[name]:
            yield f"{short(name)} changed{_values(name, before[name], after[name])}"


def _values(name: str, old: Json, new: Json) -> str:
    """Return ` from 8 to 16`, and nothing for what might be a secret."""
    was, now = parse.text(old, "value"), parse.text(new, "value")
    if SECRET.search(name) or not (PLAIN.fullmatch(was) and PLAIN.fullmatch(now)):
        return ""
    return f" from {was} to {now}"


def _variables(container: Json) -> Mapping[str, Json]:
    return {parse.text(each, "name"): each for each in parse.items(container, "env")}


def _others(old: Json, new: Json) -> Iterator[str]:
    for part in ("resources", "startupProbe", "readinessProbe", "livenessProbe"):
        if parse.section(old, part) != parse.section(new, part):
            yield part
