import pytest
from selenium.webdriver import Keys

PAGES = ["/", "/stream/", "/chat/", "/chat/lobby/", "/login/", "/nowhere/"]
WIDTHS = [360, 1280]
PHONE = {"width": 390, "height": 800, "deviceScaleFactor": 2, "mobile": True}
# A headless Chromium has no mouse by default. 2 means "can hover", 4 means "fine pointer".
MOUSE = "--blink-settings=primaryHoverType=2,primaryPointerType=4"
FOCUS = """
const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
return [outlineStyle, parseFloat(outlineWidth)];
"""


def set_width(window, width):
    # A window of Chromium cannot be narrower than 500 px.
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    window.cdp("Emulation.setDeviceMetricsOverride", **metrics)


def count(window, selector):
    return window.run("return document.querySelectorAll(arguments[0]).length", selector)


def overhang(window):
    """The number of pixels by which the page is wider than the window."""
    return window.run(
        "const { scrollWidth } = document.documentElement; return scrollWidth - innerWidth"
    )


def focused(window):
    return window.run("return document.activeElement.id")


def tab_to(window, id):
    """Presses Tab until the element has the focus. Each element on the way must show its focus."""
    stops = []
    while focused(window) != id:
        assert len(stops) < 30, stops
        window.press(Keys.TAB)
        style, width = window.run(FOCUS)
        assert style != "none"
        assert width >= 1
        stops.append(focused(window))
    return stops


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_inline_code_and_fits_a_phone(worker, open_window, path):
    expected = ["/nowhere/ - Failed to load resource"] if path == "/nowhere/" else []
    window = open_window(worker.url + path, expected)
    for width in WIDTHS:
        set_width(window, width)
        assert window.run("return innerWidth") == width
        assert overhang(window) <= 0
    assert window.driver.title
    assert window.run("return document.documentElement.lang") == "en"
    assert count(window, "h1") == 1
    assert count(window, "script:not([src])") == 0
    assert count(window, "[style]") == 0
    handlers = (
        "return Array.from(document.querySelectorAll('*'), (e) => e.getAttributeNames()).flat()"
    )
    assert not [name for name in window.run(handlers) if name.startswith("on")]


def test_long_words_do_not_widen_a_phone(worker, open_window, make_room, make_text):
    word = "Donaudampfschifffahrt" * 9
    window = open_window(worker.url + make_room(name=word[:80], topic=word))
    window.until_state("connected")
    set_width(window, 360)
    window.say(word * 3)
    window.until_sent(word * 3)
    assert overhang(window) <= 0
    window.open(f"{worker.url}/chat/")
    assert overhang(window) <= 0

    window.open(worker.url + make_text(word, title=word))
    window.click("#raw summary")
    window.click("#start")
    window.until_state("done")
    assert overhang(window) <= 0


def test_keys_are_mentioned_only_on_devices_with_a_keyboard(worker, open_window):
    window = open_window(f"{worker.url}/stream/", extra_arguments=[MOUSE])
    hint = "getComputedStyle(document.querySelector('#output'), '::before').content"
    assert "Press Enter" in window.run(f"return {hint}")
    assert window.find("#start kbd").is_displayed()
    window.cdp("Emulation.setTouchEmulationEnabled", enabled=True)
    window.cdp("Emulation.setDeviceMetricsOverride", **PHONE)
    window.until(lambda: "Tap Start" in window.run(f"return {hint}"))
    assert not window.find("#start kbd").is_displayed()


def test_a_text_is_started_and_stopped_by_keyboard(worker, open_window, make_text):
    window = open_window(worker.url + make_text("slow", interval_ms=10_000))
    stops = tab_to(window, "start")
    assert stops[-3:] == ["text", "pace", "start"]
    window.press(Keys.SPACE)
    window.until_state("streaming")
    assert tab_to(window, "stop") == ["stop"]
    window.press(Keys.ENTER)
    assert window.state() == "stopped"


def test_a_message_is_sent_by_keyboard_after_a_reload(worker, open_window, make_room):
    window = open_window(worker.url + make_room())
    window.driver.refresh()
    window.until_state("connected")
    window.run("document.activeElement.blur()")
    tab_to(window, "body")
    window.press("by key", Keys.ENTER)
    window.until_sent("by key")
    assert focused(window) == "body"
    window.press("again", Keys.TAB)
    style, width = window.run(FOCUS)
    assert (focused(window), style != "none", width >= 1) == ("send", True, True)
    window.press(Keys.SPACE)
    window.until_sent("by key", "again")
