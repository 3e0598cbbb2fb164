"""Uids and random names, drawn from a seed so that a rehearsal can be repeated."""

import json
import uuid
from collections.abc import Mapping
from random import Random

# Kubernetes leaves out vowels and look-alikes (apimachinery util/rand).
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Names:
    """A source of uids and suffixes."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - names, not secrets; repeatable on purpose

    def uid(self) -> str:
        """Draw a version 4 UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def suffix(self) -> str:
        """Draw the five letters after a generateName."""
        return "".join(self._random.choices(_ALPHABET, k=5))


def template_hash(template: Mapping[str, object]) -> str:
    """Return the pod-template-hash: FNV-1a 32 of the template, in the safe alphabet.

    Kubernetes hashes its Go structures, so the letters differ from a real cluster's; that equal
    templates have equal hashes does not.
    """
    hashed = 2166136261
    for byte in json.dumps(template, sort_keys=True).encode():
        hashed = ((hashed ^ byte) * 16777619) & 0xFFFFFFFF
    return "".join(_ALPHABET[int(digit) % len(_ALPHABET)] for digit in str(hashed))
