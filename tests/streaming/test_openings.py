import pytest

from streaming import openings
from streaming.rate import Buckets


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        (None, None),
        ("", None),
        ("a name", None),
    ],
)
def test_whose_limit_it_is(address, network):
    assert openings.network_of(address) == network


def test_one_address_is_refused_and_no_other(monkeypatch):
    monkeypatch.setattr(openings, "buckets", Buckets(rate=0.01, burst=2))
    assert [openings.one_too_many("203.0.113.7") for _ in range(3)] == [False, False, True]
    assert not openings.one_too_many("203.0.113.8")
    assert [openings.one_too_many(f"2001:db8::{n}") for n in range(3)] == [False, False, True]
    assert not any(openings.one_too_many("127.0.0.1") for _ in range(9))
