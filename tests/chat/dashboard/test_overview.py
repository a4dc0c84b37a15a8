from chat.dashboard import overview
from realtime.counters import SECONDS


def report(up=0.0, rooms=(), **fields):
    default = {
        "host": "h",
        "pid": 1,
        "up": up,
        "sockets": {"json": 2},
        "streams": {},
        "entries": 0,
        "deliveries": 0,
        "delivery": [0] * (len(SECONDS) + 1),
        "slow": 0,
        "stuck": 0,
        "redis": True,
        "draining": False,
        "rooms": list(rooms),
    }
    return default | fields


def counts(**buckets):
    """The counts of a histogram, by bucket."""
    return [buckets.get(f"at_{index}", 0) for index in range(len(SECONDS) + 1)]


def test_a_worker_with_one_report_has_no_rates():
    shown = overview.worker_summary([report(entries=500, delivery=counts(at_0=9))])
    assert (shown["entries"], shown["deliveries"], shown["p50"]) == (None, None, None)
    assert shown["sockets"] == {"json": 2}


def test_rates_are_between_the_first_and_the_last_report():
    first = report(up=100.0, entries=500, deliveries=1_000, delivery=counts(at_0=7))
    last = report(up=104.0, entries=502, deliveries=1_100, delivery=counts(at_0=7, at_3=4))
    shown = overview.worker_summary([first, report(up=102.0), last])
    assert (shown["entries"], shown["deliveries"]) == (0.5, 25.0)
    assert SECONDS[2:4] == (0.0025, 0.005)
    assert shown["p50"] == 3.8  # in the middle of that bucket, in milliseconds
    assert 4.9 <= shown["p99"] <= 5.0


def test_readers_of_a_room_are_added_up_and_its_entries_are_not():
    one = report(rooms=[[7, 41, 3.0, {"json": 2}], [8, 1, 0.0, {"poll": 1}]])
    two = report(rooms=[[7, 42, 2.5, {"json": 1, "stream": 4}]])
    rooms = overview.room_summaries([one, two])
    assert rooms[7] == {"head": 42, "per_minute": 3.0, "taps": {"json": 3, "stream": 4}}
    assert rooms[8]["taps"] == {"poll": 1}
