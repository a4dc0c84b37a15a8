"""Addresses and networks."""

from ipaddress import ip_network

import pytest

from realtime.requests.networks import is_in, is_private, is_this_machine

NETWORKS = (ip_network("10.1.0.0/16"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::1", True),
        ("10.2.0.1", False),
        ("2001:db9::1", False),
        ("not-an-address", False),
        ("", False),
        (None, False),
    ],
)
def test_an_address_is_in_a_network(address, found):
    assert is_in(address, NETWORKS) is found


def test_mapped_addresses_are_private_like_their_originals():
    assert is_private("10.0.0.1")
    assert is_private("::ffff:10.0.0.1")
    assert not is_private("8.8.8.8")
    assert not is_private("::ffff:8.8.8.8")


@pytest.mark.parametrize(
    ("peer", "here", "same"),
    [
        (None, None, True),  # a unix socket
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "::", True),
        ("10.0.0.5", "10.0.0.5", True),
        ("10.0.0.6", "10.0.0.5", False),
        ("unknown", "unknown", False),
    ],
)
def test_a_connection_from_this_machine(peer, here, same):
    assert is_this_machine(peer, here) is same
