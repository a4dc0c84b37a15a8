"""Messages that are not yet in the log: they survive a reload, and are sent once."""

import json

import pytest
from selenium.webdriver import Keys

from tests.browser.conftest import stored_bodies
from tests.browser.window import OUTAGE

STORED = """
const keys = Object.keys(localStorage).filter((key) => key.startsWith("twinstream:outbox:"));
return keys.sort().map((key) => localStorage.getItem(key));
"""
BODY = "return document.querySelector('#body').value"


@pytest.fixture
def window(worker, open_window, path):
    window = open_window(worker.url + path, expected=(*OUTAGE, "status of 4"))
    window.until_state("connected")
    return window


def cut(window):
    """Cuts the connection: new messages stay in the outbox until the page reloads."""
    window.run("document.querySelector('#cut').click()")
    window.until_state("cut")


def stored(window):
    return [json.loads(text) for text in window.run(STORED)]


def shown(window):
    return [(row["body"], row["state"]) for row in window.rows()]


def refuse(window, body):
    """Sends a message that the server refuses, and waits until the page shows that."""
    window.run("document.querySelector('#body').value = arguments[0]", body)
    window.click("#send")
    window.until(lambda: shown(window)[-1] == (body, "failed"))


# ---- Stored messages ----


def test_unsent_messages_survive_a_reload_and_are_sent_in_order(site, window, path):
    window.say("before")
    window.until_sent("before")
    cut(window)
    for body in ("one", "two", "three"):
        window.say(body)
    cids = [row["cid"] for row in window.rows()]
    assert [item["body"] for item in stored(window)] == ["one", "two", "three"]
    window.driver.refresh()
    window.until_sent("before", "one", "two", "three")
    assert [row["cid"] for row in window.rows()] == cids
    assert stored_bodies(site, path) == ["before", "one", "two", "three"]
    assert stored(window) == []


def test_an_unsent_message_is_shown_before_the_worker_answers(worker, window):
    worker.pause()
    try:
        window.say("soon")
        assert shown(window) == [("soon", "sending")]
    finally:
        worker.resume()
    window.until_sent("soon")


def test_two_tabs_of_a_person_send_each_message_once(site, window, path):
    first = window.open_tab(window.driver.current_url)
    window.until_state("connected")
    second = window.driver.current_window_handle
    for handle in (first, second):
        window.switch_to(handle)
        cut(window)
    for handle, body in ((first, "from the first"), (second, "from the second")):
        window.switch_to(handle)
        window.say(body)
    for handle in (first, second):
        window.switch_to(handle)
        bodies = [("from the first", "sending"), ("from the second", "sending")]
        window.until(lambda bodies=bodies: shown(window) == bodies)
    for handle in (first, second):
        window.switch_to(handle)
        window.until_sent("from the first", "from the second")
    assert stored_bodies(site, path) == ["from the first", "from the second"]
    assert stored(window) == []


def test_another_person_has_another_outbox(window, worker, boss, path):
    guest = window.run("return document.querySelector('#room').dataset.member")
    cut(window)
    window.say("a guest's word")
    window.log_in(worker.url, *boss)
    window.open(worker.url + path)
    window.until_state("connected")
    assert shown(window) == []
    window.say("a word of the boss")
    window.until_sent("a word of the boss")
    (item,) = stored(window)
    assert item["body"] == "a guest's word"
    window.click(".who button")
    window.open(worker.url + path)
    window.until_sent("a word of the boss", "a guest's word")
    assert window.rows()[-1]["author"] == f"guest-{guest[-4:]}"


def test_stored_items_that_are_damaged_or_of_another_version_are_ignored(window):
    page = window.run("return { ...document.querySelector('#room').dataset }")
    key = f"twinstream:outbox:{page['member']}:{page['room']}:1-1-c"
    for text in ("", "{", "null", '{"version":0}', '{"version":1,"type":"say","cid":"<b>"}'):
        window.run("localStorage.setItem(arguments[0], arguments[1])", key, text)
        window.driver.refresh()
        window.until_state("connected")
        assert window.rows() == []
    window.say("well")
    window.until_sent("well")


def test_without_local_storage_the_outbox_is_in_memory(worker, open_window, path):
    window = open_window(f"{worker.url}/login/", expected=OUTAGE)
    forbid = """
    const refuse = () => { throw new DOMException("full", "QuotaExceededError"); };
    Storage.prototype.setItem = Storage.prototype.getItem = Storage.prototype.removeItem = refuse;
    """
    window.cdp("Page.addScriptToEvaluateOnNewDocument", source=forbid)
    window.open(worker.url + path)
    window.until_state("connected")
    cut(window)
    window.say("kept in memory")
    assert shown(window) == [("kept in memory", "sending")]
    window.until_sent("kept in memory")


# ---- Refused messages ----


def test_a_refused_message_survives_a_reload_and_can_be_discarded(site, window, path):
    refuse(window, "a" * 4001)
    window.driver.refresh()
    window.until(lambda: shown(window) == [("a" * 4001, "failed")])
    assert "too long" in window.text(".note")
    window.click(".discard")
    assert (shown(window), stored(window)) == ([], [])
    window.driver.refresh()
    window.until_state("connected")
    window.say("next")
    window.until_sent("next")
    assert stored_bodies(site, path) == ["next"]


def test_a_refused_message_can_be_sent_again_after_a_reload(site, window, path):
    refuse(window, "a" * 4001)
    window.say("later")
    window.until(lambda: [state for _, state in shown(window)] == ["sent", "failed"])
    key = stored(window)[0]["key"]
    # Shortens the stored message, as if the limit had been raised.
    window.run(
        """
        const name = Object.keys(localStorage).find((name) => name.endsWith(arguments[0]));
        const item = JSON.parse(localStorage.getItem(name));
        localStorage.setItem(name, JSON.stringify({ ...item, body: "shorter" }));
        """,
        key,
    )
    window.driver.refresh()
    window.until(lambda: shown(window) == [("later", "sent"), ("shorter", "failed")])
    window.click(".row[data-state=failed] .retry")
    window.until_sent("later", "shorter")
    assert stored_bodies(site, path) == ["later", "shorter"]
    assert stored(window) == []


# ---- Drafts ----


def test_each_room_has_a_draft_until_it_is_sent(window, worker, make_room, path):
    other = make_room()
    window.find("#body").send_keys("half a thou")
    window.open(worker.url + other)
    window.until_state("connected")
    assert window.run(BODY) == ""
    window.find("#body").send_keys("another")
    window.open(worker.url + path)
    assert window.run(BODY) == "half a thou"
    window.until_state("connected")
    window.find("#body").send_keys("ght", Keys.ENTER)
    window.until_sent("half a thought")
    window.driver.refresh()
    window.until_sent("half a thought")
    assert window.run(BODY) == ""
    window.open(worker.url + other)
    assert window.run(BODY) == "another"
