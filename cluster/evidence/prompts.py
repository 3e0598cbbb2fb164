"""What users asked a model stands in no evidence: engines may log it."""

import re
from typing import Final

HIDDEN: Final = "***"
# vLLM with --enable-log-requests writes `prompt: '…', params: …, prompt_token_ids: […]`, and its
# front end in debug mode the body of a request as JSON.
# Source: vllm/entrypoints/logger.py (RequestLogger), the OpenAI API's `messages` and `prompt`.
_NAMES: Final = r"(?:prompt|prompt_token_ids|prompt_embeds|content|messages|input|text)"
_TEXT: Final = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|\[[^\]\n]*\]?|(?:\"|')[^\n]*"
_PROMPT: Final = re.compile(rf"(?i)((?<![\w-])[\"']?{_NAMES}[\"']?\s*[:=]\s*)(?:{_TEXT})")


def without_prompts(text: str) -> str:
    """Return the text with `***` for what stands behind a name that prompts have."""
    return _PROMPT.sub(rf"\g<1>{HIDDEN}", text)
