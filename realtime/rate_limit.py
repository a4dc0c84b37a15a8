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
    """A bucket a key, in memory that has an end: one that was not used while MOST others were is
    forgotten, full or not. Whoever goes on and on is remembered."""

    MOST = 16_384

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self.young: dict[Hashable, Bucket] = {}
        self.old: dict[Hashable, Bucket] = {}

    def take(self, key: Hashable, now: float) -> float:
        """As `Bucket.take`, of the bucket that belongs to `key`."""
        bucket = self.young.get(key)
        if bucket is None:
            bucket = self.old.pop(key, None) or Bucket(self.rate, self.burst, self.burst, now)
            if len(self.young) >= self.MOST:
                self.old, self.young = self.young, {}
            self.young[key] = bucket
        return bucket.take(now)

    def give_back(self, key: Hashable) -> None:
        """As if it had not been taken."""
        if bucket := self.young.get(key):
            bucket.tokens += 1
