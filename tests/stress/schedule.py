"""Which fault happens when. The same seed gives the same schedule."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

RESTART_REDIS = "Redis stopped and started"
PAUSE_REDIS = "Redis paused and resumed"
KILL_WORKER = "worker killed and started"
DROP_READER = "reader's connection cut"
DROP_WRITER = "writer's connection cut"

# Seconds between two faults of one track, and how long each fault lasts. Redis and a worker may
# be away at the same time; two workers never are.
GAPS = {"redis": (1.0, 4.0), "workers": (2.0, 5.0), "clients": (0.05, 0.4)}
DURATIONS = {RESTART_REDIS: (0.2, 4.0), PAUSE_REDIS: (0.5, 7.0), KILL_WORKER: (0.0, 2.0)}


@dataclass(frozen=True)
class Fault:
    """A fault that begins at `at` and is repaired `duration` seconds later. The faults of one track
    never overlap; tracks are independent of each other."""

    at: float
    track: str
    kind: str
    target: int = 0
    duration: float = 0.0

    @property
    def end(self) -> float:
        return self.at + self.duration


def schedule(seed: int, seconds: float, *, readers: int, writers: int, workers: int) -> list[Fault]:
    """The faults of a run, ordered by their start."""
    makers: dict[str, Callable[[random.Random], Iterator[tuple[str, int]]]] = {
        "redis": redis_faults,
        "workers": lambda rng: worker_faults(rng, workers),
        "clients": lambda rng: client_faults(rng, readers, writers),
    }
    faults: list[Fault] = []
    for track, make in makers.items():
        # One generator for each track: a change of one track leaves the others as they are.
        rng = random.Random(f"{seed} {track}")
        faults += with_times(rng, track, seconds, make(rng))
    return sorted(faults, key=lambda fault: fault.at)


def with_times(
    rng: random.Random, track: str, seconds: float, kinds: Iterator[tuple[str, int]]
) -> Iterator[Fault]:
    """Gives each fault a start after the end of the fault before it, until `seconds` are over."""
    now = 0.0
    for kind, target in kinds:
        at = now + rng.uniform(*GAPS[track])
        duration = rng.uniform(*DURATIONS.get(kind, (0.0, 0.0)))
        now = at + duration
        if now > seconds:
            return
        yield Fault(at, track, kind, target, duration)


def redis_faults(rng: random.Random) -> Iterator[tuple[str, int]]:
    """Pairs of both kinds in random order, so that a short run has both."""
    while True:
        for kind in rng.sample([RESTART_REDIS, PAUSE_REDIS], 2):
            yield kind, 0


def worker_faults(rng: random.Random, workers: int) -> Iterator[tuple[str, int]]:
    while True:
        yield KILL_WORKER, rng.randrange(workers)


def client_faults(rng: random.Random, readers: int, writers: int) -> Iterator[tuple[str, int]]:
    while True:
        at = rng.randrange(readers + writers)
        yield (DROP_READER, at) if at < readers else (DROP_WRITER, at - readers)
