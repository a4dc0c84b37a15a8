"""The content security policy of the pages: no inline script or style, nothing from other hosts.
Every browser test proves that no page violates it, because the console must have no errors."""

import pytest
from django.contrib.auth.models import User

from chat.models import Entry, Room
from streaming.models import StreamText
from tests.shared import free_port

# Runs before the scripts of the page.
RECORD_VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
"""
INJECT = {
    "script-src-elem": """
        const script = document.createElement("script");
        script.textContent = "window.xss = 1";
        document.body.append(script);
    """,
    "script-src-attr": """
        const image = document.createElement("div");
        image.setAttribute("onclick", "window.xss = 1");
        document.body.append(image);
        image.click();
    """,
    "style-src-elem": """
        const style = document.createElement("style");
        style.textContent = "body { display: none }";
        document.body.append(style);
    """,
    "style-src-attr": """
        const box = document.createElement("div");
        box.setAttribute("style", "display: none");
        document.body.append(box);
    """,
    "connect-src": "fetch('http://127.0.0.1:%d/').catch(() => {});",
    "img-src": """
        const image = document.createElement("img");
        image.src = "http://127.0.0.1:%d/";
        document.body.append(image);
    """,
    "form-action": """
        const form = document.createElement("form");
        form.action = "http://127.0.0.1:%d/";
        document.body.append(form);
        form.submit();
    """,
    "base-uri": """
        const base = document.createElement("base");
        base.href = "http://127.0.0.1:%d/";
        document.head.append(base);
    """,
    "frame-src": """
        const frame = document.createElement("iframe");
        frame.src = "http://127.0.0.1:%d/";
        document.body.append(frame);
    """,
}
VIOLATION = "Content Security Policy"
PAGES = ["/", "/stream/", "/chat/", "/login/"]
ADMIN = [
    "/admin/",
    "/admin/live/",
    "/admin/streaming/streamtext/",
    "/admin/streaming/streamtext/add/",
    "/admin/streaming/streamtext/{text}/change/",
    "/admin/streaming/streamtext/{text}/delete/",
    "/admin/streaming/streamtext/{text}/history/",
    "/admin/streaming/revision/{revision}/change/",
    "/admin/chat/room/",
    "/admin/chat/room/add/",
    "/admin/chat/room/{room}/change/",
    "/admin/chat/room/{room}/delete/",
    "/admin/chat/entry/",
    "/admin/chat/entry/{entry}/change/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/auth/user/{user}/change/",
    "/admin/auth/user/{user}/password/",
    "/admin/auth/group/add/",
    "/admin/password_change/",
    "/admin/nowhere/",
]


def primary_keys():
    """The primary key of a row of each table."""
    return {
        "text": StreamText.objects.first().pk,
        "revision": StreamText.objects.first().revisions.first().pk,
        "room": Room.objects.get(slug="lobby").pk,
        "entry": Entry.objects.filter(kind="say").last().pk,
        "user": User.objects.get(username="boss").pk,
    }


@pytest.fixture
def open_recording(worker, open_window):
    """Opens a window that records the violations of its policy."""

    def open_one(path, expected=()):
        window = open_window("about:blank", expected)
        window.cdp("Page.addScriptToEvaluateOnNewDocument", source=RECORD_VIOLATIONS)
        return window.open(worker.url + path)

    return open_one


def test_no_page_violates_its_policy(open_recording, worker):
    window = open_recording("/")
    for path in PAGES:
        window.open(worker.url + path)
        assert window.run("return violations") == [], path


def test_no_page_of_the_admin_violates_its_policy(open_recording, worker, boss, site, two):
    two[0].say("hello")
    two[1].until_sent("hello")
    rows = site.query(primary_keys)
    window = open_recording("/", expected=["/admin/nowhere/ - Failed to load"])
    window.log_in(worker.url, *boss)
    for path in ADMIN:
        window.open(worker.url + path.format(**rows))
        assert window.run("return violations") == [], path
        assert window.run("return document.styleSheets.length") > 0, path


def test_a_socket_and_a_stream_of_this_host_are_allowed(open_recording, path, make_text, worker):
    window = open_recording(path)
    window.until_state("connected")
    assert window.run("return document.querySelector('#state').dataset.transport") == "socket"
    window.open(worker.url + make_text("ab"))
    window.click("#start")
    window.until_state("done")
    assert window.run("return violations") == []


@pytest.mark.parametrize("directive", INJECT)
def test_injected_content_is_blocked(open_recording, path, directive):
    window = open_recording(path, expected=[VIOLATION, "127.0.0.1"])
    window.until_state("connected")
    script = INJECT[directive]
    window.run(script % free_port() if "%d" in script else script)
    window.until(lambda: window.run("return violations") == [directive])
    assert window.run("return window.xss") is None
    errors = window.browser.console_errors(window.consoles)
    assert any(VIOLATION in message for message in errors)


def test_a_form_with_a_refused_token_gets_a_page_of_the_site(open_recording, worker):
    window = open_recording("/login/", expected=["status of 403"])
    window.driver.delete_all_cookies()
    window.fill("#id_username", "x")
    window.fill("#id_password", "x")
    window.click("main [type=submit], main button")
    window.until(lambda: window.text("h1") == "Please try again")
    assert window.run("return violations") == []
