"""The list of people in a room, and the line that says who is typing."""

from selenium.webdriver import Keys

from tests.browser.window import OUTAGE

LOBBY = "/chat/lobby/"


def typing(window):
    return window.text("#typing")


def watch_typing(window):
    """Records the texts of the line from now on: a text stays for five seconds only, and a slow
    test could miss it."""
    window.run(
        "const line = document.querySelector('#typing'); window.typingTexts = [];"
        "new MutationObserver(() => window.typingTexts.push(line.textContent))"
        ".observe(line, { childList: true, characterData: true, subtree: true })"
    )


def typing_texts(window):
    return window.run("return window.typingTexts")


def online(window):
    """The text with the number of people online."""
    return window.run("return document.querySelector('#online summary').textContent")


def names(window):
    """Opens the list of people online and returns its texts."""
    window.run("document.querySelector('#online').open = true")
    script = (
        "return Array.from(document.querySelectorAll('#online li'), (item) => item.textContent)"
    )
    window.until(lambda: window.run(script))
    return window.run(script)


def rename(window, name):
    window.click("#change")
    window.fill("#nickname", name)
    window.click("#rename button")
    window.until(lambda: window.text("#nick") == name)
    window.until_state("connected")


def test_a_person_is_shown_as_typing_until_the_message_comes(two):
    ann, bob = two
    rename(ann, "Ann")
    watch_typing(bob)
    ann.find("#body").send_keys("he")
    bob.until(lambda: "Ann is typing…" in typing_texts(bob))
    assert typing(ann) == ""
    ann.press("llo", Keys.ENTER)
    bob.until_sent("hello")
    assert typing(bob) == ""


def test_typing_disappears_when_it_stops_and_the_page_does_not_move(two):
    ann, bob = two
    top = "return document.querySelector('#composer').getBoundingClientRect().top"
    before = bob.run(top)
    watch_typing(bob)
    ann.find("#body").send_keys("never mind")
    bob.until(lambda: any(words.endswith(" is typing…") for words in typing_texts(bob)))
    assert bob.run(top) == before
    bob.until(lambda: typing(bob) == "")


def test_a_name_with_markup_stays_text_when_it_is_typing_or_online(two):
    ann, bob = two
    name = "<img src=x onerror=xss=1>"
    rename(ann, name)
    watch_typing(bob)
    ann.find("#body").send_keys("x")
    bob.until(lambda: f"{name} is typing…" in typing_texts(bob))
    bob.until(lambda: f"{name} guest" in names(bob))
    assert bob.run("return document.querySelectorAll('main img').length") == 0
    assert bob.run("return window.xss") is None


def test_the_number_and_the_list_of_people_online_follow_joins_and_leaves(
    two, open_window, worker, boss
):
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


def test_a_person_with_two_tabs_is_counted_once(two, open_window):
    ann, bob = two
    here = ann.driver.current_url
    first = bob.open_tab(here)
    bob.until_state("connected")
    ann.until(lambda: online(ann) == "2 online")
    bob.driver.close()
    bob.switch_to(first)
    # The server reports this window after the closed tab, and Bob is still one of the three.
    carol = open_window(here)
    ann.until(lambda: carol.text("#nick") in " ".join(names(ann)))
    assert online(ann) == "3 online"
    assert bob.text("#nick") in " ".join(names(ann))


def test_the_people_online_are_unknown_while_the_page_is_disconnected(make_site, open_window):
    worker = make_site().worker()
    window = open_window(worker.url + LOBBY, expected=OUTAGE)
    window.until(lambda: online(window) == "1 online")
    known = "return !document.querySelector('#online').matches('.unknown')"
    assert window.run(known)
    worker.kill()
    window.until(lambda: not window.run(known))
    worker.start()
    window.until(lambda: window.run(known))


def test_a_notice_says_that_a_name_was_taken_by_another_person(worker, two):
    ann, bob = two
    room = ann.run("return location.href")
    rename(ann, "Zoë")
    ann.open(f"{worker.url}/login/")
    bob.until(lambda: online(bob) == "1 online")
    rename(bob, "Zoë")
    ann.open(room)
    ann.until_state("connected")
    ann.until(lambda: "The name Zoë is taken." in ann.text("#notice"))
    ann.until(lambda: ann.find("#notice").is_displayed())
    assert ann.text("#nick").startswith("guest-")
