"""What one pod can do: the numbers of a 70B model on a node of eight GPUs, rounded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """Capacity and speed of one pod; times in seconds, lengths in tokens."""

    blocks: int = 14_000
    block_tokens: int = 16
    max_num_seqs: int = 256
    # Time between two tokens: the weights are read once, every running context once more.
    base_token_seconds: float = 0.020
    full_cache_token_seconds: float = 0.012
    sequence_token_seconds: float = 0.0001
    prefill_tokens_per_second: float = 20_000.0
    # Recomputing runs on a decode pod, beside the decoding that it delays.
    recompute_tokens_per_second: float = 10_000.0
    transfer_tokens_per_second: float = 80_000.0
    transfer_seconds: float = 0.02
    # How long a client waits for its first token before it gives up: people in a chat. So the queue
    # stays as long as the rate makes it, and whoever is served was served within five seconds.
    patience: float = 3.5

    @property
    def tokens(self) -> int:
        """Tokens whose keys and values fit into one pod."""
        return self.blocks * self.block_tokens
