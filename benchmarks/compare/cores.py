"""Which cores serve and which one generates the load, so that they do not compete."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Cores:
    """The cores of a contender with its Redis, those of two workers, and that of the load."""

    server: frozenset[int]
    pair: frozenset[int]
    load: frozenset[int]

    @property
    def are_apart(self) -> bool:
        return not self.server & self.load

    @property
    def are_enough_for_two(self) -> bool:
        """Whether two workers and their Redis have a core each."""
        return len(self.pair) >= 3


def choose_cores(allowed: set[int] | None = None) -> Cores:
    """The first core serves, the last one generates the load. With one core they share it."""
    cores = sorted(os.sched_getaffinity(0) if allowed is None else allowed)
    load = frozenset(cores[-1:])
    pair = frozenset(cores[:3]) - load if len(cores) > 3 else frozenset(cores[:1])
    return Cores(frozenset(cores[:1]), pair, load)
