import pytest

from chat.rate import Bucket, Buckets


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


def test_buckets_that_are_full_again_are_forgotten():
    buckets = Buckets(rate=1, burst=1)
    for number in range(buckets.MOST):
        buckets.take(number, 0.0)
    buckets.take("late", 0.5)
    assert len(buckets.buckets) == buckets.MOST + 1
    buckets.take("later", 2.0)
    assert set(buckets.buckets) == {"later"}
