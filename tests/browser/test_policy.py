"""What a page may do is what its policy says: nothing from within it, nothing from elsewhere. That
no page breaks it is proved by every test here, since the console must stay without errors."""

import pytest
from django.contrib.auth.models import User

from chat.models import Entry, Room
from streaming.models import StreamText
from tests.shared import free_port

# Before anything of the page runs.
WITNESS = """
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
    """Of a row of each table."""
    return {
        "text": StreamText.objects.first().pk,
        "revision": StreamText.objects.first().revisions.first().pk,
        "room": Room.objects.get(slug="lobby").pk,
        "entry": Entry.objects.filter(kind="say").last().pk,
        "user": User.objects.get(username="boss").pk,
    }


@pytest.fixture
def open_witnessed(worker, open_window):
    """Opens a window that notes what is kept from it."""

    def open_one(path, expected=()):
        window = open_window("about:blank", expected)
        window.cdp("Page.addScriptToEvaluateOnNewDocument", source=WITNESS)
        return window.open(worker.url + path)

    return open_one


def test_no_page_breaks_its_policy(open_witnessed, worker):
    window = open_witnessed("/")
    for path in PAGES:
        window.open(worker.url + path)
        assert window.run("return violations") == [], path


def test_no_page_of_the_admin_breaks_its_policy(open_witnessed, worker, boss, site, two):
    two[0].say("hello")
    two[1].until_sent("hello")
    rows = site.query(primary_keys)
    window = open_witnessed("/", expected=["/admin/nowhere/ - Failed to load"])
    window.log_in(worker.url, *boss)
    for path in ADMIN:
        window.open(worker.url + path.format(**rows))
        assert window.run("return violations") == [], path
        assert window.run("return document.styleSheets.length") > 0, path


def test_a_socket_and_a_stream_of_this_host_are_allowed(open_witnessed, path, make_text, worker):
    window = open_witnessed(path)
    window.until_state("connected")
    assert window.run("return document.querySelector('#state').dataset.transport") == "socket"
    window.open(worker.url + make_text("ab"))
    window.click("#start")
    window.until_state("done")
    assert window.run("return violations") == []


@pytest.mark.parametrize("directive", INJECT)
def test_what_is_injected_is_kept_from_running(open_witnessed, path, directive):
    window = open_witnessed(path, expected=[VIOLATION, "127.0.0.1"])
    window.until_state("connected")
    script = INJECT[directive]
    window.run(script % free_port() if "%d" in script else script)
    window.until(lambda: window.run("return violations") == [directive])
    assert window.run("return window.xss") is None
    said = window.driver.get_log("browser")
    assert any(VIOLATION in one["message"] for one in said if one["level"] == "SEVERE")


def test_a_refused_form_has_a_page_of_ours(open_witnessed, worker):
    window = open_witnessed("/login/", expected=["status of 403"])
    window.driver.delete_all_cookies()
    window.fill("#id_username", "x")
    window.fill("#id_password", "x")
    window.click("main [type=submit], main button")
    window.until(lambda: window.text("h1") == "Please try again")
    assert window.run("return violations") == []
