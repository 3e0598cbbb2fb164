"""The flags of an engine's command line that may be set in an incident, and within which bounds.

None of them names a file, an address or code to run. Sources: vLLM's engine arguments and SGLang's
server arguments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A flag with a number; `share` is one between 0 and 1 with decimals, else a whole one."""

    least: Fraction
    most: Fraction
    share: bool
    meaning: str


def _count(least: int, most: int, meaning: str) -> Flag:
    return Flag(least=Fraction(least), most=Fraction(most), share=False, meaning=meaning)


def _share(least: str, most: str, meaning: str) -> Flag:
    return Flag(least=Fraction(least), most=Fraction(most), share=True, meaning=meaning)


FLAGS: Final[Mapping[str, Flag]] = {
    "--max-num-seqs": _count(1, 4096, "requests in a batch (vLLM)"),
    "--max-num-batched-tokens": _count(256, 262_144, "tokens in a batch (vLLM)"),
    "--max-model-len": _count(256, 2_097_152, "longest context in tokens (vLLM)"),
    "--gpu-memory-utilization": _share("0.5", "0.97", "share of GPU memory (vLLM)"),
    "--max-running-requests": _count(1, 4096, "requests in a batch (SGLang)"),
    "--chunked-prefill-size": _count(256, 262_144, "tokens of a prefill at a time (SGLang)"),
    "--context-length": _count(256, 2_097_152, "longest context in tokens (SGLang)"),
    "--mem-fraction-static": _share("0.5", "0.97", "share of GPU memory (SGLang)"),
}
"""By the flag as engines write it; the bounds are those in which an engine may start at all."""
_COUNTS: Final = "|".join(name for name, flag in FLAGS.items() if not flag.share)
_SHARES: Final = "|".join(name for name, flag in FLAGS.items() if flag.share)
FREE: Final = f"(?:(?:{_COUNTS})[= ][0-9]{{1,7}}|(?:{_SHARES})[= ]0?[.][0-9]{{1,4}})"
"""A flag with its number, as a regular expression that Python and RE2 understand alike."""
