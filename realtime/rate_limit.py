"""Token buckets: a burst, then a steady rate."""

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """Holds up to `burst` tokens, and gains `rate` tokens a second. Each use takes one.

    `now` is seconds on a clock that never goes back.
    """

    rate: float
    burst: float
    tokens: float
    filled_at: float

    def take(self, now: float) -> float:
        """Takes a token and returns 0.0, or returns the seconds until there is a token."""
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.rate


class Buckets:
    """One bucket for each key, in bounded memory. A bucket that was not used while MAX_KEYS other
    keys were is dropped, full or not. A key in constant use keeps its bucket."""

    MAX_KEYS = 16_384

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self.recent: dict[Hashable, Bucket] = {}
        self.older: dict[Hashable, Bucket] = {}

    def take(self, key: Hashable, now: float) -> float:
        """`Bucket.take` of the bucket of `key`."""
        bucket = self.recent.get(key)
        if bucket is None:
            bucket = self.older.pop(key, None) or Bucket(self.rate, self.burst, self.burst, now)
            if len(self.recent) >= self.MAX_KEYS:
                self.older, self.recent = self.recent, {}
            self.recent[key] = bucket
        return bucket.take(now)

    def give_back(self, key: Hashable) -> None:
        """Puts the token back that the last `take` of `key` took."""
        if bucket := self.recent.get(key):
            bucket.tokens += 1
