"""Token buckets: so many a second, and a burst at first."""

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """`rate` tokens a second flow in, up to `burst`; each use takes one.

    `now` is seconds on the caller's clock, and never goes back.
    """

    rate: float
    burst: float
    tokens: float
    filled_at: float

    def take(self, now: float) -> float:
        """0.0 if a token was there and is taken; otherwise the seconds until one will be."""
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.rate


class Buckets:
    """A bucket a key. Full ones are forgotten, since a new one is full as well."""

    # Looking for full ones costs one pass; this many may gather before it is made.
    MOST = 4096

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self.buckets: dict[Hashable, Bucket] = {}

    def take(self, key: Hashable, now: float) -> float:
        """As `Bucket.take`, of the bucket that belongs to `key`."""
        if key not in self.buckets:
            self._forget_full(now)
            self.buckets[key] = Bucket(self.rate, self.burst, self.burst, now)
        return self.buckets[key].take(now)

    def _forget_full(self, now: float) -> None:
        if len(self.buckets) >= self.MOST:
            fill = self.burst / self.rate
            self.buckets = {k: b for k, b in self.buckets.items() if now - b.filled_at < fill}
