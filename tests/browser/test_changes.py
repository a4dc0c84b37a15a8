"""Messages that are edited, deleted and answered, in the window of the author and in others."""

import pytest
from selenium.webdriver import ActionChains, Keys

from chat.models import Entry
from tests.browser.conftest import append_messages, stored_bodies
from tests.browser.window import OUTAGE

LOBBY = "/chat/lobby/"
DELETED = "message deleted"


def composer_text(window):
    return window.run("return document.querySelector('#body').value")


def compose_mode(window):
    """The text of the bar above the composer; None if it is hidden."""
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
    ann.edit_message("helo", "hello")
    ann.click_actions("forget this", "Delete", "Delete")
    for window in two:
        until_shown(window, ("hello", "edited", None), (DELETED, "", None))
        assert [row["state"] for row in window.rows()] == ["sent", "deleted"]
        assert_reload_shows_the_same(window)
    assert stored_bodies(site, path) == ["hello", "", "hello", ""]


def test_a_deletion_asks_first_and_escape_or_keep_cancels_it(site, two, path):
    ann, _ = two
    ann.say("stay")
    ann.until_sent("stay")
    assert ann.actions_of("stay") == ["Reply", "Edit", "Delete"]
    ann.click_actions("stay", "Delete")
    assert "Delete this message?" in ann.text("#log .question")
    assert ann.run("return document.activeElement.dataset.action") == "keep"
    ann.press(Keys.ENTER)
    assert ann.actions_of("stay") == ["Reply", "Edit", "Delete"]
    ann.click_actions("stay", "Delete")
    ann.press(Keys.ESCAPE)
    assert ann.actions_of("stay") == ["Reply", "Edit", "Delete"]
    assert (ann.bodies(), stored_bodies(site, path)) == (["stay"], ["stay"])


def test_the_keyboard_moves_between_messages_and_to_their_buttons(two):
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


def test_a_tap_shows_the_actions_of_a_message_and_moves_nothing(two):
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


def test_the_messages_of_others_can_only_be_answered(two):
    ann, bob = two
    ann.say("mine")
    bob.until_sent("mine")
    assert bob.actions_of("mine") == ["Reply"]
    bob.click("#body")
    bob.press(Keys.ARROW_UP)
    assert (compose_mode(bob), composer_text(bob)) == (None, "")


def test_a_moderator_edits_and_deletes_the_messages_of_others(worker, boss, open_window, two, path):
    ann, _ = two
    ann.say("rude")
    ann.say("ruder")
    ann.until_sent("rude", "ruder")
    moderator = open_window(worker.url)
    moderator.log_in(worker.url, *boss)
    moderator.open(worker.url + path)
    moderator.until_sent("rude", "ruder")
    moderator.edit_message("rude", "kind")
    moderator.click_actions("ruder", "Delete", "Delete")
    for window in (ann, moderator):
        until_shown(window, ("kind", "edited", None), (DELETED, "", None))
        assert {row["author"] for row in window.rows()} == {ann.text("#nick")}
        assert_reload_shows_the_same(window)


def test_arrow_up_edits_the_last_message_and_escape_restores_the_draft(site, two, path):
    ann, _ = two
    ann.say("first")
    ann.say("second")
    ann.until_sent("first", "second")
    ann.press(Keys.ARROW_UP)
    assert (compose_mode(ann), composer_text(ann)) == ("Editing your message", "second")
    ann.press(Keys.ESCAPE)
    assert (compose_mode(ann), composer_text(ann)) == (None, "")

    ann.press("half a thou")
    ann.click_actions("first", "Edit")
    assert (compose_mode(ann), composer_text(ann)) == ("Editing your message", "first")
    ann.press("!", Keys.ESCAPE)
    assert (compose_mode(ann), composer_text(ann)) == (None, "half a thou")
    ann.click_actions("first", "Edit")
    ann.press("!", Keys.ENTER)
    until_shown(ann, ("first!", "edited", None), ("second", "", None))
    assert (compose_mode(ann), composer_text(ann)) == (None, "half a thou")
    assert stored_bodies(site, path) == ["first!", "second", "first!"]


