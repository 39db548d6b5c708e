"""How often somebody may do something: a token bucket for each key, in bounded memory. Pure."""

from collections import OrderedDict

MOST_KEYS = 50_000


class RateLimit:
    """`per_second` on average and `burst` at once, for each key.

    At most `keys` buckets are remembered; the one that was used longest ago is forgotten first, and is full
    when its key comes again. About 270 bytes a key, the key included.
    """

    def __init__(self, per_second: float, burst: float, keys: int = MOST_KEYS) -> None:
        """Raises ValueError unless all three are above zero."""
        if per_second <= 0 or burst <= 0 or keys <= 0:
            raise ValueError("A rate, a burst and a number of keys are above zero.")
        self.per_second = per_second
        self.burst = burst
        self.keys = keys
        self._buckets: OrderedDict[str, tuple[float, float]] = (
            OrderedDict()
        )  # key -> (tokens, when); used longest ago first

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, n: float, now: float) -> bool:
        """Take `n` tokens at `now` (seconds of any steady clock); False, and nothing taken, when there are fewer."""
        tokens, last = self._buckets.pop(key, (self.burst, now))
        tokens = min(self.burst, tokens + max(0.0, now - last) * self.per_second)
        taken = n <= tokens
        self._buckets[key] = (tokens - n if taken else tokens, max(now, last))
        if len(self._buckets) > self.keys:
            self._buckets.popitem(last=False)
        return taken
