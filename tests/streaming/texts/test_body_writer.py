"""A text that is played straight to a connection."""

import asyncio
from time import monotonic

import pytest

from realtime import sse
from realtime.worker import current
from streaming.texts.body_writer import Player
from streaming.texts.schedule import Pace, Reading

TEXT = [b"%d " % number for number in range(1, 21)]


class Connection:
    """An outlet that is full after so many bytes, until it is emptied."""

    def __init__(self, takes=1_000):
        self.takes = takes
        self.pieces = []
        self.emptied = asyncio.Event()
        self.filled = asyncio.Event()

    def write_body(self, piece):
        self.pieces.append(piece)
        if self.full:
            self.filled.set()

    @property
    def full(self):
        return len(b"".join(self.pieces)) >= self.takes

    async def drained(self):
        if self.full:
            await self.emptied.wait()
            self.takes = 1_000


def player(connection, interval=0.001):
    run = sse.Run(TEXT)
    return Player(Reading(run, Pace(monotonic(), interval, 0, run.total), b"!", 0), connection)


async def test_everything_in_order_and_then_it_ends():
    connection = Connection()
    async with asyncio.timeout(5):
        await player(connection).play()
    assert b"".join(connection.pieces) == b"".join(TEXT) + b"!"
    assert current().scheduler.waiting == []


async def test_a_reader_who_takes_no_more_stands_still_and_then_gets_all_that_was_due():
    connection = Connection(takes=4)
    playing = asyncio.create_task(player(connection).play())
    async with asyncio.timeout(5):
        await connection.filled.wait()
        stood = len(connection.pieces)
        await asyncio.sleep(0.05)
        assert len(connection.pieces) == stood
        connection.emptied.set()
        await playing
    assert connection.pieces[stood:] == [
        b"".join(TEXT).removeprefix(given(connection, stood)) + b"!"
    ]


def given(connection, pieces):
    return b"".join(connection.pieces[:pieces])


async def test_whoever_is_cancelled_is_sent_nothing_more_and_forgotten():
    connection = Connection(takes=4)
    connection.takes = 1_000
    playing = asyncio.create_task(player(connection, interval=0.02).play())
    await asyncio.sleep(0)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    while current().scheduler.waiting:
        await asyncio.sleep(0.001)
    assert connection.pieces == []


async def test_a_connection_that_fails_ends_its_own_reader_alone():
    class Broken(Connection):
        def write_body(self, piece):
            raise ConnectionError

    whole = Connection()
    async with asyncio.timeout(5):
        playing = asyncio.create_task(player(whole).play())
        with pytest.raises(ConnectionError):
            await player(Broken()).play()
        await playing
    assert whole.pieces[-1].endswith(b"!")
