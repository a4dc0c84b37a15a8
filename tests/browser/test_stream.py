import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from statistics import median
from threading import Thread

import pytest
from selenium.webdriver import Keys

from config.management.commands.demo import BODY
from realtime import graphemes
from streaming.models import Revision, StreamText
from tests.browser.window import OUTAGE

CLOSED = 2
NUMBERS = " ".join(f"{number:02}👨‍👩‍👧‍👦" for number in range(25))  # 25 × 4 - 1 graphemes
SLOW_MS, FAST_MS = 300, 5
OTHER_PAGE = """<!doctype html>
<meta charset="utf-8"><link rel="icon" href="data:,"><title>Elsewhere</title><p></p>
<script>
  window.moments = [performance.now()];
  const shown = document.querySelector("p");
  const events = new EventSource("http://localhost:%d/api/sse");
  events.addEventListener("token", (event) => {
    shown.textContent += event.data;
    moments.push(performance.now());
  });
  events.addEventListener("done", () => events.close());
</script>
"""


def shown_length(window):
    """The number of shown characters, from the counter."""
    return int(window.text("#count").split(" / ")[0].strip() or 0)


def press_synthetic_enter(window, **fields):
    """Dispatches a key event of an input method. Selenium cannot press such a key."""
    fields = {"key": "Enter", "bubbles": True, "cancelable": True, **fields}
    script = "document.body.dispatchEvent(new KeyboardEvent('keydown', arguments[0]))"
    window.run(script, fields)


# ---- A complete text ----


def test_the_text_is_shown_exactly_and_the_source_is_closed(site, worker, open_window, make_text):
    path = make_text(BODY)
    revision = site.query(lambda: Revision.objects.latest("pk"))
    body, total = revision.body, graphemes.count(revision.body)
    window = open_window(worker.url + path)
    window.click("#raw summary")
    window.click("#start")
    window.until_state("done")

    assert window.text("#output") == body == BODY
    assert window.text("#count") == f"{total} / {total} · 100%"
    assert window.run("return document.querySelector('#progress').position") == 1
    assert window.text("#status") == "The text is complete."
    # The page closes the EventSource. If the server ended it, it would have an error and reconnect.
    assert (window.sources(), window.run("return errorCount")) == ([CLOSED], 0)
    raw_events = window.raw_events()
    mark = raw_events[-1][0].split(":")[2]
    assert raw_events[-1] == [f"{revision.pk}:{total}:{mark}", "done", f'{{"total":{total}}}']
    newest = range(total + 2 - len(raw_events), total + 1)
    ids = [id for id, _, _ in raw_events[:-1]]
    assert ids == [f"{revision.pk}:{offset}:{mark}" for offset in newest]


def test_the_raw_events_show_each_event_as_it_was_sent(worker, open_window, make_text):
    window = open_window(worker.url + make_text(" e\u0301\n🇨🇳", event_name="token"))
    window.click("#start")
    window.until_state("done")
    window.click("#raw summary")  # also shows events that came while it was closed
    window.until(window.raw_events)
    ids, events, data = zip(*window.raw_events(), strict=True)
    assert [id.split(":")[1] for id in ids] == ["0", "1", "2", "3", "4", "4"]
    assert events == ("meta", "token", "token", "token", "token", "done")
    assert data[1:-1] == (" ", "e\u0301", "\\n", "🇨🇳")


def test_a_second_start_streams_from_the_beginning_with_the_chosen_pace(
    worker, open_window, make_text
):
    window = open_window(worker.url + make_text("once"))
    window.click("#raw summary")
    for pace, interval_ms in [("", 5), ("20", 20)]:
        window.choose("#pace", pace)
        window.click("#start")
        window.until_state("done")
        assert window.text("#output") == "once"
        assert json.loads(window.raw_events()[0][2])["interval_ms"] == interval_ms
    assert window.sources() == [CLOSED, CLOSED]


def test_a_stopped_text_resumes_where_it_stopped(worker, open_window, make_text):
    other = make_text("another text").split("=")[1]
    window = open_window(worker.url + make_text(NUMBERS, interval_ms=SLOW_MS))
    window.click("#raw summary")
    window.click("#resume")
    assert window.state() == "idle"  # there is nothing to resume yet
    window.click("#start")
    window.until(lambda: shown_length(window) >= 3)
    window.click("#stop")
    stopped_at = shown_length(window)

    window.choose("#pace", "20")
    window.choose("#text", other)  # for the next start
    window.click("#resume")
    window.until_state("done")
    assert window.text("#output") == NUMBERS
    metas = [json.loads(data) for _, event, data in window.raw_events() if event == "meta"]
    assert [(meta["offset"], meta["interval_ms"]) for meta in metas] == [
        (0, SLOW_MS),
        (stopped_at, 20),
    ]
    offsets = [int(id.split(":")[1]) for id, event, _ in window.raw_events() if event == "message"]
    assert offsets == list(range(1, 100))

    window.click("#start")
    window.until(lambda: window.text("#output") == "another text")


