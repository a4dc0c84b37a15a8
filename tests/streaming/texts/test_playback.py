import asyncio

import pytest

from realtime import sse
from streaming.models import Revision, StreamText
from streaming.texts import playback
from streaming.texts.playback import NoText, Playback, RunCache
from tests.eventsource import Parser

BODY = [" ", "你", "👨‍👩‍👧‍👦", "\n"]


def find(slug=None, cursor=None, interval_ms=None):
    return playback.find.func(slug, cursor, interval_ms)


@pytest.fixture
def revision(text):
    return text.revisions.get().pk


def test_without_a_name_it_is_the_default(text):
    StreamText.objects.create(slug="other", title="Other", body="o")
    assert find().text == "first"
    assert find("other").text == "other"


def test_no_such_text(text):
    with pytest.raises(NoText):
        find("nowhere")


def test_no_default(db):
    with pytest.raises(NoText):
        find()


def test_a_cursor_continues(text, revision):
    found = find(cursor=f"{revision}:2")
    assert (found.offset, found.restarted, found.finished) == (2, False, False)


def test_a_cursor_pins_its_revision_though_the_text_was_edited(text, revision):
    text.body = "edited"
    text.save()
    assert find(cursor=f"{revision}:2").run.total == len(BODY)
    assert find().run.total == len("edited")


def test_a_cursor_pins_its_text_though_another_became_the_default(text, revision):
    StreamText.objects.create(slug="other", title="Other", body="o", is_default=True)
    assert find(cursor=f"{revision}:2").text == "first"
    assert find().text == "other"


def test_a_cursor_at_the_end_has_everything(text, revision):
    assert find(cursor=f"{revision}:4").finished


@pytest.mark.parametrize("cursor", ["nonsense", "999999:1", "{revision}:5", "1:1:1", "😀"])
def test_a_cursor_that_leads_nowhere_restarts(text, revision, cursor):
    found = find(cursor=cursor.format(revision=revision))
    assert (found.offset, found.restarted, found.finished) == (0, True, False)


def test_a_cursor_of_another_text_restarts(text, revision):
    StreamText.objects.create(slug="other", title="Other", body="ooooo")
    found = find("other", cursor=f"{revision}:2")
    assert (found.text, found.offset, found.restarted) == ("other", 0, True)


def test_a_pruned_revision_restarts(text, revision):
    text.body = "new"
    text.save()
    text.revisions.filter(pk=revision).delete()
    assert find(cursor=f"{revision}:2").restarted


def test_a_revision_that_goes_while_it_is_looked_up_restarts(text, revision, monkeypatch):
    def gone(_):
        monkeypatch.undo()
        raise Revision.DoesNotExist

    monkeypatch.setattr(playback, "_run", gone)
    assert find(cursor=f"{revision}:2").restarted


def test_an_empty_text_is_played_once(db):
    StreamText.objects.create(slug="empty", title="Empty", is_default=True)
    first = find()
    assert not first.finished
    assert find(cursor=f"{first.revision}:0").finished


def test_readers_share_one_run(text):
    assert find().run is find().run


def test_a_new_event_name_is_seen_at_once(text):
    assert b"event: token" not in find().run.blob
    StreamText.objects.update(event_name="token")
    assert b"event: token" in find().run.blob


def test_the_pace_is_the_readers_or_the_texts(text):
    assert find().interval_ms == 1
    assert find(interval_ms=250).interval_ms == 250


def test_the_cache_drops_what_was_used_longest_ago():
    def run():
        return sse.encode(1, ["x"] * 10, "message")

    cache = RunCache(limit=run().size * 2)
    for revision in (1, 2):
        cache.put(revision, "message", run())
    cache.get(1, "message")
    cache.put(3, "message", run())
    assert [bool(cache.get(revision, "message")) for revision in (1, 2, 3)] == [True, False, True]
    assert cache.size <= cache.limit


# ---- Playing, on a clock that only sleeping moves ------------------------------------


class Clock:
    """A clock that stands still, and a sleep that may be late."""

    def __init__(self, late=0.0):
        self.now = 1000.0
        self.late = late
        self.slept = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(round(seconds, 6))
        self.now += seconds + self.late


def play(clock, offset=0, graphemes=BODY, interval_ms=300):
    run = sse.encode(7, graphemes, "message")
    found = Playback("first", 7, run, interval_ms, offset, restarted=False, finished=False)

    async def pieces():
        return [piece async for piece in found.play(clock, clock.sleep)]

    return asyncio.run(pieces())


def test_each_grapheme_when_it_is_due():
    clock = Clock()
    pieces = play(clock)
    assert clock.slept == [0.3, 0.3, 0.3, 0.3]
    assert [len(Parser().feed(piece).events) for piece in pieces] == [1, 1, 1, 2]


def test_done_leaves_with_the_last_grapheme():
    last = Parser().feed(play(Clock())[-1])
    assert last.events == [("7:4", "message", "\n"), ("7:4", "done", '{"total":4}')]


def test_a_late_reader_gets_what_is_due_in_one_piece_and_does_not_fall_behind():
    clock = Clock(late=0.65)
    pieces = play(clock, graphemes=["x"] * 9)
    assert [len(Parser().feed(piece).events) for piece in pieces] == [3, 3, 4]
    assert clock.now - 1000 < 9 * 0.3 + 0.65


def test_a_resumed_reader_gets_the_rest():
    events = Parser().feed(b"".join(play(Clock(), offset=3))).events
    assert [id for id, _, _ in events] == ["7:4", "7:4"]


def test_an_empty_text_is_done_at_once():
    found = Playback("first", 7, sse.encode(7, [], "message"), 300, 0, False, False)
    names = [name for _, name, _ in Parser().feed(found.opening()).events]
    assert names == ["meta", "done"]
    clock = Clock()
    assert play(clock, graphemes=[]) == []
    assert clock.slept == []


def test_the_opening_says_what_follows():
    found = Playback("first", 7, sse.encode(7, BODY, "message"), 300, 2, False, False)
    assert [name for _, name, _ in Parser().feed(found.opening()).events] == ["meta"]
