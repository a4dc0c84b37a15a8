import pytest

from realtime.rate_limit import Bucket, Buckets


def test_a_burst_and_then_so_many_a_second():
    bucket = Bucket(rate=10, burst=3, tokens=3, filled_at=0.0)
    assert [bucket.take(0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(0.0) == pytest.approx(0.1)
    assert bucket.take(0.05) == pytest.approx(0.05)
    assert bucket.take(0.1) == 0.0


def test_a_bucket_fills_no_further_than_its_burst():
    bucket = Bucket(rate=10, burst=2, tokens=0, filled_at=0.0)
    assert [bucket.take(1_000.0) for _ in range(3)] == [0.0, 0.0, pytest.approx(0.1)]


def test_a_refusal_takes_nothing():
    bucket = Bucket(rate=1, burst=1, tokens=0, filled_at=0.0)
    for tenth in range(10):
        assert bucket.take(tenth / 10) > 0
    assert bucket.take(1.0) == 0.0


def test_everybody_has_their_own():
    buckets = Buckets(rate=1, burst=1)
    assert buckets.take("ann", 0.0) == 0.0
    assert buckets.take("bob", 0.0) == 0.0
    assert buckets.take("ann", 0.0) > 0


def test_what_is_given_back_was_not_taken():
    buckets = Buckets(rate=1, burst=1)
    for _ in range(3):
        assert buckets.take("ann", 0.0) == 0.0
        buckets.give_back("ann")
    assert buckets.take("ann", 0.0) == 0.0
    assert buckets.take("ann", 0.0) > 0


def test_memory_has_an_end_however_many_come():
    buckets = Buckets(rate=1, burst=1)
    for number in range(5 * buckets.MOST):
        buckets.take(number, 0.0)
    assert len(buckets.young) + len(buckets.old) <= 2 * buckets.MOST


def test_whoever_goes_on_is_remembered_among_ever_so_many():
    buckets = Buckets(rate=1, burst=1)
    assert buckets.take("ann", 0.0) == 0.0
    for number in range(5 * buckets.MOST):
        buckets.take(number, 0.0)
        if number % (buckets.MOST // 2) == 0:
            assert buckets.take("ann", 0.0) > 0
