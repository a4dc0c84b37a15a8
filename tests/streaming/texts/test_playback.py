import pytest
from django.utils import timezone

from realtime import sse
from streaming.models import Revision, StreamText
from streaming.texts import playback
from streaming.texts.playback import EncodedRevision, EventCache, NoText, Playback
from tests.clients.sse import Parser
from tests.streaming.cursors import cursor_of

BODY = [" ", "你", "👨‍👩‍👧‍👦", "\n"]


def find(slug=None, cursor=None, interval_ms=None):
    return playback.find.func(slug, cursor, interval_ms)


@pytest.fixture
def revision(text):
    return text.revisions.get()


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
    found = find(cursor=cursor_of(revision, 2))
    assert (found.offset, found.restarted, found.finished) == (2, False, False)


def test_a_cursor_pins_its_revision_though_the_text_was_edited(text, revision):
    text.body = "edited"
    text.save()
    assert find(cursor=cursor_of(revision, 2)).events.total == len(BODY)
    assert find().events.total == len("edited")


def test_a_cursor_pins_its_text_though_another_became_the_default(text, revision):
    StreamText.objects.create(slug="other", title="Other", body="o", is_default=True)
    assert find(cursor=cursor_of(revision, 2)).text == "first"
    assert find().text == "other"


def test_a_cursor_at_the_end_is_finished(text, revision):
    assert find(cursor=cursor_of(revision, 4)).finished


@pytest.mark.parametrize(
    "cursor",
    [
        *("nonsense", "999999:1", "{number}:1", "{number}:5:{mark}", "{number}:1:AAAAAAAAAAA"),
        *("{number}:4:AAAAAAAAAAA", "{number}:1:{mark}A", "999999:1:{mark}", "1:1:1:1", "😀"),
    ],
)
def test_a_cursor_that_cannot_be_used_restarts(text, revision, cursor):
    mark = cursor_of(revision, 0).split(":")[2]
    found = find(cursor=cursor.format(number=revision.pk, mark=mark))
    assert (found.offset, found.restarted, found.finished) == (0, True, False)


def test_an_old_wording_cannot_be_read_with_a_guessed_cursor(text, revision):
    """The mark of the newest revision, which everybody may read, does not fit the old one."""
    text.body = "edited"
    text.save()
    mark = find().mark
    assert find(cursor=f"{revision.pk}:0:{mark}").restarted
    assert find(cursor=cursor_of(revision, 0)).restarted is False


def test_a_cursor_does_not_continue_another_body_under_the_same_number(text, revision):
    """A backup was restored, and then another revision got the number."""
    cursor = cursor_of(revision, 2)
    assert find(cursor=cursor).events.total == len(BODY)
    number = revision.pk
    revision.delete()
    text.revisions.create(pk=number, body="another body")
    found = find(cursor=cursor)
    assert (found.revision, found.offset, found.restarted) == (number, 0, True)
    assert found.events.total == len("another body")


def test_a_cursor_of_a_text_that_got_another_slug_restarts(text, revision):
    cursor = cursor_of(revision, 2)
    assert find(cursor=cursor).restarted is False
    StreamText.objects.update(slug="renamed")
    assert find(cursor=cursor).restarted


def test_a_cursor_of_a_former_secret_key_continues_with_a_new_mark(text, revision, settings):
    cursor = cursor_of(revision, 2)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    found = find(cursor=cursor)
    assert (found.offset, found.restarted) == (2, False)
    assert found.mark != cursor.split(":")[2]


def test_a_cursor_of_another_text_restarts(text, revision):
    StreamText.objects.create(slug="other", title="Other", body="ooooo")
    found = find("other", cursor=cursor_of(revision, 2))
    assert (found.text, found.offset, found.restarted) == ("other", 0, True)


def test_a_pruned_revision_restarts(text, revision):
    text.body = "new"
    text.save()
    cursor = cursor_of(revision, 2)
    text.revisions.filter(pk=revision.pk).delete()
    assert find(cursor=cursor).restarted


def test_a_revision_that_is_deleted_during_the_search_restarts(text, revision, monkeypatch):
    def gone(_):
        monkeypatch.undo()
        raise Revision.DoesNotExist

    cursor = cursor_of(revision, 2)
    monkeypatch.setattr(playback, "_encode", gone)
    assert find(cursor=cursor).restarted


def test_an_empty_text_is_finished_at_its_first_cursor(db):
    StreamText.objects.create(slug="empty", title="Empty", is_default=True)
    first = find()
    assert not first.finished
    assert find(cursor=f"{first.revision}:0:{first.mark}").finished


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
    def encoded():
        return EncodedRevision(sse.encode(1, "mark", ["x"] * 10, "message"), ("mark",))

    cache, now = EventCache(limit=encoded().events.size * 2), timezone.now()
    one, two, three = [(revision, now, "first", "message") for revision in (1, 2, 3)]
    for key in (one, two):
        cache.put(key, encoded())
    cache.get(one)
    cache.put(three, encoded())
    assert [bool(cache.get(key)) for key in (one, two, three)] == [True, False, True]
    assert cache.size <= cache.limit


def test_the_opening_is_the_event_meta():
    found = Playback(
        "first", 7, "mark", sse.encode(7, "mark", BODY, "message"), 300, 2, False, False
    )
    assert [name for _, name, _ in Parser().feed(found.opening()).events] == ["meta"]
