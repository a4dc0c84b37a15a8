"""How much of everything a comparison measures."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Size:
    """Times are seconds."""

    rounds: int = 3
    warmup: float = 1.0
    seconds: float = 3.0
    pair: tuple[int, int] = (2, 1)  # connections, talking
    rooms: tuple[tuple[int, int], ...] = ((500, 4), (500, 64))
    stream_warmup: float = 1.5
    stream_seconds: float = 6.0
    streams: tuple[int, ...] = (1_000, 2_000)
    intervals_ms: tuple[int, ...] = (20, 10)
    growth_connections: tuple[int, ...] = (50, 500, 2_000)
    growth_talking: tuple[int, ...] = (1, 16, 128)
    idle_connections: int = 2_000
    settle: float = 3.0
    two_workers: tuple[int, int] = (500, 64)
    two_workers_streams: int = 1_000
    missed: int = 10_000
    missed_each: int = 400  # below 500: the room resets a reader that missed more


FULL = Size()
# A comparison of two checkouts takes less than 12 minutes.
SMALL = replace(FULL, rounds=4, intervals_ms=(20,), settle=2.0)
# Shows that everything runs. Its figures say nothing.
TINY = Size(
    rounds=1,
    warmup=0.2,
    seconds=0.5,
    rooms=((4, 2),),
    stream_warmup=0.2,
    stream_seconds=0.5,
    streams=(4,),
    intervals_ms=(20,),
    growth_connections=(2, 4),
    growth_talking=(1, 2),
    idle_connections=8,
    settle=0.2,
    two_workers=(4, 2),
    two_workers_streams=4,
    missed=200,
    missed_each=40,
)
SIZES = {"full": FULL, "small": SMALL, "tiny": TINY}
