"""A page uses the next transport while better ones are blocked, and returns to them later."""

import pytest

from tests.browser.conftest import append_messages, delete_room, stored_bodies
from tests.browser.window import OUTAGE
from tests.shared import free_port

# WebSockets connect to a closed port, and event streams to a URL that answers 404, while the
# session storage names them as `blocked`.
BLOCK = """
const isBlocked = (transport) => (sessionStorage.getItem("blocked") ?? "").includes(transport);
window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(url, ...given) {
    super(isBlocked("socket") ? "ws://127.0.0.1:%d/" : url, ...given);
    sockets.push(this);
  }
};
window.EventSource = class extends EventSource {
  constructor(url, ...given) {
    super(isBlocked("stream") ? "/nowhere" : url, ...given);
  }
};
"""
DROP = """
sockets.at(-1).close();
sources.at(-1)?.dispatchEvent(new Event("error"));
"""
WAKE = """
dispatchEvent(new Event("online"));
return document.querySelector("#state").textContent;
"""
# A logout as in another tab of the same browser.
LOGOUT = """
const [, csrfmiddlewaretoken] = /csrftoken=([^;]*)/.exec(document.cookie);
fetch("/logout/", { method: "POST", body: new URLSearchParams({ csrfmiddlewaretoken }) });
"""
STATE_TEXTS = {
    "socket": "Live",
    "stream": "Live over event stream",
    "poll": "Live by polling",
}


@pytest.fixture
def open_blocked(worker, open_window):
    """Opens a window to a room, with these transports blocked."""

    def open_one(path, *transports, by_policy=False):
        expected = (*OUTAGE, "status of 4", "Content Security Policy")
        window = open_window(f"{worker.url}/login/", expected=expected)
        # The policy would forbid WebSockets to another port before they could fail.
        window.cdp("Page.setBypassCSP", enabled=not by_policy)
        window.cdp("Page.addScriptToEvaluateOnNewDocument", source=BLOCK % free_port())
        block(window, *transports)
        return window.open(worker.url + path)

    return open_one


def block(window, *transports):
    window.run("sessionStorage.setItem('blocked', arguments[0])", " ".join(transports))


def until_transport(window, transport):
    window.until(lambda: window.text("#state") == STATE_TEXTS[transport])
    assert window.state() == "connected"


def talk(windows, *bodies, before=()):
    """Each window sends messages. Both must show all of them once, in the same order."""
    wanted = list(before)
    for number, window in enumerate(windows):
        for body in bodies:
            window.say(f"{body} {number}")
            wanted.append(f"{body} {number}")
            for other in windows:
                other.until_sent(*wanted)
    return wanted


@pytest.mark.parametrize(
    ("blocked", "transport"), [(["socket"], "stream"), (["socket", "stream"], "poll")]
)
def test_a_page_sends_and_receives_over_the_best_transport_that_opens(
    site, worker, open_window, make_room, open_blocked, blocked, transport
):
    path = make_room()
    history = [f"line {number}" for number in range(1, 61)]  # more than a page
    append_messages(site, path, *history)
    ann, bob = open_blocked(path, *blocked), open_window(worker.url + path)
    until_transport(ann, transport)
    until_transport(bob, "socket")
    for window in (ann, bob):
        window.until(lambda window=window: len(window.rows()) >= 50)
        window.run("document.querySelector('#scroller').scrollTop = 0")
        window.until_sent(*history)
    talk([ann, bob], "one", "two", before=history)
    assert stored_bodies(site, path) == ann.bodies() == bob.bodies()

    ann.driver.refresh()
    ann.until(lambda: ann.bodies()[-4:] == bob.bodies()[-4:])


def test_a_page_whose_policy_forbids_websockets_uses_the_event_stream(path, open_blocked):
    """In an old Safari every policy does, because 'self' does not include WebSockets there."""
    window = open_blocked(path, "socket", by_policy=True)
    until_transport(window, "stream")
    window.say("said all the same")
    window.until_sent("said all the same")


