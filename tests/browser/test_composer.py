import pytest
from selenium.webdriver import ActionChains, Keys

from tests.browser.conftest import stored_bodies

LISTEN = """
window.keys = [];
const listen = ({ key, keyCode, isComposing }) => keys.push([key, keyCode, isComposing]);
addEventListener("keydown", listen, true);
"""
# The composer ignores an Enter for a shorter time than this after the end of a composition.
SAME_KEY_MS = 50


@pytest.fixture
def window(worker, open_window, path):
    window = open_window(worker.url + path)
    window.until_state("connected")
    window.click("#body")
    return window


def composer_text(window):
    return window.run("return document.querySelector('#body').value")


def compose(window, text):
    """Sets the text of an unfinished composition of an input method."""
    window.cdp(
        "Input.imeSetComposition", text=text, selectionStart=len(text), selectionEnd=len(text)
    )


def press(window, key, code):
    """Presses a key as an input method does."""
    for kind in ("rawKeyDown", "keyUp"):
        window.cdp("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)


def test_enter_during_a_composition_does_not_send(site, window, path):
    window.run(LISTEN)
    press(window, "Process", 229)
    compose(window, "n")
    press(window, "Process", 229)
    compose(window, "ni")
    press(window, "Enter", 229)
    compose(window, "你")
    press(window, "Enter", 13)
    keys = window.run("return keys")
    assert keys[-2:] == [["Enter", 229, True], ["Enter", 13, True]]
    assert (composer_text(window), window.rows()) == ("你", [])

    window.cdp("Input.insertText", text="你好")
    assert (composer_text(window), window.rows()) == ("你好", [])
    ended = window.run("return performance.now()")
    window.until(lambda: window.run("return performance.now()") > ended + SAME_KEY_MS)
    window.press(Keys.ENTER)
    window.until_sent("你好")
    assert composer_text(window) == ""
    assert stored_bodies(site, path) == ["你好"]


@pytest.mark.parametrize("key", [{"isComposing": True}, {"keyCode": 229}], ids=str)
def test_the_enter_of_an_input_method_does_not_send(window, key):
    window.find("#body").send_keys("ni")
    enter = """
    const enter = { key: "Enter", bubbles: true, cancelable: true, ...arguments[0] };
    document.querySelector("#body").dispatchEvent(new KeyboardEvent("keydown", enter));
    """
    window.run(enter, key)
    assert (composer_text(window), window.rows()) == ("ni", [])
    window.run(enter, {"keyCode": 13})
    window.until_sent("ni")


def test_the_enter_that_ends_a_composition_does_not_send(window):
    window.find("#body").send_keys("你")
    window.run(
        """
        const enter = { key: "Enter", keyCode: 13, bubbles: true, cancelable: true };
        const field = document.querySelector("#body");
        field.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
        field.dispatchEvent(new KeyboardEvent("keydown", enter));
        """
    )
    assert (composer_text(window), window.rows()) == ("你", [])


def test_shift_and_enter_insert_a_line_break(site, window, path):
    field = window.find("#body")
    field.send_keys("one")
    ActionChains(window.driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(
        Keys.SHIFT
    ).perform()
    field.send_keys("two")
    assert (composer_text(window), window.rows()) == ("one\ntwo", [])
    window.press(Keys.ENTER)
    window.until_sent("one\ntwo")
    assert stored_bodies(site, path) == ["one\ntwo"]


def test_an_empty_message_is_not_sent(window):
    window.press(Keys.ENTER)
    window.say("  ")
    window.click("#send")
    assert window.rows() == []