@pytest.mark.parametrize("body", ["same", ""], ids=["unchanged", "empty"])
def test_an_edit_that_changes_nothing_is_not_sent(site, two, path, body):
    ann, _ = two
    ann.say("same")
    ann.until_sent("same")
    ann.click_actions("same", "Edit")
    ann.fill("#body", body)
    ann.press(Keys.ENTER)
    assert compose_mode(ann) is None
    ann.say("after it")
    ann.until_sent("same", "after it")
    assert stored_bodies(site, path) == ["same", "after it"]


def test_changes_during_an_outage_are_shown_at_once_and_arrive_once(make_site, open_window):
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
    ann.edit_message("one", "won")
    ann.click_actions("two", "Delete", "Delete")
    ann.click_actions("won", "Reply")
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


def test_a_refused_edit_restores_the_message_and_keeps_the_new_text(two):
    ann, _ = two
    ann.say("short")
    ann.until_sent("short")
    ann.click_actions("short", "Edit")
    ann.run("document.querySelector('#body').value = 'x'.repeat(4001)")
    ann.press(Keys.ENTER)
    until_shown(ann, ("short", "Not changed: it is too long.", None))
    ann.click("#log .retry")
    assert (compose_mode(ann), composer_text(ann)) == ("Editing your message", "x" * 4001)
    ann.fill("#body", "shorter")
    ann.press(Keys.ENTER)
    until_shown(ann, ("shorter", "edited", None))


# ---- Answers ----


def test_the_quote_of_an_answer_follows_changes_of_the_quoted_message(two):
    ann, bob = two
    ann.say("question?\nwith more".replace("\n", Keys.SHIFT + Keys.ENTER + Keys.NULL))
    bob.until_sent("question?\nwith more")
    name = ann.text("#nick")
    bob.click_actions("question?\nwith more", "Reply")
    assert compose_mode(bob) == f"Replying to {name} question?"
    bob.say("answer")
    assert compose_mode(bob) is None
    for window in two:
        until_shown(window, ("question?\nwith more", "", None), ("answer", "", f"{name} question?"))
    bob.click("#log .quote:not([hidden])")
    assert bob.run("return document.activeElement.dataset.seq") == "1"

    ann.edit_message("question?\nwith more", "well?")
    for window in two:
        until_shown(window, ("well?", "edited", None), ("answer", "", f"{name} well?"))
    ann.click_actions("well?", "Delete", "Delete")
    for window in two:
        until_shown(window, (DELETED, "", None), ("answer", "", f" {DELETED}"))
        assert_reload_shows_the_same(window)


def test_escape_cancels_an_answer_and_keeps_its_text(site, two, path):
    ann, _ = two
    ann.say("one")
    ann.until_sent("one")
    ann.click_actions("one", "Reply")
    ann.press("two", Keys.ESCAPE)
    assert (compose_mode(ann), composer_text(ann)) == (None, "two")
    ann.press(Keys.ENTER)
    until_shown(ann, ("one", "", None), ("two", "", None))


def test_a_quoted_message_that_is_not_loaded_is_fetched_and_follows_changes(
    site, worker, two, path
):
    ann, bob = two
    ann.say("long ago")
    ann.until_sent("long ago")
    ann.click_actions("long ago", "Reply")
    # More than a page loads when it opens.
    append_messages(site, path, *(f"line {number}" for number in range(60)))
    ann.say("remember?")
    bob.driver.refresh()
    bob.until(lambda: len(bob.rows()) == 50)
    quote = f"{ann.text('#nick')} long ago"
    bob.until(lambda: bob.rows()[-1]["quote"] == quote)
    assert "long ago" not in bob.bodies()
    ann.run("document.querySelector('#scroller').scrollTop = 0")
    ann.edit_message("long ago", "yesterday")
    bob.until(lambda: bob.rows()[-1]["quote"] == quote.replace("long ago", "yesterday"))
    assert "yesterday" not in bob.bodies()
    bob.run("document.querySelector('#log > li:last-child .quote').click()")
    highlighted = "return document.querySelector('#log .highlighted .body')?.textContent"
    bob.until(lambda: bob.run(highlighted) == "yesterday")
