"""Who is in a room, and who is typing there."""

from selenium.webdriver import Keys

from tests.browser.window import OUTAGE

LOBBY = "/chat/lobby/"


def typing(window):
    return window.text("#typing")


def watch_typing(window):
    """Keeps what the line says from now on: it says it for five seconds, which a busy machine can
    miss."""
    window.run(
        "const line = document.querySelector('#typing'); window.said = [];"
        "new MutationObserver(() => window.said.push(line.textContent))"
        ".observe(line, { childList: true, characterData: true, subtree: true })"
    )


def said(window):
    return window.run("return window.said")


def online(window):
    """How many are said to be online."""
    return window.run("return document.querySelector('#online summary').textContent")


def names(window):
    """The list of those online, opened for it."""
    window.run("document.querySelector('#online').open = true")
    script = (
        "return Array.from(document.querySelectorAll('#online li'), (item) => item.textContent)"
    )
    window.until(lambda: window.run(script))
    return window.run(script)


def call(window, name):
    window.click("#change")
    window.fill("#nickname", name)
    window.click("#rename button")
    window.until(lambda: window.text("#nick") == name)
    window.until_state("connected")


def test_who_is_typing_is_shown_until_the_message_comes(two):
    ann, bob = two
    call(ann, "Ann")
    watch_typing(bob)
    ann.find("#body").send_keys("he")
    bob.until(lambda: "Ann is typing…" in said(bob))
    assert typing(ann) == ""
    ann.press("llo", Keys.ENTER)
    bob.until_sent("hello")
    assert typing(bob) == ""


def test_who_stops_typing_is_forgotten_and_nothing_moves(two):
    ann, bob = two
    top = "return document.querySelector('#composer').getBoundingClientRect().top"
    before = bob.run(top)
    watch_typing(bob)
    ann.find("#body").send_keys("never mind")
    bob.until(lambda: any(words.endswith(" is typing…") for words in said(bob)))
    assert bob.run(top) == before
    bob.until(lambda: typing(bob) == "")


def test_a_hostile_name_that_types_or_is_online_stays_text(two):
    ann, bob = two
    name = "<img src=x onerror=xss=1>"
    call(ann, name)
    watch_typing(bob)
    ann.find("#body").send_keys("x")
    bob.until(lambda: f"{name} is typing…" in said(bob))
    bob.until(lambda: f"{name} guest" in names(bob))
    assert bob.run("return document.querySelectorAll('main img').length") == 0
    assert bob.run("return window.xss") is None


def test_who_comes_and_goes_is_counted_and_named(two, open_window, worker, boss):
    ann, bob = two
    for window in two:
        window.until(lambda window=window: online(window) == "2 online")
    assert names(ann) == [f"{ann.text('#nick')} you, guest", f"{bob.text('#nick')} guest"]
    bob.open(f"{worker.url}/login/")
    ann.until(lambda: online(ann) == "1 online")
    bob.driver.back()
    ann.until(lambda: online(ann) == "2 online")
    bob.until_state("connected")
    bob.log_in(worker.url, *boss)
    bob.open(ann.driver.current_url)
    ann.until(lambda: names(ann)[1:] == [boss[0]])
    assert online(ann) == "2 online"


def test_a_person_with_two_tabs_is_there_once(two, open_window):
    ann, bob = two
    here = ann.driver.current_url
    first = bob.open_tab(here)
    bob.until_state("connected")
    ann.until(lambda: online(ann) == "2 online")
    bob.driver.close()
    bob.switch_to(first)
    # Told of after the tab that went: Bob is still counted among the three.
    carol = open_window(here)
    ann.until(lambda: carol.text("#nick") in " ".join(names(ann)))
    assert online(ann) == "3 online"
    assert bob.text("#nick") in " ".join(names(ann))


def test_who_is_there_is_not_claimed_while_the_line_is_down(make_site, open_window):
    worker = make_site().worker()
    window = open_window(worker.url + LOBBY, expected=OUTAGE)
    window.until(lambda: online(window) == "1 online")
    known = "return !document.querySelector('#online').matches('.unknown')"
    assert window.run(known)
    worker.kill()
    window.until(lambda: not window.run(known))
    worker.start()
    window.until(lambda: window.run(known))


def test_who_has_lost_a_name_is_told(worker, two):
    ann, bob = two
    room = ann.run("return location.href")
    call(ann, "Zoë")
    ann.open(f"{worker.url}/login/")
    bob.until(lambda: online(bob) == "1 online")
    call(bob, "Zoë")
    ann.open(room)
    ann.until_state("connected")
    ann.until(lambda: "The name Zoë is taken." in ann.text("#notice"))
    ann.until(lambda: ann.find("#notice").is_displayed())
    assert ann.text("#nick").startswith("guest-")
