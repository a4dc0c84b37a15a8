"""What breaks when: the same from the same seed."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

RESTART_REDIS = "Redis stopped and started"
HANG_REDIS = "Redis hung and woken"
KILL_WORKER = "worker killed and started"
DROP_READER = "reader's connection cut"
DROP_WRITER = "writer's connection cut"

# Seconds between two acts of one kind, and for how long each lasts. Redis and a worker may
# well be away at once; of the workers never two.
CALM = {"redis": (1.0, 4.0), "workers": (2.0, 5.0), "clients": (0.05, 0.4)}
LASTS = {RESTART_REDIS: (0.2, 4.0), HANG_REDIS: (0.5, 7.0), KILL_WORKER: (0.0, 2.0)}


@dataclass(frozen=True)
class Act:
    """Something that is broken at a moment, and mended some time after it. Those of one track
    follow each other; tracks know nothing of each other."""

    at: float
    track: str
    kind: str
    target: int = 0
    lasts: float = 0.0

    @property
    def ends(self) -> float:
        return self.at + self.lasts


def schedule(seed: int, seconds: float, *, readers: int, writers: int, workers: int) -> list[Act]:
    """The acts of a run, in the order of their moments."""
    makers: dict[str, Callable[[random.Random], Iterator[tuple[str, int]]]] = {
        "redis": redis_acts,
        "workers": lambda chance: worker_acts(chance, workers),
        "clients": lambda chance: client_acts(chance, readers, writers),
    }
    acts: list[Act] = []
    for track, make in makers.items():
        chance = random.Random(f"{seed} {track}")  # so that one track does not shift another
        acts += in_time(chance, track, seconds, make(chance))
    return sorted(acts, key=lambda act: act.at)


def in_time(
    chance: random.Random, track: str, seconds: float, wanted: Iterator[tuple[str, int]]
) -> Iterator[Act]:
    """Gives what is wanted its moment, each after the one before has ended, until the time is
    up."""
    now = 0.0
    for kind, target in wanted:
        at = now + chance.uniform(*CALM[track])
        lasts = chance.uniform(*LASTS.get(kind, (0.0, 0.0)))
        now = at + lasts
        if now > seconds:
            return
        yield Act(at, track, kind, target, lasts)


def redis_acts(chance: random.Random) -> Iterator[tuple[str, int]]:
    """Both kinds in turn, in an order of chance, so that a short run has both."""
    while True:
        for kind in chance.sample([RESTART_REDIS, HANG_REDIS], 2):
            yield kind, 0


def worker_acts(chance: random.Random, workers: int) -> Iterator[tuple[str, int]]:
    while True:
        yield KILL_WORKER, chance.randrange(workers)


def client_acts(chance: random.Random, readers: int, writers: int) -> Iterator[tuple[str, int]]:
    while True:
        at = chance.randrange(readers + writers)
        yield (DROP_READER, at) if at < readers else (DROP_WRITER, at - readers)
