"""Messages that are changed, deleted and answered, and what others see of it."""

import pytest
from selenium.webdriver import ActionChains, Keys

from chat.models import Entry
from tests.browser.conftest import said, write
from tests.browser.window import OUTAGE

LOBBY = "/chat/lobby/"
DELETED = "message deleted"


def value(window):
    return window.run("return document.querySelector('#body').value")


def bar(window):
    """What the bar above the composer says; None if there is none."""
    script = "const bar = document.querySelector('#compose-mode');"
    return window.run(f"{script} return bar.hidden ? null : bar.querySelector('p').innerText")


def shown(window):
    return [(row["body"], row["note"], row["quote"]) for row in window.rows()]


def until_shown(window, *rows):
    window.until(lambda: shown(window) == list(rows))


def assert_reload_shows_the_same(window):
    before = window.rows()
    window.driver.refresh()
    window.until(lambda: window.rows() == before)


# ---- Edit and delete ----


def test_an_edit_and_a_deletion_reach_the_other_window_and_a_reload(site, two, path):
    ann, bob = two
    ann.say("helo")
    ann.say("forget this")
    bob.until_sent("helo", "forget this")
    ann.until_sent("helo", "forget this")
    ann.rewrite("helo", "hello")
    ann.choose_for("forget this", "Delete", "Delete")
    for window in two:
        until_shown(window, ("hello", "edited", None), (DELETED, "", None))
        assert [row["state"] for row in window.rows()] == ["sent", "deleted"]
        assert_reload_shows_the_same(window)
    assert said(site, path) == ["hello", "", "hello", ""]


def test_a_deletion_asks_in_place_and_keeps_on_escape_or_keep(site, two, path):
    ann, _ = two
    ann.say("stay")
    ann.until_sent("stay")
    assert ann.offers("stay") == ["Reply", "Edit", "Delete"]
    ann.choose_for("stay", "Delete")
    assert "Delete this message?" in ann.text("#log .question")
    assert ann.run("return document.activeElement.dataset.action") == "keep"
    ann.press(Keys.ENTER)
    assert ann.offers("stay") == ["Reply", "Edit", "Delete"]
    ann.choose_for("stay", "Delete")
    ann.press(Keys.ESCAPE)
    assert ann.offers("stay") == ["Reply", "Edit", "Delete"]
    assert (ann.bodies(), said(site, path)) == (["stay"], ["stay"])


def test_the_keyboard_goes_from_row_to_row_and_to_their_buttons(two):
    ann, _ = two
    ann.say("one")
    ann.say("two")
    ann.until_sent("one", "two")
    at = "return document.activeElement.closest('.row')?.querySelector('.body').textContent"
    ActionChains(ann.driver).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
    assert ann.run(at) == "two"
    ann.press(Keys.ARROW_UP)
    assert ann.run(at) == "one"
    ann.press(Keys.TAB)
    assert ann.run("return document.activeElement.textContent") == "Reply"
    ann.press(Keys.TAB, Keys.ENTER, "!", Keys.ENTER)
    until_shown(ann, ("one!", "edited", None), ("two", "", None))


