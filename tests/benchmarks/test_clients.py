"""The clients parse frames and events, wherever the network cuts them."""

import struct

import pytest

from benchmarks.clients import PING, TEXT, DeliveryError, frame, frame_at
from benchmarks.cost.room_clients import RoomReader, TextReader


def server_frame(payload):
    size = len(payload)
    form = struct.pack("!BB", 129, size) if size < 126 else struct.pack("!BBH", 129, 126, size)
    return form + payload


def events(first, last):
    entries = ",".join(f'{{"seq":{seq},"cid":"c"}}' for seq in range(first, last + 1))
    cursor = f'"cursor":"e5922e7f:{last}"'
    return server_frame(f'{{"type":"events","room":"r",{cursor},"events":[{entries}]}}'.encode())


def fed(client, data, size):
    """The client, after it received the data in pieces of a size."""
    client.response = b"HTTP/1.1 101"
    for start in range(0, len(data), size):
        client.data_received(data[start : start + size])
    return client


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_room_reader_counts_each_entry(size):
    reader = fed(RoomReader("r"), events(4, 6) + events(7, 40) + events(41, 41), size)
    assert (reader.head, reader.entries, reader.frames) == (41, 38, 3)


@pytest.mark.parametrize("first", [6, 8])
async def test_room_reader_raises_for_a_lost_or_doubled_entry(first):
    with pytest.raises(DeliveryError):
        fed(RoomReader("r"), events(4, 6) + events(first, 9), 10_000)


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_text_reader_counts_each_event(size):
    body = b"15\r\nretry: 1\n\nid: 2:0\nevent: meta\ndata: {}\n\n\r\nid: 2:1\ndata: i\n\n"
    reader = fed(TextReader("/"), body + b"id: 2:2\ndata: d\n\nid: 2:", size)
    reader.check()
    assert (reader.events, reader.offset) == (3, 2)


async def test_text_reader_raises_for_a_lost_event():
    reader = fed(TextReader("/"), b"id: 2:0\n\nid: 2:2\ndata: d\n\n", 100)
    with pytest.raises(DeliveryError):
        reader.check()


@pytest.mark.parametrize("size", [0, 125, 126, 60_000])
def test_frame_at_finds_a_complete_frame(size):
    data = server_frame(b"x" * size)
    assert frame_at(data, 0) == (TEXT, len(data) - size, len(data))
    assert frame_at(data[:-1], 0) is None


def test_client_frame_is_masked():
    assert frame(b"hello", PING) == b"\x89\x85\0\0\0\0hello"
