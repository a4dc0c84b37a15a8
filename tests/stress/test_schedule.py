from itertools import pairwise

from tests.stress.schedule import HANG_REDIS, KILL_WORKER, RESTART_REDIS, schedule

MANY = {"readers": 8, "writers": 4, "workers": 2}


def tracks(acts):
    found = {}
    for act in acts:
        found.setdefault(act.track, []).append(act)
    return found


def test_the_same_seed_makes_the_same_schedule_and_another_makes_another():
    assert schedule(7, 60, **MANY) == schedule(7, 60, **MANY)
    assert schedule(7, 60, **MANY) != schedule(8, 60, **MANY)


def test_a_longer_run_begins_like_a_shorter_one():
    short = schedule(7, 20, **MANY)
    assert [act for act in schedule(7, 60, **MANY) if act in short] == short


def test_what_is_broken_is_mended_before_the_next_of_its_track_and_before_the_end():
    for seed in range(50):
        for acts in tracks(schedule(seed, 30, **MANY)).values():
            assert all(one.ends < other.at for one, other in pairwise(acts))
            assert acts[-1].ends <= 30


def test_half_a_minute_has_some_of_everything():
    for seed in range(50):
        acts = schedule(seed, 30, **MANY)
        assert {RESTART_REDIS, HANG_REDIS, KILL_WORKER} <= {act.kind for act in acts}
        clients = {(act.kind, act.target) for act in acts if act.track == "clients"}
        assert len(clients) > 6


def test_redis_and_a_worker_may_be_away_at_once():
    found = tracks(schedule(1, 300, **MANY))
    assert any(
        one.at < other.ends and other.at < one.ends
        for one in found["redis"]
        for other in found["workers"]
    )
