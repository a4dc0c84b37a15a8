"""Limits how often one client may open streams and sockets, so that it cannot take all of a
worker's time."""

from ipaddress import IPv6Address, ip_network
from time import monotonic

from django.conf import settings

from realtime.rate_limit import Buckets
from realtime.requests.networks import address_of
from realtime.worker import current

# By network and not by person: an office may share one address. When a worker restarts, all tabs
# of that office reconnect to another worker within seconds, and none may be refused: hence the
# burst. The rate is a fifth of what a worker can open.
buckets = Buckets(settings.OPENINGS_PER_SECOND, settings.OPENING_BURST)


def exceeded(address: str | None) -> bool:
    """Counts a connection from an address. Returns whether to refuse it."""
    network = network_of(address)
    refused = network is not None and buckets.take(network, monotonic()) > 0
    current().counters.refusals["address"] += refused
    return refused


def network_of(address: str | None) -> str | None:
    """The IPv4 address, or the /64 of an IPv6 address, all of which one machine may use.

    None for loopback and unix sockets, which have no limit: they come from a proxy that does not
    pass the client's address on.
    """
    ip = address_of(address)
    if ip is None or ip.is_loopback:
        return None
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) else str(ip)
