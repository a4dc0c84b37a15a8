"""The example for HTTPS and HTTP/2, with a certificate of the test run's own."""

import socket
import ssl
import subprocess
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.hosted import FILES, HostedSite
from tests.shared import free_port


class TlsSite(HostedSite):
    """A site that has a name and a certificate."""

    def __init__(self, folder):
        self.certificate = folder / "certificate.pem"
        key, self.plain, self.secure = folder / "key.pem", free_port(), free_port()
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
        make += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        make += ["-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run(make, check=True, capture_output=True)
        server = (FILES / "tls.conf.example").read_text()
        for before, after in {
            "/etc/twinstream/certificate.pem": str(self.certificate),
            "/etc/twinstream/key.pem": str(key),
            "listen 443 ssl http2": f"listen 127.0.0.1:{self.secure} ssl http2",
            "listen [::]:443": f"listen [::1]:{self.secure}",
            "listen 80": f"listen 127.0.0.1:{self.plain}",
            "listen [::]:80": f"listen [::1]:{self.plain}",
            "server_name example.org": "server_name localhost",
        }.items():
            assert server.count(before) == 1
            server = server.replace(before, after)
        (folder / "tls.conf").write_text(server)
        super().__init__(folder, NGINX_SERVER=str(folder / "tls.conf"), PORT=str(self.secure))
        self.url = f"https://localhost:{self.secure}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = TlsSite(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


@pytest.fixture
def trust(site):
    return ssl.create_default_context(cafile=str(site.certificate))


def test_it_speaks_http_2(site, trust):
    trust.set_alpn_protocols(["h2", "http/1.1"])
    client = socket.create_connection(("127.0.0.1", site.secure), 30)
    with trust.wrap_socket(client, server_hostname="localhost") as secured:
        assert secured.selected_alpn_protocol() == "h2"


def test_whoever_comes_by_http_is_sent_to_https(site):
    answer = httpx.get(f"http://localhost:{site.plain}/chat/?x=1")
    assert answer.status_code == 301
    assert answer.headers["location"].startswith("https://localhost")
    assert urlsplit(answer.headers["location"]).path == "/chat/"


def test_the_site_knows_that_it_is_https(site, trust):
    """Only then does Django ask for a Referer; it takes a login that has one."""
    with httpx.Client(base_url=site.url, verify=trust) as client:
        token = client.get("/login/").cookies["csrftoken"]
        form = {"username": "nobody", "password": "wrong", "csrfmiddlewaretoken": token}
        assert client.post("/login/", data=form).status_code == 403
        own = {"Referer": f"{site.url}/login/", "Origin": site.url}
        assert client.post("/login/", data=form, headers=own).status_code == 200


async def test_a_socket_may_be_opened_by_its_https_pages_alone(site, trust, open_socket):
    site.front.ws = f"wss://localhost:{site.secure}"
    opened = await open_socket(site.front, origin=site.url, ssl=trust)
    await opened.until("welcome")
    with pytest.raises(InvalidStatus):
        await open_socket(site.front, origin=f"http://localhost:{site.secure}", ssl=trust)
