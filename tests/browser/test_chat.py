from datetime import UTC, datetime

import pytest

from chat.models import Entry
from tests.browser.conftest import append_messages, delete_room, slug_of, stored_bodies
from tests.browser.window import OUTAGE

LOBBY = "/chat/lobby/"
TOP_OF = """
return document.querySelector(`#log > [data-seq="${arguments[0]}"]`).getBoundingClientRect().top;
"""


def days(window):
    """The day separators: the seq of the message below each, and its text."""
    script = """
    return Array.from(document.querySelectorAll("#log .day:not([hidden])"), (day) =>
      [Number(day.closest("li").dataset.seq), day.textContent]);
    """
    return window.run(script)


def make_old(path):
    """Moves the entries into the past, with a midnight between the entries 100 and 101."""
    for day, seqs in [(1, range(1, 101)), (2, range(101, 121))]:
        at = datetime(2021, 5, day, 12, tzinfo=UTC)
        Entry.objects.filter(room__slug=slug_of(path), seq__in=seqs).update(at=at)


def seqs(window):
    return [int(row["seq"]) for row in window.rows()]


# ---- Between two windows ----


def test_a_message_appears_in_both_windows_with_its_author(two):
    ann, bob = two
    assert ann.text("#nick") != bob.text("#nick")
    ann.say("hello from Ann")
    bob.until_sent("hello from Ann")
    bob.say("hello from Bob")
    for window in two:
        window.until_sent("hello from Ann", "hello from Bob")
        authors = [row["author"] for row in window.rows()]
        assert authors == [ann.text("#nick"), bob.text("#nick")]
    assert [row["own"] for row in ann.rows()] == [True, False]
    assert [row["own"] for row in bob.rows()] == [False, True]


def test_both_windows_show_the_same_order(site, two):
    for number in range(5):
        for window in two:
            window.say(f"{number}")
    for window in two:
        window.until(lambda window=window: len(window.rows()) == 10)
        window.until(lambda window=window: {row["state"] for row in window.rows()} == {"sent"})
        assert seqs(window) == list(range(1, 11))
    ann, bob = two
    assert ann.bodies() == bob.bodies()
    assert [row["author"] for row in ann.rows()] == [row["author"] for row in bob.rows()]


def test_a_message_is_shown_at_once_and_its_row_stays_when_it_is_in_the_log(worker, two):
    ann, _ = two
    worker.pause()
    try:
        ann.say("soon")
        (sending,) = ann.rows()
        ann.run("document.querySelector('#log > li').isTheSame = true")
    finally:
        worker.resume()
    assert (sending["body"], sending["state"], "seq" in sending) == ("soon", "sending", False)
    for window in two:
        window.until_sent("soon")
        assert window.rows()[0]["cid"] == sending["cid"]
    assert ann.run("return document.querySelector('#log > li').isTheSame") is True


# ---- History ----


def test_a_reload_shows_the_same_history(worker, open_window, make_room):
    window = open_window(worker.url + make_room())
    window.until_state("connected")
    for body in ["one", "two\nlines", "三"]:
        window.run("document.querySelector('#body').value = arguments[0]", body)
        window.click("#send")
    window.until_sent("one", "two\nlines", "三")
    before = window.rows()
    window.driver.refresh()
    window.until_sent("one", "two\nlines", "三")
    assert window.rows() == before
    assert [seq for seq, _ in days(window)] == [1]


def test_scrolling_up_loads_history_and_moves_no_message(site, worker, open_window, make_room):
    path = make_room()
    append_messages(site, path, *(f"line {number}\nand more" for number in range(1, 121)))
    site.query(make_old, path)
    window = open_window(worker.url + path)
    window.until(lambda: seqs(window) == list(range(71, 121)))
    assert days(window) == [[71, "Saturday, May 1, 2021"], [101, "Sunday, May 2, 2021"]]

    for first in (21, 1):
        read = seqs(window)[0] + 5
        before = window.run(f"document.querySelector('#scroller').scrollTop = 100; {TOP_OF}", read)
        window.until(lambda first=first: seqs(window) == list(range(first, 121)))
        assert window.run(TOP_OF, read) == pytest.approx(before, abs=3)
    assert [seq for seq, _ in days(window)] == [1, 101]
    assert window.text("#older") == "The beginning of the room"


