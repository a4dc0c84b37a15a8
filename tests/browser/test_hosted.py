"""The pages of a hosted site: through nginx, with hashed file names."""

import re

import pytest

from streaming.models import StreamText
from tests.browser.window import OUTAGE
from tests.hosted import HostedSite

# The URL and the status of each file that the page has loaded.
LOADED = """
return performance.getEntriesByType("resource").map((one) => [one.name, one.responseStatus]);
"""
PAGES = ["/", "/stream/", "/chat/", "/chat/lobby/", "/login/", "/admin/login/"]


@pytest.fixture(scope="module")
def hosted(tmp_path_factory):
    site = HostedSite(tmp_path_factory.mktemp("hosted"))
    site.make_user("boss", "b", is_staff=True, is_superuser=True)
    yield site
    site.close()


def test_every_file_of_every_page_is_loaded_once_by_its_hashed_name(hosted, open_window):
    window = open_window(hosted.front.url)
    for path in PAGES:
        window.open(hosted.front.url + path)
        window.until(lambda: window.run("return document.readyState") == "complete")
        loaded = [(url, status) for url, status in window.run(LOADED) if "/static/" in url]
        assert loaded
        for url, status in loaded:
            assert status == 200, url
            assert re.search(r"\.[0-9a-f]{12}\.\w+$", url), url
        # A module under two names would run twice.
        plain = [re.sub(r"\.[0-9a-f]{12}\.", ".", url) for url, _ in loaded]
        modules = [url for url in plain if url.endswith(".js")]
        assert len(set(modules)) == len(modules)
        if path == "/chat/lobby/":
            assert len(modules) > 30


def test_a_text_is_streamed_to_its_end_through_nginx(hosted, open_window):
    create = {"slug": "short", "title": "Short", "body": "through nginx", "interval_ms": 20}
    hosted.query(lambda: StreamText.objects.create(**create))
    window = open_window(f"{hosted.front.url}/stream/?text=short")
    window.click("#start")
    window.until_state("done")
    assert window.text("#output") == "through nginx"


def test_two_people_exchange_messages_through_nginx(hosted, open_window):
    windows = [open_window(f"{hosted.front.url}/chat/lobby/") for _ in range(2)]
    for window in windows:
        window.until_state("connected")
    windows[0].say("hello")
    windows[1].until_sent("hello")
    windows[1].say("hello to you")
    for window in windows:
        window.until_sent("hello", "hello to you")


def test_staff_log_in_and_change_a_text(hosted, open_window):
    """Django compares the page's origin, with its port, with the host that nginx passes on."""
    window = open_window(hosted.front.url)
    window.log_in(hosted.front.url, "boss", "b")
    window.open(f"{hosted.front.url}/admin/streaming/streamtext/")
    window.click("#result_list tbody th a")
    window.fill("#id_title", "Changed through nginx")
    window.click("[name=_save]")
    window.until(lambda: "was changed successfully" in window.text("body"))
    assert "Changed through nginx" in window.text("#result_list")


def test_an_open_page_still_works_after_a_reload_of_the_site(hosted, open_window):
    window = open_window(f"{hosted.front.url}/chat/lobby/")
    window.until_state("connected")
    hosted.front.reload()
    window.say("after the reload")
    window.until(lambda: ("after the reload", "sent") in states(window))


# Records the states of the connection.
WATCH_STATE = """
const state = document.querySelector("#state");
window.states = [];
new MutationObserver(() => states.push(state.dataset.state)).observe(state, { attributes: true });
"""


def all_workers(hosted, what):
    """Starts or stops all workers."""
    names = [f"site:worker_{n}" for n in range(1, len(hosted.front.workers) + 1)]
    hosted.front.supervisorctl(what, *names)


def test_a_page_is_not_live_without_workers_and_live_again_when_they_start(hosted, open_window):
    """nginx still answers, and asks an event stream to reconnect."""
    expected = (*OUTAGE, "Failed to load resource")
    window = open_window(f"{hosted.front.url}/chat/lobby/", expected=expected)
    window.until_state("connected")
    all_workers(hosted, "stop")
    # They stop one after the other, and the page may have come to the second in between.
    window.until(lambda: window.state() != "connected")
    window.run(WATCH_STATE)
    window.say("nobody is there")
    # The page tries the WebSocket three times, and then the event stream three times.
    window.until(lambda: window.run("return states").count("connecting") >= 5)
    assert "connected" not in window.run("return states")
    all_workers(hosted, "start")
    window.until(lambda: ("nobody is there", "sent") in states(window))
    window.until_state("connected")


def states(window):
    return [(row["body"], row["state"]) for row in window.rows()]