def test_a_tap_shows_what_can_be_done_and_moves_nothing(two):
    ann, _ = two
    ann.say("tap me")
    ann.until_sent("tap me")
    assert ann.buttons() == []
    place = ann.run("return document.querySelector('.row .body').getBoundingClientRect().toJSON()")
    finger = {"x": place["x"] + 20, "y": place["y"] + 10}
    ann.cdp("Input.dispatchTouchEvent", type="touchStart", touchPoints=[finger])
    ann.cdp("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    ann.until(lambda: [button.text for button in ann.buttons()][:3] == ["Reply", "Edit", "Delete"])
    after = ann.run("return document.querySelector('.row .body').getBoundingClientRect().toJSON()")
    assert after == place


def test_the_messages_of_others_are_only_answered(two):
    ann, bob = two
    ann.say("mine")
    bob.until_sent("mine")
    assert bob.offers("mine") == ["Reply"]
    bob.click("#body")
    bob.press(Keys.ARROW_UP)
    assert (bar(bob), value(bob)) == (None, "")


def test_a_moderator_changes_what_another_said(worker, boss, open_window, two, path):
    ann, _ = two
    ann.say("rude")
    ann.say("ruder")
    ann.until_sent("rude", "ruder")
    moderator = open_window(worker.url)
    moderator.log_in(worker.url, *boss)
    moderator.open(worker.url + path)
    moderator.until_sent("rude", "ruder")
    moderator.rewrite("rude", "kind")
    moderator.choose_for("ruder", "Delete", "Delete")
    for window in (ann, moderator):
        until_shown(window, ("kind", "edited", None), (DELETED, "", None))
        assert {row["author"] for row in window.rows()} == {ann.text("#nick")}
        assert_reload_shows_the_same(window)


def test_arrow_up_edits_the_last_and_escape_brings_back_the_draft(site, two, path):
    ann, _ = two
    ann.say("first")
    ann.say("second")
    ann.until_sent("first", "second")
    ann.press(Keys.ARROW_UP)
    assert (bar(ann), value(ann)) == ("Editing your message", "second")
    ann.press(Keys.ESCAPE)
    assert (bar(ann), value(ann)) == (None, "")

    ann.press("half a thou")
    ann.choose_for("first", "Edit")
    assert (bar(ann), value(ann)) == ("Editing your message", "first")
    ann.press("!", Keys.ESCAPE)
    assert (bar(ann), value(ann)) == (None, "half a thou")
    ann.choose_for("first", "Edit")
    ann.press("!", Keys.ENTER)
    until_shown(ann, ("first!", "edited", None), ("second", "", None))
    assert (bar(ann), value(ann)) == (None, "half a thou")
    assert said(site, path) == ["first!", "second", "first!"]


@pytest.mark.parametrize("body", ["same", ""], ids=["unchanged", "empty"])
def test_an_edit_that_changes_nothing_is_not_sent(site, two, path, body):
    ann, _ = two
    ann.say("same")
    ann.until_sent("same")
    ann.choose_for("same", "Edit")
    ann.fill("#body", body)
    ann.press(Keys.ENTER)
    assert bar(ann) is None
    ann.say("after it")
    ann.until_sent("same", "after it")
    assert said(site, path) == ["same", "after it"]


def test_changes_of_an_outage_are_shown_at_once_and_arrive_once(make_site, open_window):
    site = make_site()
    worker = site.worker()
    two = [open_window(worker.url + LOBBY, expected=OUTAGE) for _ in range(2)]
    ann = two[0]
    for window in two:
        window.until_state("connected")
    ann.say("one")
    ann.say("two")
    for window in two:
        window.until_sent("one", "two")
    worker.kill()
    ann.until_state("reconnecting")
    ann.rewrite("one", "won")
    ann.choose_for("two", "Delete", "Delete")
    ann.choose_for("won", "Reply")
    ann.say("what?")
    quote = f"{ann.text('#nick')} won"
    changed = [("won", "Saving…", None), (DELETED, "Saving…", None)]
    assert shown(ann) == [*changed, ("what?", "Sending…", quote)]
    worker.start()
    for window in two:
        until_shown(window, ("won", "edited", None), (DELETED, "", None), ("what?", "", quote))
        assert_reload_shows_the_same(window)
    kinds = site.query(lambda: list(Entry.objects.order_by("seq").values_list("kind", flat=True)))
    assert kinds == ["say", "say", "edit", "delete", "say"]


def test_a_refused_edit_gives_back_the_message_and_keeps_the_words(two):
    ann, _ = two
    ann.say("short")
    ann.until_sent("short")
    ann.choose_for("short", "Edit")
    ann.run("document.querySelector('#body').value = 'x'.repeat(4001)")
    ann.press(Keys.ENTER)
    until_shown(ann, ("short", "Not changed: it is too long.", None))
    ann.click("#log .retry")
    assert (bar(ann), value(ann)) == ("Editing your message", "x" * 4001)
    ann.fill("#body", "shorter")
    ann.press(Keys.ENTER)
    until_shown(ann, ("shorter", "edited", None))


# ---- Answers ----


def test_an_answer_quotes_and_the_quote_follows_what_it_quotes(two):
    ann, bob = two
    ann.say("question?\nwith more".replace("\n", Keys.SHIFT + Keys.ENTER + Keys.NULL))
    bob.until_sent("question?\nwith more")
    name = ann.text("#nick")
    bob.choose_for("question?\nwith more", "Reply")
    assert bar(bob) == f"Replying to {name} question?"
    bob.say("answer")
    assert bar(bob) is None
    for window in two:
        until_shown(window, ("question?\nwith more", "", None), ("answer", "", f"{name} question?"))
    bob.click("#log .quote:not([hidden])")
    assert bob.run("return document.activeElement.dataset.seq") == "1"

    ann.rewrite("question?\nwith more", "well?")
    for window in two:
        until_shown(window, ("well?", "edited", None), ("answer", "", f"{name} well?"))
    ann.choose_for("well?", "Delete", "Delete")
    for window in two:
        until_shown(window, (DELETED, "", None), ("answer", "", f" {DELETED}"))
        assert_reload_shows_the_same(window)


def test_escape_forgets_whom_it_answers_and_keeps_the_words(site, two, path):
    ann, _ = two
    ann.say("one")
    ann.until_sent("one")
    ann.choose_for("one", "Reply")
    ann.press("two", Keys.ESCAPE)
    assert (bar(ann), value(ann)) == (None, "two")
    ann.press(Keys.ENTER)
    until_shown(ann, ("one", "", None), ("two", "", None))


def test_a_quote_of_what_is_not_loaded_is_fetched_and_followed(site, worker, two, path):
    ann, bob = two
    ann.say("long ago")
    ann.until_sent("long ago")
    ann.choose_for("long ago", "Reply")
    write(
        site, path, *(f"line {number}" for number in range(60))
    )  # more than a page that opens takes
    ann.say("remember?")
    bob.driver.refresh()
    bob.until(lambda: len(bob.rows()) == 50)
    quote = f"{ann.text('#nick')} long ago"
    bob.until(lambda: bob.rows()[-1]["quote"] == quote)
    assert "long ago" not in bob.bodies()
    ann.run("document.querySelector('#scroller').scrollTop = 0")
    ann.rewrite("long ago", "yesterday")
    bob.until(lambda: bob.rows()[-1]["quote"] == quote.replace("long ago", "yesterday"))
    assert "yesterday" not in bob.bodies()
    bob.run("document.querySelector('#log > li:last-child .quote').click()")
    lit = "return document.querySelector('#log .highlighted .body')?.textContent"
    bob.until(lambda: bob.run(lit) == "yesterday")
