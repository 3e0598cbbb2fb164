"""What users asked a model stands in no evidence: engines may log it."""

import re
from collections.abc import Iterator
from typing import Final

HIDDEN: Final = "***"
# vLLM with --enable-log-requests writes `prompt: '…', params: …, prompt_token_ids: […]`, and its
# front end in debug mode the body of a request as JSON.
# Source: vllm/entrypoints/logger.py (RequestLogger), the OpenAI API's `messages` and `prompt`.
_NAMES: Final = r"(?:prompt|prompt_token_ids|prompt_embeds|content|messages|input|text)"
_BEFORE: Final = re.compile(rf"(?i)(?<![\w-])[\"']?{_NAMES}[\"']?\s*[:=]\s*(?=[\"'\[])")
_STRING: Final = re.compile(r"(?s)\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|[\"'][^\n]*")
# In a list strings stand in one line: JSON and Python both write a line break as `\n`. A list goes
# on in a line that begins as JSON does, behind the moment that the kubelet writes before it.
_IN_LIST: Final = re.compile(
    r"""\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|(?P<cut>[\"'][^\n]*)"""
    r"""|(?P<open>\[)|(?P<close>\])"""
    r"""|\n\s*+(?:\d{4}-\d\d-\d\dT\S{0,40}\s++)?+"""
    r"""(?:(?=[\"'\]{},]|\[(?!\d{4}-)|-?\d[\d.eE+-]{0,40}[ \t]*+[,\]\n])|(?P<over>))"""
)


def without_prompts(text: str) -> str:
    """Return the text with `***` for what stands behind a name that prompts have."""
    return "".join(_kept(text))


def _kept(text: str) -> Iterator[str]:
    done = 0
    while before := _BEFORE.search(text, done):
        yield text[done : before.end()]
        yield HIDDEN
        done = _end(text, before.end())
    yield text[done:]


def _end(text: str, start: int) -> int:
    """Return where the string or list that begins there ends; a cut one ends with its line."""
    if text[start] == "[":
        return _end_of_list(text, start)
    string = _STRING.match(text, start)
    return string.end() if string is not None else len(text)


def _end_of_list(text: str, start: int) -> int:
    depth = 0
    for found in _IN_LIST.finditer(text, start):
        kind = found.lastgroup
        depth += {"open": 1, "close": -1}.get(kind or "", 0)
        if kind == "over":
            return found.start()
        if kind == "cut" or not depth:
            return found.end()
    return len(text)
