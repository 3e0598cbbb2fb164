"""engine_arguments: sets one flag of the engine's command line, or takes it away."""

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from cluster import differences, engine_flags
from cluster.actions import engine_pods, engine_words, left, rolled, setting
from cluster.actions import template as templates
from cluster.actions.action import OneOf, Parameter, Words, writes_fields
from cluster.actions.engine_pods import NONE, Change, Engine, Wanted
from cluster.actions.engine_words import Found
from cluster.actions.field import Edit
from cluster.clients import kinds
from cluster.owners.sight import Sight
from cluster.rights import patches
from cluster.targets.target import Target
from cluster.wording import short
from incidents.errors import Rejected

NAME: Final = "engine_arguments"
FLAG, VALUE = "flag", "value"
WRITTEN: Final = r"[0-9]{1,7}|0?\.[0-9]{1,4}"
FLAGS: Final = tuple(name.removeprefix("--") for name in engine_flags.FLAGS)
WORD: Final = 40
"""So many characters of a foreign word stand in a sentence."""


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of one flag, in every template that runs an engine of the target."""
    given = setting.given(NAME, parameters, (FLAG, VALUE))
    flag, wanted = _asked(given)

    def undo(before: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        was = before[VALUE]
        if was != NONE and _wrong(flag, was):
            return ()
        return (("action", NAME), (FLAG, given[FLAG]), (VALUE, was))

    about = f"{NAME} {target}"
    return engine_pods.edit(
        target,
        sight,
        Wanted(
            action=NAME,
            wish=lambda engine: tuple(_changes(engine, flag, wanted, about)),
            parameters=((FLAG, given[FLAG]), (VALUE, wanted)),
            undo=undo,
        ),
    )


def _asked(given: Mapping[str, str]) -> tuple[str, str]:
    """Return the flag and its value; raises Rejected for what is not allowed."""
    flag, wanted = f"--{given.get(FLAG, '')}", given.get(VALUE, "")
    if flag not in engine_flags.FLAGS:
        message = f"{NAME}: {FLAG} is one of {', '.join(FLAGS)}, not {given.get(FLAG, '')[:WORD]!r}"
        raise Rejected(message)
    if wanted != NONE and (wrong := _wrong(flag, wanted)):
        message = f"{NAME}: {flag} is {wrong}, not {wanted[:WORD]!r}"
        raise Rejected(message)
    return flag, wanted


def _wrong(flag: str, written: str) -> str:
    """Return what the value of a flag has to be, empty where it is."""
    known = engine_flags.FLAGS[flag]
    number = re.fullmatch(WRITTEN, written, re.ASCII) and ("." in written) == known.share
    if number and known.least <= Fraction(written) <= known.most:
        return ""
    kind = "a share" if known.share else "a whole number"
    return f"{kind} from {_plain(known.least)} to {_plain(known.most)}"


def _plain(bound: Fraction) -> str:
    return f"{float(bound):g}" if bound.denominator > 1 else str(bound.numerator)


def _changes(engine: Engine, flag: str, wanted: str, about: str) -> Iterator[Change]:
    found = engine_words.find(engine.body, flag, about=about)
    was = NONE if found is None else found.value
    if was == wanted:
        return
    if found is None:
        yield from _added(engine, flag, wanted, about)
    elif wanted == NONE:
        yield from _removed(engine, flag, found, about)
    else:
        path = (*engine.path, found.part, str(found.index))
        yield _change(engine, flag, path, _open(found.word(wanted), about), was, wanted)


def _change(  # where and what is written, and what is told
    engine: Engine, flag: str, path: tuple[str, ...], new: object, was: str, wanted: str
) -> Change:
    told = short(was, WORD)
    return Change(
        parameter=VALUE,
        path=path,
        becomes=new,
        what=engine.named(flag),
        was=differences.HIDDEN if differences.SECRET.search(told) else told,
        now=wanted,
    )


def _added(engine: Engine, flag: str, wanted: str, about: str) -> Iterator[Change]:
    """Yield the flag at the end of the line; where the image has the line, nothing is known."""
    words = engine_pods.words(engine.body)
    if not words:
        message = f"{about}: the command line is the image's own, or its operator's"
        raise Rejected(message)
    _refuse_script(engine, f"{about}: {flag} cannot be added to")
    args = engine.body.get("args")
    told = [*(args if isinstance(args, list) else []), f"{flag}={wanted}"]
    yield _change(engine, flag, (*engine.path, "args"), _all_open(told, about), NONE, wanted)


def _removed(engine: Engine, flag: str, found: Found, about: str) -> Iterator[Change]:
    _refuse_script(engine, f"{about}: {flag} cannot be taken from")
    said = engine.body.get(found.part)
    assert isinstance(said, list)  # noqa: S101  # the flag was found in it
    rest = [word for index, word in enumerate(said) if index not in found.whole]
    # The API server keeps no empty list.
    new = _all_open(rest, about) or None
    yield _change(engine, flag, (*engine.path, found.part), new, found.value, NONE)


def _refuse_script(engine: Engine, what: str) -> None:
    if engine_words.scripted(engine.body):
        message = f"{what} a script for a shell; change its manifest"
        raise Rejected(message)


def _all_open(words: Sequence[object], about: str) -> Sequence[object]:
    return [_open(str(word), about) for word in words]


def _open(word: str, about: str) -> str:
    """Return a word that a plan may hold; raises Rejected for what looks like a secret."""
    if differences.SECRET.search(word):
        message = f"{about}: the command line has what looks like a secret; change its manifest"
        raise Rejected(message)
    return word


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Set one flag of the engine's command line, or take it away",
    parameters={
        FLAG: Parameter(
            shape=OneOf(choices=FLAGS), required=True, meaning="Which flag, without its dashes"
        ),
        VALUE: Parameter(
            shape=Words(pattern=f"{WRITTEN}|{NONE}", example="256, 0.9, none"),
            required=True,
            meaning="Its number; `none` takes the flag away",
        ),
    },
    settle=rolled.settled,
    rights=(*templates.RIGHTS, *patches(*kinds.WORKLOADS, kinds.INFERENCE_SERVICE)),
    leaves=left.Leaves(words="another flag of the engine", of=left.changed, within=left.DAY),
)
