"""How often one client may open streams and sockets: no machine is to take all of a worker's time.
Whoever opens too many is told when to come again."""

from ipaddress import IPv6Address, ip_address, ip_network
from time import monotonic

from django.conf import settings

from realtime.rate_limit import Buckets
from realtime.worker import current

# Both are the house's and not a person's: behind one address may be an office. When a worker
# restarts, all of its tabs come to another worker within seconds, and none may be refused: the
# burst is for them. The rate is a fifth of what a worker can open.
buckets = Buckets(settings.OPENINGS_PER_SECOND, settings.OPENING_BURST)


def one_too_many(address: str | None) -> bool:
    """Counts an opening from an address; whether it is to be refused."""
    network = network_of(address)
    refused = network is not None and buckets.take(network, monotonic()) > 0
    current().counters.refusals["address"] += refused
    return refused


def network_of(address: str | None) -> str | None:
    """What belongs to one house: an IPv4 address, or an IPv6 network, of which one machine has all
    the addresses. None for this machine itself and for a unix socket: those are a proxy that does
    not say for whom it speaks."""
    try:
        ip = ip_address(address or "")
    except ValueError:
        return None
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    if ip.is_loopback:
        return None
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) else str(ip)
