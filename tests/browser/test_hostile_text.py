"""Text of people is never run or rendered as HTML, on any page."""

import json

IMAGE = "<img src=x onerror=xss=1>"
BODIES = [
    "<img src=x onerror='window.xss=1'>",
    "<script>window.xss=1</script>",
    "</textarea></template></li><svg onload='window.xss=1'>",
    "{{ 7|add:7 }} &lt;b&gt; javascript:window.xss=1",
]


def assert_harmless(window):
    assert window.run("return window.xss") is None
    strangers = "main img, svg, #room script, #stream script, b > *, h1 > *, option > *"
    assert window.run("return document.querySelectorAll(arguments[0]).length", strangers) == 0
    assert "<img" not in window.run("return document.querySelector('main').innerHTML")


def test_a_message_stays_text(worker, open_window, make_room):
    url = worker.url + make_room()
    author, reader = open_window(url), open_window(url)
    for window in (author, reader):
        window.until_state("connected")
    for body in BODIES:
        author.say(body)
    for window in (author, reader):
        window.until_sent(*BODIES)
        assert_harmless(window)
    reader.driver.refresh()
    reader.until_sent(*BODIES)
    assert_harmless(reader)


def test_a_quote_and_the_quoted_message_stay_text(worker, open_window, make_room):
    url = worker.url + make_room()
    author, reader = open_window(url), open_window(url)
    for window in (author, reader):
        window.until_state("connected")
    author.say(IMAGE)
    reader.until_sent(IMAGE)
    reader.click_actions(IMAGE, "Reply")
    assert reader.text("#compose-quote") == IMAGE
    assert_harmless(reader)
    reader.say("what is this?")
    for window in (author, reader):
        window.until_sent(IMAGE, "what is this?")
        assert window.rows()[1]["quote"] == f"{author.text('#nick')} {IMAGE}"
        assert_harmless(window)
    author.edit_message(IMAGE, BODIES[0])
    reader.until(lambda: reader.rows()[1]["quote"].endswith(BODIES[0]))
    assert_harmless(reader)


def test_a_nickname_stays_text(worker, open_window, make_room):
    url = worker.url + make_room()
    author, reader = open_window(url), open_window(url)
    author.until_state("connected")
    author.click("#change")
    author.fill("#nickname", IMAGE)
    author.click("#rename button")
    author.until(lambda: author.text("#nick") == IMAGE)
    author.say("hello")
    for window in (author, reader):
        window.until_sent("hello")
        assert window.rows()[0]["author"] == IMAGE
        assert_harmless(window)
    author.open(f"{worker.url}/chat/")
    assert f"You are {IMAGE} change" in author.text(".title")
    assert_harmless(author)


def test_a_rooms_name_and_topic_stay_text(worker, open_window, make_room):
    path = make_room(name=f"{IMAGE}</title>", topic=f'">{IMAGE}')
    window = open_window(worker.url + path)
    window.until_state("connected")
    assert window.text("h1") == f"{IMAGE}</title>"
    assert window.text(".topic") == f'">{IMAGE}'
    assert window.driver.title == f"{IMAGE}</title> · Twinstream"
    assert_harmless(window)
    window.open(f"{worker.url}/chat/")
    assert window.text(f"[href='{path}'] strong") == f"{IMAGE}</title>"
    assert_harmless(window)


def test_a_texts_title_and_body_stay_text(worker, open_window, make_text):
    body = "".join(BODIES)
    path = make_text(body, title=f"{IMAGE}</option></select>", event_name="a\"'><img>")
    window = open_window(worker.url + path)
    assert window.text("option[selected]") == f"{IMAGE}</option></select>"
    window.click("#raw summary")
    window.click("#start")
    window.until_state("done")
    assert window.text("#output") == body
    assert {event for _, event, _ in window.raw_events()} == {"meta", "a\"'><img>", "done"}
    assert json.loads(window.raw_events()[0][2])["total"] == len(body)
    assert_harmless(window)
