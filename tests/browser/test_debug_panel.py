"""The debug panel: the counters of the connection, and a button that cuts it."""

import pytest
from selenium.webdriver import Keys

from chat.log import store
from chat.log.store import Draft
from chat.models import Room
from tests.browser.conftest import append_messages, slug_of, stored_bodies
from tests.browser.window import OUTAGE


def stat(window, name):
    return window.text(f"[data-stat={name}]")


def number(window, name):
    text = stat(window, name)
    return int(text) if text.isdigit() else None


@pytest.fixture
def two(worker, open_window, make_room):
    """The path of a room, and the windows of two people in it. The first has the panel open."""
    path = make_room()
    ann, bob = (open_window(worker.url + path, expected=OUTAGE) for _ in range(2))
    for window in (ann, bob):
        window.until_state("connected")
    ann.click("#debug summary")
    return path, ann, bob


def test_the_panel_shows_the_counters_of_the_connection(two):
    _, ann, bob = two
    ann.until(lambda: stat(ann, "transport") == "WebSocket")
    ann.until(lambda: stat(ann, "rtt").endswith(" ms"))
    ann.until(lambda: stat(ann, "heartbeat").endswith(" s ago"))
    assert [number(ann, name) for name in ("head", "received", "unsent")] == [0, 0, 0]
    bob.say("one")
    ann.say("two")
    ann.until(lambda: number(ann, "received") == 2)
    assert (number(ann, "head"), number(ann, "duplicates"), number(ann, "recovered")) == (2, 0, 0)
    assert stat(ann, "cursor").endswith(":2")


def test_opening_the_panel_does_not_hide_the_newest_message(two):
    _, ann, _ = two
    ann.click("#debug summary")
    ann.run("document.querySelector('#body').value = 'tall\\n'.repeat(60)")
    ann.click("#send")
    ann.until(lambda: [row["state"] for row in ann.rows()] == ["sent"])
    ann.click("#debug summary")
    below = """
    const { scrollHeight, scrollTop, clientHeight } = document.querySelector("#scroller");
    return document.querySelector("#debug").open && scrollHeight - scrollTop - clientHeight < 2;
    """
    ann.until(lambda: ann.run(below))


def test_no_message_is_lost_while_the_connection_is_cut(site, two):
    path, ann, bob = two
    ann.say("before")
    bob.until_sent("before")

    ann.find("#body").send_keys("typed while ")
    ann.run("document.querySelector('#cut').click()")
    ann.until_state("cut")
    assert ann.text("#state").startswith("Cut. Back in ")
    ann.find("#body").send_keys("it is cut", Keys.ENTER)
    ann.say("and more")
    bob.say("can you hear me?")
    bob.until_sent("before", "can you hear me?")
    assert ann.state() == "cut"
    assert [row["state"] for row in ann.rows()] == ["sent", "sending", "sending"]
    ann.until(lambda: (stat(ann, "transport"), number(ann, "unsent")) == ("none", 2))

    ann.until_state("connected")
    wanted = ["before", "can you hear me?", "typed while it is cut", "and more"]
    for window in (ann, bob):
        window.until_sent(*wanted)
    assert stored_bodies(site, path) == wanted
    ann.until(lambda: (number(ann, "unsent"), number(ann, "recovered")) == (0, 1))
    assert (number(ann, "received"), number(ann, "duplicates")) == (4, 0)


def test_a_lost_last_message_is_noticed_at_the_next_heartbeat(make_site, open_window):
    site = make_site(HEARTBEAT_SECONDS="1")
    url = f"{site.worker().url}/chat/lobby/"
    ann, bob = [open_window(url) for _ in range(2)]
    for window in (ann, bob):
        window.until_state("connected")
    ann.click("#debug summary")
    ann.run("window.ignoreMessages = true")
    bob.say("vanished")
    bob.until_sent("vanished")
    assert ann.bodies() == []
    ann.run("window.ignoreMessages = false")
    ann.until_sent("vanished")
    ann.until(lambda: (number(ann, "received"), number(ann, "recovered")) == (1, 1))


def delete_first(path):
    """Deletes the first message of the room at a path, as a moderator does."""
    room = Room.objects.get(slug=slug_of(path))
    store.write(
        [Draft(room.pk, "delete", "g-9", "Bob", f"{room.slug}-gone", ref=1, moderator=True)]
    )


def test_a_gap_is_shown_and_filled_with_the_current_messages(site, two):
    path, ann, bob = two
    bob.say("soon gone")
    ann.until_sent("soon gone")
    ann.click("#cut")
    ann.until_state("cut")
    # More than the server sends to a client that reconnects, and a change of a shown message.
    append_messages(site, path, *(f"line {number}" for number in range(520)))
    site.query(delete_first, path)
    ann.until_state("connected")
    ann.until(lambda: len(ann.rows()) == 49)  # the fiftieth entry is the deletion
    assert "soon gone" not in ann.bodies()
    assert ann.text("#log .gap span") == "Some messages were skipped here"

    ann.click("#log .gap .fill")
    ann.until(lambda: len(ann.rows()) > 49)
    while len(ann.rows()) < 521:
        ann.run("document.querySelector('#scroller').scrollTop = 0")
    wanted = ["message deleted", *(f"line {n}" for n in range(520))]
    ann.until(lambda: ann.bodies() == wanted)
    ann.until(lambda: not ann.run("return document.querySelector('#log .gap')"))
    ann.until(lambda: number(ann, "recovered") == 1)