# ---- Keys ----


def test_enter_starts_and_escape_stops(worker, open_window, make_text):
    window = open_window(worker.url + make_text(NUMBERS, interval_ms=SLOW_MS))
    assert window.state() == "idle"
    window.press(Keys.ENTER)
    window.until(lambda: shown_length(window) >= 2)
    assert window.state() == "streaming"
    window.press(Keys.ENTER)  # does not start the running text again
    window.until(lambda: shown_length(window) >= 4)
    assert len(window.sources()) == 1

    window.press(Keys.ESCAPE)
    assert window.state() == "stopped"
    assert window.sources() == [CLOSED]
    assert NUMBERS.startswith(window.text("#output"))
    assert window.text("#status") == f"Stopped after {shown_length(window)} of 99 characters."


@pytest.mark.parametrize("key", [{"isComposing": True}, {"keyCode": 229}], ids=str)
def test_the_enter_of_an_input_method_does_not_start(worker, open_window, make_text, key):
    window = open_window(worker.url + make_text(NUMBERS, interval_ms=SLOW_MS))
    press_synthetic_enter(window, **key)
    assert window.state() == "idle"
    press_synthetic_enter(window, keyCode=13)
    assert window.state() != "idle"


def test_the_enter_that_ends_a_composition_does_not_start(worker, open_window, make_text):
    window = open_window(worker.url + make_text(NUMBERS, interval_ms=SLOW_MS))
    window.run(
        """
        document.body.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
        const enter = { key: "Enter", keyCode: 13, bubbles: true };
        document.body.dispatchEvent(new KeyboardEvent("keydown", enter));
        """
    )
    assert window.state() == "idle"


# ---- Lost connections ----


def interrupt(site, worker, window, change_fields):
    """Kills the worker in the middle of a text and starts it again. Returns the first part."""
    window.click("#raw summary")
    window.click("#start")
    window.until(lambda: shown_length(window) >= 5)
    worker.kill()
    window.until_state("reconnecting")
    before = window.text("#output")
    change(site, **change_fields)
    worker.start()
    window.until_state("done")
    return before


def change(site, **fields):
    """Creates or changes the default text."""
    fields = {"interval_ms": FAST_MS, **fields}
    site.query(lambda: StreamText.objects.update_or_create(slug="default", defaults=fields))


@pytest.mark.parametrize("settings", [{"development": True}, {"redis": True}], ids=str)
def test_a_stream_resumes_where_it_was_interrupted(make_site, open_window, settings):
    site = make_site(**settings)
    change(site, body=NUMBERS, interval_ms=SLOW_MS)
    worker = site.worker()
    window = open_window(f"{worker.url}/stream/", expected=OUTAGE)
    before = interrupt(site, worker, window, change_fields={})

    assert window.text("#output") == NUMBERS
    assert NUMBERS.startswith(before)
    metas = [json.loads(data) for _, event, data in window.raw_events() if event == "meta"]
    assert len(metas) >= 2
    assert 5 <= metas[-1]["offset"] < 99
    assert not any(meta["restarted"] for meta in metas)
    offsets = [int(id.split(":")[1]) for id, event, _ in window.raw_events() if event == "message"]
    assert offsets == list(range(1, 100))


def test_a_text_edited_during_a_stream_ends_with_its_old_body(make_site, open_window):
    site = make_site()
    change(site, body=NUMBERS, interval_ms=SLOW_MS)
    worker = site.worker()
    window = open_window(f"{worker.url}/stream/", expected=OUTAGE)
    interrupt(site, worker, window, change_fields={"body": "something else"})
    assert window.text("#output") == NUMBERS

    window.click("#start")
    window.until(lambda: window.text("#output") == "something else")
    window.until_state("done")


# ---- A page on another port ----


@pytest.fixture
def other_port(tmp_path):
    """Serves a folder on another port of localhost. Yields its URL and the folder."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    handler = partial(QuietHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://localhost:{server.server_port}/", folder
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_a_page_on_another_port_receives_one_character_after_another(
    make_site, open_window, other_port
):
    body = ["一", "二", " ", "t", "o", "👨‍👩‍👧‍👦", "e\u0301", "!"]
    site = make_site(development=True)
    change(site, body="".join(body), event_name="token", interval_ms=SLOW_MS)
    worker = site.worker()
    url, folder = other_port
    (folder / "index.html").write_text(OTHER_PAGE % worker.port)
    window = open_window(url)
    seen = []

    def complete():
        seen.append(window.text("p"))
        return seen[-1] == "".join(body)

    window.until(complete)
    assert set(seen) <= {"".join(body[:length]) for length in range(len(body) + 1)}
    assert len(set(seen)) > 3
    moments = window.run("return moments")
    assert moments[-1] - moments[0] >= len(body) * SLOW_MS
    gaps = [later - earlier for earlier, later in pairwise(moments[1:])]
    # On a busy machine some gaps are long and the next ones short; the median is not affected.
    assert SLOW_MS / 2 < median(gaps) < SLOW_MS * 2