def test_a_page_falls_back_with_its_cursor_and_outbox_and_returns_to_the_socket(
    site, worker, open_window, make_room, open_blocked
):
    path = make_room()
    ann, bob = open_blocked(path), open_window(worker.url + path)
    for window in (ann, bob):
        until_transport(window, "socket")
    wanted = talk([ann, bob], "socket")

    for blocked, transport in [(["socket"], "stream"), (["socket", "stream"], "poll")]:
        block(ann, *blocked)
        ann.run(DROP)
        ann.until(lambda: ann.state() != "connected")
        ann.say(f"said on the way to {transport}")
        bob.say(f"during the change to {transport}")
        # The page waits longer after each failure. An `online` event ends the wait.
        ann.until(lambda transport=transport: ann.run(WAKE) == STATE_TEXTS[transport])
        ann.until(lambda: {row["state"] for row in ann.rows()} == {"sent"})
        count = len(wanted) + 2
        ann.until(lambda count=count: len(ann.rows()) == count)
        wanted = talk([ann, bob], transport, before=ann.bodies())
    assert stored_bodies(site, path) == wanted

    block(ann)
    ann.until(lambda: ann.run(WAKE) == STATE_TEXTS["socket"])
    wanted = talk([ann, bob], "again", before=wanted)
    assert stored_bodies(site, path) == wanted == ann.bodies() == bob.bodies()


def test_the_fallback_stays_open_until_a_better_transport_has_opened(
    site, worker, open_window, make_room, open_blocked
):
    path = make_room()
    ann, bob = open_blocked(path, "socket", "stream"), open_window(worker.url + path)
    until_transport(ann, "poll")
    ann.run(
        """
        window.states = [];
        new MutationObserver(() => states.push(document.querySelector("#state").textContent))
          .observe(document.querySelector("#state"), { childList: true, characterData: true });
        """
    )
    tried = ann.run("return sockets.length")
    ann.run("dispatchEvent(new Event('online'))")
    ann.until(lambda: ann.run("return sockets.length") > tried)
    wanted = talk([ann, bob], "still")
    block(ann, "socket")
    until_transport(ann, "stream")
    wanted = talk([ann, bob], "better", before=wanted)
    block(ann)
    until_transport(ann, "socket")
    wanted = talk([ann, bob], "best", before=wanted)
    assert ann.run("return states") == [STATE_TEXTS["stream"], STATE_TEXTS["socket"]]
    assert stored_bodies(site, path) == wanted


def test_a_page_on_a_fallback_shows_that_its_room_was_deleted(site, make_room, open_blocked):
    path = make_room()
    window = open_blocked(path, "socket", "stream")
    until_transport(window, "poll")
    delete_room(site, path)
    window.until_state("closed")
    assert "no such place" in window.text("#state")


def test_a_message_whose_token_was_refused_is_sent_with_a_new_one(site, make_room, open_blocked):
    path = make_room()
    window = open_blocked(path, "socket")
    until_transport(window, "stream")
    window.driver.delete_cookie("csrftoken")
    window.say("once")
    window.until_sent("once")
    assert stored_bodies(site, path) == ["once"]


@pytest.mark.parametrize("transports", [(), ("socket",), ("socket", "stream")])
def test_a_logout_in_another_tab_is_shown_at_once(
    boss, worker, open_blocked, make_room, transports
):
    window = open_blocked("/login/")
    window.log_in(worker.url, *boss)
    block(window, *transports)
    window.open(worker.url + make_room())
    until_transport(window, {0: "socket", 1: "stream", 2: "poll"}[len(transports)])
    here = window.open_tab(f"{worker.url}/")
    window.click(".who button")
    window.switch_to(here)
    window.until_state("closed")
    assert window.text("#state") == "Closed: your session has ended"
    assert window.find("#relogin").is_displayed()


@pytest.mark.parametrize("transports", [("socket",), ("socket", "stream")])
def test_a_message_written_by_a_user_is_never_sent_as_a_guest(
    site, boss, open_blocked, make_room, transports
):
    path = make_room()
    window = open_blocked(path, *transports)
    window.log_in(window.run("return location.origin"), *boss)
    window.open(window.run("return location.origin") + path)
    until_transport(window, "poll" if "stream" in transports else "stream")
    assert window.text("#nick") == "boss"
    window.run(LOGOUT)
    window.say("meant as boss")
    window.until_state("closed")
    assert window.text("#state") == "Closed: your session has ended"
    assert [row["state"] for row in window.rows()] == ["sending"]
    assert stored_bodies(site, path) == []
