"""How much of everything a cost measurement measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Large enough that the kernel's clock ticks and the allocator's blocks do not matter."""

    few: int = 1_000  # connections; the difference to `many` is measured
    many: int = 4_000
    idle_seconds: float = 50.0  # two heartbeats of a socket
    settle_seconds: float = 8.0  # until all workers know who joined
    readers: tuple[int, ...] = (1, 50, 500)
    talkers: tuple[int, ...] = (1, 16, 64)
    talk_seconds: float = 6.0
    text_readers: int = 500
    intervals_ms: tuple[int, ...] = (20, 100, 300)
    stream_seconds: float = 12.0


FULL = Size()
TINY = Size(4, 8, 1.0, 0.5, (2,), (1, 2), 0.5, 3, (20,), 1.0)
