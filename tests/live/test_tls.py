"""deploy/tls.conf.example, with HTTPS, HTTP/2 and a certificate that the tests create."""

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
    """A hosted site with a name and a certificate."""

    def __init__(self, folder):
        self.certificate = folder / "certificate.pem"
        key, self.http_port, self.https_port = folder / "key.pem", free_port(), free_port()
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
        command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        command += ["-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run(command, check=True, capture_output=True)
        server = (FILES / "tls.conf.example").read_text()
        for before, after in {
            "/etc/twinstream/certificate.pem": str(self.certificate),
            "/etc/twinstream/key.pem": str(key),
            "listen 443 ssl http2": f"listen 127.0.0.1:{self.https_port} ssl http2",
            "listen [::]:443": f"listen [::1]:{self.https_port}",
            "listen 80": f"listen 127.0.0.1:{self.http_port}",
            "listen [::]:80": f"listen [::1]:{self.http_port}",
            "server_name example.org": "server_name localhost",
        }.items():
            assert server.count(before) == 1
            server = server.replace(before, after)
        (folder / "tls.conf").write_text(server)
        super().__init__(folder, NGINX_SERVER=str(folder / "tls.conf"), PORT=str(self.https_port))
        self.url = f"https://localhost:{self.https_port}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = TlsSite(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


@pytest.fixture
def tls_context(site):
    return ssl.create_default_context(cafile=str(site.certificate))


def test_the_site_offers_http_2(site, tls_context):
    tls_context.set_alpn_protocols(["h2", "http/1.1"])
    client = socket.create_connection(("127.0.0.1", site.https_port), 30)
    with tls_context.wrap_socket(client, server_hostname="localhost") as secured:
        assert secured.selected_alpn_protocol() == "h2"


def test_a_request_over_http_is_redirected_to_https(site):
    answer = httpx.get(f"http://localhost:{site.http_port}/chat/?x=1")
    assert answer.status_code == 301
    assert answer.headers["location"].startswith("https://localhost")
    assert urlsplit(answer.headers["location"]).path == "/chat/"


def test_django_knows_that_requests_came_over_https(site, tls_context):
    """Over HTTPS, Django requires a Referer in forms."""
    with httpx.Client(base_url=site.url, verify=tls_context) as client:
        token = client.get("/login/").cookies["csrftoken"]
        form = {"username": "nobody", "password": "wrong", "csrfmiddlewaretoken": token}
        assert client.post("/login/", data=form).status_code == 403
        headers = {"Referer": f"{site.url}/login/", "Origin": site.url}
        assert client.post("/login/", data=form, headers=headers).status_code == 200


async def test_only_https_pages_of_the_site_may_open_a_socket(site, tls_context, open_socket):
    site.front.ws = f"wss://localhost:{site.https_port}"
    opened = await open_socket(site.front, origin=site.url, ssl=tls_context)
    await opened.until("welcome")
    with pytest.raises(InvalidStatus):
        await open_socket(site.front, origin=f"http://localhost:{site.https_port}", ssl=tls_context)
