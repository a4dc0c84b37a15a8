import pytest

from realtime.rate_limit import Bucket, Buckets


def test_a_bucket_gives_its_burst_and_then_its_rate():
    bucket = Bucket(rate=10, burst=3, tokens=3, filled_at=0.0)
    assert [bucket.take(0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(0.0) == pytest.approx(0.1)
    assert bucket.take(0.05) == pytest.approx(0.05)
    assert bucket.take(0.1) == 0.0


def test_a_bucket_fills_up_to_its_burst():
    bucket = Bucket(rate=10, burst=2, tokens=0, filled_at=0.0)
    assert [bucket.take(1_000.0) for _ in range(3)] == [0.0, 0.0, pytest.approx(0.1)]


def test_a_refused_use_takes_no_token():
    bucket = Bucket(rate=1, burst=1, tokens=0, filled_at=0.0)
    for tenth in range(10):
        assert bucket.take(tenth / 10) > 0
    assert bucket.take(1.0) == 0.0


def test_each_key_has_its_own_bucket():
    buckets = Buckets(rate=1, burst=1)
    assert buckets.take("ann", 0.0) == 0.0
    assert buckets.take("bob", 0.0) == 0.0
    assert buckets.take("ann", 0.0) > 0


def test_a_token_that_is_given_back_can_be_taken_again():
    buckets = Buckets(rate=1, burst=1)
    for _ in range(3):
        assert buckets.take("ann", 0.0) == 0.0
        buckets.give_back("ann")
    assert buckets.take("ann", 0.0) == 0.0
    assert buckets.take("ann", 0.0) > 0


def test_the_number_of_buckets_is_bounded():
    buckets = Buckets(rate=1, burst=1)
    for number in range(5 * buckets.MAX_KEYS):
        buckets.take(number, 0.0)
    assert len(buckets.recent) + len(buckets.older) <= 2 * buckets.MAX_KEYS


def test_a_key_in_constant_use_keeps_its_bucket_among_many():
    buckets = Buckets(rate=1, burst=1)
    assert buckets.take("ann", 0.0) == 0.0
    for number in range(5 * buckets.MAX_KEYS):
        buckets.take(number, 0.0)
        if number % (buckets.MAX_KEYS // 2) == 0:
            assert buckets.take("ann", 0.0) > 0
