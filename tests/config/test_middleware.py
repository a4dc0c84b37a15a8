import re

import pytest
from django.http import HttpResponse
from django.test import AsyncClient

from config.middleware import CONTENT_SECURITY_POLICY, page_policy
from tests.processes import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Needs 'unsafe-inline' in a policy.
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:")


@pytest.mark.parametrize(
    "path", ["/", "/stream/", "/chat/", "/chat/lobby/", "/login/", "/nowhere/"]
)
def test_every_page_has_the_policy(client, lobby, path):
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert headers["Permissions-Policy"].startswith("camera=()")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_admin_and_its_login_have_the_policy(client, admin_client):
    for browser in (client, admin_client):
        assert "Content-Security-Policy" in browser.get("/admin/", follow=True).headers


@pytest.mark.parametrize("path", ["/api/rooms/lobby/events", "/api/sse", "/api/texts"])
async def test_event_streams_and_json_have_no_policy(lobby, text, path):
    answer = await AsyncClient().get(path)
    assert "Content-Security-Policy" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_policy_of_a_view_is_not_replaced(rf):
    answer = page_policy(lambda _: HttpResponse(headers={"Content-Security-Policy": "sandbox"}))
    assert answer(rf.get("/")).headers["Content-Security-Policy"] == "sandbox"


def test_the_debug_error_page_has_no_policy(client, settings):
    settings.DEBUG = True
    assert "Content-Security-Policy" not in client.get("/nowhere/").headers
    assert "Content-Security-Policy" in client.get("/login/").headers


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_an_inline_script_or_style(template):
    assert not INLINE.search(template.read_text())
