"""The texts of the memory twin."""

from collections.abc import Mapping, Sequence

from storage.chain import Chain
from storage.memory_shelf import Shelf


class MemoryTexts:
    """Texts in memory."""

    def __init__(self, shelf: Shelf, chain: Chain) -> None:
        self._shelf, self._chain = shelf, chain
        self._texts: dict[str, str] = {}

    def keep(self, texts: Sequence[str]) -> Sequence[str]:
        """Keep the texts and return their keyed digests, in order."""
        digests = [self._chain.digest(text) for text in texts]
        kept = dict(zip(digests, texts, strict=True))
        if kept:
            self._shelf.commit("texts keep", lambda: self._texts.update(kept))
        return digests

    def read(self, digests: Sequence[str]) -> Mapping[str, str]:
        """Return what is still there; an erased text is missing from the answer."""
        with self._shelf.locked():
            return {digest: self._texts[digest] for digest in digests if digest in self._texts}

    def erase(self, digests: Sequence[str]) -> int:
        """Erase texts; return how many there were."""

        def work() -> int:
            return sum(self._texts.pop(digest, None) is not None for digest in digests)

        return self._shelf.commit("texts erase", work)