# ---- Lost connections ----


def test_a_message_sent_during_an_outage_arrives_once(make_site, open_window):
    site = make_site(development=True)
    worker = site.worker()
    two = [open_window(worker.url + LOBBY, expected=OUTAGE) for _ in range(2)]
    ann, bob = two
    for window in two:
        window.until_state("connected")
    ann.say("before")
    bob.until_sent("before")

    worker.kill()
    for window in two:
        window.until(lambda window=window: window.text("#state").startswith("Reconnecting in "))
    ann.say("during")
    assert [row["state"] for row in ann.rows()] == ["sent", "sending"]
    worker.start()
    for window in two:
        window.until_sent("before", "during")
        window.until(lambda window=window: window.text("#state") == "Live")
    assert stored_bodies(site, LOBBY) == ["before", "during"]


def test_a_message_whose_ack_was_lost_is_not_duplicated(make_site, open_window):
    site = make_site()
    worker = site.worker()
    two = [open_window(worker.url + LOBBY, expected=OUTAGE) for _ in range(2)]
    ann, bob = two
    for window in two:
        window.until_state("connected")
    ann.run("window.ignoreMessages = true")
    ann.say("did you hear me?")
    bob.until_sent("did you hear me?")
    assert [row["state"] for row in ann.rows()] == ["sending"]

    worker.kill()
    ann.until_state("reconnecting")
    ann.run("window.ignoreMessages = false")
    worker.start()
    # Sent after it: a duplicate would be shown between the two.
    ann.say("good")
    for window in two:
        window.until_sent("did you hear me?", "good")
    assert stored_bodies(site, LOBBY) == ["did you hear me?", "good"]


# ---- Names ----


def test_a_guest_changes_the_name_on_the_page_of_a_room(worker, two):
    ann, bob = two
    ann.click("#change")
    ann.fill("#nickname", "Ann 安")
    ann.click("#rename button")
    ann.until(lambda: ann.text("#nick") == "Ann 安")
    assert not ann.find("#rename").is_displayed()
    ann.say("it is me")
    bob.until_sent("it is me")
    assert bob.rows()[0]["author"] == "Ann 安"

    ann.driver.refresh()
    ann.until_sent("it is me")
    assert ann.text("#nick") == "Ann 安"
    assert ann.rows()[0]["own"]


def test_a_guest_changes_the_name_before_entering_a_room(worker, open_window, path):
    window = open_window(f"{worker.url}/chat/")
    window.click("#change")
    window.fill("#nickname", "Early Ann")
    window.click("#rename button")
    window.until(lambda: window.text("#nick") == "Early Ann")
    assert not window.find("#rename").is_displayed()
    window.open(worker.url + path)
    window.until_state("connected")
    assert window.text("#nick") == "Early Ann"


def test_the_name_of_a_user_is_refused_beside_the_field(worker, boss, open_window, make_room):
    window = open_window(worker.url + make_room(), expected=["status of 400"])
    window.until_state("connected")
    name = window.text("#nick")
    window.click("#change")
    window.fill("#nickname", boss[0].upper())
    window.click("#rename button")
    window.until(lambda: window.text("#name-error") == "The name BOSS is taken.")
    assert window.find("#name-error").is_displayed()
    assert window.run("return document.activeElement.id") == "nickname"
    window.click("#cancel")
    assert window.text("#nick") == name


def test_a_page_says_that_its_room_was_deleted(site, worker, open_window, make_room):
    path = make_room()
    window = open_window(worker.url + path)
    window.until_state("connected")
    delete_room(site, path)
    window.until_state("closed")
    assert "no such place" in window.text("#state")
