from itertools import pairwise

from tests.stress.schedule import KILL_WORKER, PAUSE_REDIS, RESTART_REDIS, schedule

MANY = {"readers": 8, "writers": 4, "workers": 2}


def by_track(faults):
    found = {}
    for fault in faults:
        found.setdefault(fault.track, []).append(fault)
    return found


def test_the_same_seed_gives_the_same_schedule_and_another_seed_another():
    assert schedule(7, 60, **MANY) == schedule(7, 60, **MANY)
    assert schedule(7, 60, **MANY) != schedule(8, 60, **MANY)


def test_a_longer_run_begins_like_a_shorter_one():
    short = schedule(7, 20, **MANY)
    assert [fault for fault in schedule(7, 60, **MANY) if fault in short] == short


def test_a_fault_ends_before_the_next_of_its_track_and_before_the_end_of_the_run():
    for seed in range(50):
        for faults in by_track(schedule(seed, 30, **MANY)).values():
            assert all(first.end < second.at for first, second in pairwise(faults))
            assert faults[-1].end <= 30


def test_half_a_minute_has_every_kind_of_fault():
    for seed in range(50):
        faults = schedule(seed, 30, **MANY)
        assert {RESTART_REDIS, PAUSE_REDIS, KILL_WORKER} <= {fault.kind for fault in faults}
        clients = {(fault.kind, fault.target) for fault in faults if fault.track == "clients"}
        assert len(clients) > 6


def test_redis_and_a_worker_may_be_away_at_the_same_time():
    found = by_track(schedule(1, 300, **MANY))
    assert any(
        redis.at < worker.end and worker.at < redis.end
        for redis in found["redis"]
        for worker in found["workers"]
    )
