"""Headers that only a trusted proxy may set."""

from ipaddress import ip_network
from types import SimpleNamespace

import pytest
from twisted.web.http_headers import Headers

from config.server.proxies import remove_untrusted_headers

SENT = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Port": "5",
    "X-Forwarded-Proto": "https",
    "X-Request-ID": "a-request-of-nginx",
}


def headers_after(peer, *, here="10.0.0.5", believes=True, **sent):
    """The headers that are left of a request from `peer`."""
    server = SimpleNamespace(
        proxy_forwarded_address_header="X-Forwarded-For" if believes else None,
        proxy_forwarded_port_header="X-Forwarded-Port" if believes else None,
        proxy_forwarded_proto_header="X-Forwarded-Proto" if believes else None,
    )
    headers = Headers({name: [value] for name, value in (sent or SENT).items()})
    address = SimpleNamespace(host=peer) if peer else SimpleNamespace(name="/run/worker.sock")
    request = SimpleNamespace(server=server, requestHeaders=headers, client=address)
    request.host = SimpleNamespace(host=here)
    remove_untrusted_headers(request)
    return {name.decode().lower(): value for name, (value,) in headers.getAllRawHeaders()}


UNTOUCHED = {name.lower(): value.encode() for name, value in SENT.items()}
REMOVED = {"forwarded": b"for=unknown"}


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.5", "10.9.9.9", "::1", None])
def test_this_machine_and_private_networks_are_trusted(peer):
    assert headers_after(peer) == UNTOUCHED


@pytest.mark.parametrize("peer", ["8.8.8.8", "2001:4860::1"])
def test_other_machines_are_not_trusted(peer):
    assert headers_after(peer) == REMOVED


def test_named_proxies_replace_the_private_networks(settings):
    settings.TRUSTED_PROXIES = (ip_network("10.0.0.9/32"), ip_network("198.51.100.0/24"))
    assert headers_after("10.0.0.9") == UNTOUCHED
    assert headers_after("198.51.100.4") == UNTOUCHED
    assert headers_after("10.0.0.5") == UNTOUCHED  # the address of this machine
    assert headers_after("10.0.0.8") == REMOVED


def test_a_client_without_proxy_is_not_marked():
    assert headers_after("8.8.8.8", Accept="text/html") == {"accept": b"text/html"}


def test_without_proxy_headers_no_request_id_is_taken():
    left = headers_after("127.0.0.1", believes=False)
    assert left == {name: value for name, value in UNTOUCHED.items() if name != "x-request-id"}
