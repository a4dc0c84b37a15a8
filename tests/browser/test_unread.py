"""Unread messages: counts in titles and in the list of rooms, and the line above the first one."""

import pytest

from tests.browser.chromium import DESKTOP, Chromium
from tests.browser.conftest import append_messages

DIVIDER_SEQ = """
const divider = document.querySelector("#log .divider");
return divider && Number(divider.closest("li").dataset.seq);
"""
AT_BOTTOM = """
const { scrollHeight, scrollTop, clientHeight } = document.querySelector("#scroller");
return scrollHeight - scrollTop - clientHeight < 48;
"""
UNREAD = """
const [slug, done] = arguments;
fetch("/api/rooms").then((answer) => answer.json()).then(({ rooms }) =>
  done(rooms.find((room) => room.slug === slug).unread));
"""


@pytest.fixture(scope="module")
def chromium():
    """Chromium itself: the headless shell treats the pages of hidden tabs as visible."""
    browser = Chromium(programs=DESKTOP, sessions=2)
    yield browser
    browser.close()


def fill(site, path, count):
    """Appends this number of messages of another person."""
    append_messages(site, path, *(f"line {number}" for number in range(count)))


def title(window):
    """The part of the title before the room's name."""
    return window.driver.title.removesuffix("Room · Twinstream").strip()


def unread(window, path):
    """The number of unread messages of this person, from the server."""
    return window.driver.execute_async_script(UNREAD, path.split("/")[2])


def until_read(window, worker, path):
    window.until(lambda: unread(window, path) == 0)


def divider_seq(window):
    """The seq of the message below the line "New messages"; None without that line."""
    return window.run(DIVIDER_SEQ)


def badge(window, path):
    """The badge of the room at a path in the list; None without one."""
    script = """
    const badge = document.querySelector(`[data-room="${arguments[0]}"] .unread`);
    return badge.hidden ? null : badge.querySelector(".count").textContent;
    """
    return window.run(script, path.split("/")[2])


def test_the_title_of_a_hidden_page_counts_the_messages_of_others(two, worker):
    ann, bob = two
    ann.say("mine")
    bob.until_sent("mine")
    room = ann.open_tab(f"{worker.url}/login/")
    for body in ["one", "two", "three"]:
        bob.say(body)
    bob.until_sent("mine", "one", "two", "three")
    bob.click_actions("three", "Delete", "Delete")
    ann.until(lambda: "(2) Room · Twinstream" in ann.titles())
    ann.switch_to(room)
    ann.until(lambda: title(ann) == "")
    bob.say("while you look")
    ann.until(lambda: "while you look" in ann.bodies())
    assert title(ann) == ""


def test_new_messages_below_the_visible_ones_are_counted_on_the_button(site, two, path):
    ann, bob = two
    fill(site, path, 45)
    ann.until(lambda: len(ann.rows()) == 45)
    ann.run("document.querySelector('#scroller').scrollTop = 0")
    ann.until(lambda: not ann.run(AT_BOTTOM))
    bob.say("down here")
    ann.until(lambda: title(ann) == "(1)")
    assert ann.find("#newer").text == "New messages (1) ↓"
    ann.click("#newer")
    ann.until(lambda: title(ann) == "")
    assert not ann.find("#newer").is_displayed()


def test_a_line_is_shown_above_the_messages_since_the_last_visit(two, worker, path):
    ann, bob = two
    bob.say("seen")
    ann.until_sent("seen")
    ann.say("mine")
    bob.until_sent("seen", "mine")
    until_read(ann, worker, path)
    ann.open(f"{worker.url}/login/")
    bob.say("new")
    bob.say("newer")
    bob.until_sent("seen", "mine", "new", "newer")
    ann.open(worker.url + path).until_sent("seen", "mine", "new", "newer")
    assert divider_seq(ann) == 3
    bob.say("live")
    ann.until_sent("seen", "mine", "new", "newer", "live")
    assert divider_seq(ann) == 3
    ann.say("answer")
    assert divider_seq(ann) is None
    until_read(ann, worker, path)
    ann.driver.refresh()
    ann.until(lambda: len(ann.rows()) == 6)
    assert divider_seq(ann) is None


def test_on_a_first_visit_nothing_is_unread(site, open_window, worker, path):
    fill(site, path, 3)
    window = open_window(worker.url + path)
    window.until(lambda: len(window.rows()) == 3)
    assert (divider_seq(window), title(window)) == (None, "")
    window.until(lambda: unread(window, path) == 0)


def test_reading_in_a_tab_clears_the_count_of_the_other_tab(two, worker, path):
    ann, bob = two
    bob.say("hello")
    ann.until_sent("hello")
    ann.open_tab(f"{worker.url}/login/")
    bob.say("psst")
    ann.until(lambda: "(1) Room · Twinstream" in ann.titles())
    ann.open(worker.url + path)
    ann.until_sent("hello", "psst")
    ann.until(lambda: ann.titles() == ["Room · Twinstream"] * 2)


def test_the_list_of_rooms_shows_unread_counts_and_follows_changes(two, worker, path):
    ann, bob = two
    bob.say("seen")
    ann.until_sent("seen")
    until_read(ann, worker, path)
    ann.open(f"{worker.url}/chat/")
    assert badge(ann, path) is None
    bob.say("new")
    bob.say("newer")
    bob.until_sent("seen", "new", "newer")
    ann.driver.refresh()
    assert badge(ann, path) == "2"
    ann.until(lambda: ann.driver.title == "(2) Chat · Twinstream")

    rooms = ann.open_tab(worker.url + path)
    ann.until_sent("seen", "new", "newer")
    until_read(ann, worker, path)
    ann.switch_to(rooms)
    ann.until(lambda: badge(ann, path) is None)
    ann.until(lambda: ann.driver.title == "Chat · Twinstream")


def test_the_list_of_rooms_follows_another_tab_of_the_browser_at_once(two, worker, path):
    ann, bob = two
    bob.say("seen")
    ann.until_sent("seen")
    until_read(ann, worker, path)
    ann.run("document.querySelector('#scroller').scrollTop = 0")
    ann.open_tab(f"{worker.url}/chat/")
    ann.run("window.setInterval = null; window.asked = performance.now()")
    bob.say("new")
    ann.until(lambda: badge(ann, path) == "1")
    assert ann.run("return performance.now() - asked") < 15_000


def test_more_than_99_unread_messages_are_shown_as_99_plus(site, two, worker, path):
    ann, bob = two
    bob.say("seen")
    ann.until_sent("seen")
    until_read(ann, worker, path)
    ann.open(f"{worker.url}/login/")
    fill(site, path, 120)
    ann.open(f"{worker.url}/chat/")
    assert badge(ann, path) == "99+"
