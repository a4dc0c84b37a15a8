import pytest

from realtime import connection_limit
from realtime.rate_limit import Buckets


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
def test_addresses_of_one_network_share_a_limit(address, network):
    assert connection_limit.network_of(address) == network


async def test_an_address_over_its_limit_is_refused_and_no_other(monkeypatch):
    monkeypatch.setattr(connection_limit, "buckets", Buckets(rate=0.01, burst=2))
    assert [connection_limit.exceeded("203.0.113.7") for _ in range(3)] == [False, False, True]
    assert not connection_limit.exceeded("203.0.113.8")
    assert [connection_limit.exceeded(f"2001:db8::{n}") for n in range(3)] == [
        False,
        False,
        True,
    ]
    assert not any(connection_limit.exceeded("127.0.0.1") for _ in range(9))
