"""Which models an engine's command line says that it serves: vLLM's and SGLang's words."""

import shlex
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final

FLAGS: Final = ("--served-model-name", "--model", "--model-path")
SERVE: Final = ("vllm", "serve")


def models(words: Sequence[str]) -> Iterator[str]:
    """Yield the models, the name under which metrics and requests know it first.

    They are written `--served-model-name=X`, `--model X`, as several names after one flag, or as
    `vllm serve X`. A word with spaces in it is a script for a shell and is split as one. The
    command line of a pod is foreign text: what cannot be split is taken as it is.
    """
    split = apart(words)
    for flag in FLAGS:
        for index, word in enumerate(split):
            name, equals, value = word.partition("=")
            if spelled(name) == flag:
                yield from filter(None, [value] if equals else until_flag(split[index + 1 :]))
    yield from _positional(split)


def apart(words: Sequence[str]) -> list[str]:
    """Return the words of a command line, those of a shell's script one by one."""
    return [part for word in words for part in _split(word)]


def spelled(flag: str) -> str:
    """Return a flag as we write it: vLLM takes underscores for dashes."""
    return flag.replace("_", "-") if flag.startswith("--") else flag


def until_flag(words: Sequence[str]) -> Iterator[str]:
    """Yield the values that follow a flag."""
    return takewhile(lambda word: not word.startswith("-"), words)


def _split(word: str) -> Sequence[str]:
    if not any(letter.isspace() for letter in word):
        return [word]
    try:
        return shlex.split(word, comments=True)
    except ValueError:
        return [part.strip("\"'") for part in word.split()]


def _positional(words: Sequence[str]) -> Iterator[str]:
    """Yield what follows `vllm serve`, unless it is a flag."""
    for index, word in enumerate(words[:-1]):
        # The program may be written with its path.
        if (word.rpartition("/")[2], words[index + 1]) == SERVE:
            yield from until_flag(words[index + 2 : index + 3])
