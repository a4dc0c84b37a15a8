"""Addresses of clients and proxies, and the networks that settings name."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def address_of(text: str | None) -> Address | None:
    """The address that a text names; None if it is none. An IPv4 address that was mapped into IPv6
    (::ffff:10.0.0.1) is an IPv4 address."""
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def is_private(text: str | None) -> bool:
    """Whether a text is the address of this machine or of a private network."""
    address = address_of(text)
    return address is not None and address.is_private


def is_in(text: str | None, networks: Iterable[Network]) -> bool:
    """Whether a text is an address of one of the networks."""
    address = address_of(text)
    return address is not None and any(address in network for network in networks)


def is_this_machine(peer: str | None, here: str | None) -> bool:
    """Whether a connection from the address `peer` to our address `here` comes from this machine.
    A unix socket has no address."""
    address = address_of(peer)
    return not peer or (address is not None and (address.is_loopback or peer == here))
