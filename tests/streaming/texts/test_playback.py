import pytest

from realtime import sse
from streaming.models import Revision, StreamText
from streaming.texts import playback
from streaming.texts.playback import EventCache, NoText, Playback
from tests.clients.sse import Parser

BODY = [" ", "你", "👨‍👩‍👧‍👦", "\n"]


def find(slug=None, cursor=None, interval_ms=None):
    return playback.find.func(slug, cursor, interval_ms)


@pytest.fixture
def revision(text):
    return text.revisions.get().pk


def test_without_a_slug_the_default_text_is_found(text):
    StreamText.objects.create(slug="other", title="Other", body="o")
    assert find().text == "first"
    assert find("other").text == "other"


def test_an_unknown_slug_is_no_text(text):
    with pytest.raises(NoText):
        find("nowhere")


def test_without_a_default_there_is_no_text(db):
    with pytest.raises(NoText):
        find()


def test_a_cursor_sets_the_offset(text, revision):
    found = find(cursor=f"{revision}:2")
    assert (found.offset, found.restarted, found.finished) == (2, False, False)


def test_a_cursor_pins_its_revision_though_the_text_was_edited(text, revision):
    text.body = "edited"
    text.save()
    assert find(cursor=f"{revision}:2").events.total == len(BODY)
    assert find().events.total == len("edited")


def test_a_cursor_pins_its_text_though_another_became_the_default(text, revision):
    StreamText.objects.create(slug="other", title="Other", body="o", is_default=True)
    assert find(cursor=f"{revision}:2").text == "first"
    assert find().text == "other"


def test_a_cursor_at_the_end_is_finished(text, revision):
    assert find(cursor=f"{revision}:4").finished


@pytest.mark.parametrize("cursor", ["nonsense", "999999:1", "{revision}:5", "1:1:1", "😀"])
def test_a_cursor_that_cannot_be_used_restarts(text, revision, cursor):
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


def test_a_revision_that_is_deleted_during_the_search_restarts(text, revision, monkeypatch):
    def gone(_):
        monkeypatch.undo()
        raise Revision.DoesNotExist

    monkeypatch.setattr(playback, "_events_of", gone)
    assert find(cursor=f"{revision}:2").restarted


def test_an_empty_text_is_finished_at_its_first_cursor(db):
    StreamText.objects.create(slug="empty", title="Empty", is_default=True)
    first = find()
    assert not first.finished
    assert find(cursor=f"{first.revision}:0").finished


def test_readers_share_the_encoded_events(text):
    assert find().events is find().events


def test_a_new_event_name_applies_at_once(text):
    assert b"event: token" not in find().events.blob
    StreamText.objects.update(event_name="token")
    assert b"event: token" in find().events.blob


def test_the_interval_of_the_reader_replaces_the_texts(text):
    assert find().interval_ms == 1
    assert find(interval_ms=250).interval_ms == 250


def test_the_cache_drops_the_revision_used_longest_ago():
    def events():
        return sse.encode(1, ["x"] * 10, "message")

    cache = EventCache(limit=events().size * 2)
    for revision in (1, 2):
        cache.put(revision, "message", events())
    cache.get(1, "message")
    cache.put(3, "message", events())
    assert [bool(cache.get(revision, "message")) for revision in (1, 2, 3)] == [True, False, True]
    assert cache.size <= cache.limit


def test_the_opening_is_the_event_meta():
    found = Playback("first", 7, sse.encode(7, BODY, "message"), 300, 2, False, False)
    assert [name for _, name, _ in Parser().feed(found.opening()).events] == ["meta"]
