import pytest
from django.core.exceptions import ValidationError

from streaming.models import MAX_BODY_BYTES, MAX_REVISIONS, Revision, StreamText


def bodies(text):
    return list(text.revisions.values_list("body", flat=True))


def test_a_changed_body_becomes_a_new_revision(text):
    text.body = "new"
    text.save()
    assert bodies(text) == ["new", " 你👨‍👩‍👧‍👦\n"]


def test_an_unchanged_body_makes_no_revision(text):
    text.title = "Other"
    text.save()
    assert len(bodies(text)) == 1


def test_line_ends_become_lf_and_do_not_count_as_a_change(text):
    text.body = "a\r\nb\rc\n"
    text.save()
    assert text.body == "a\nb\nc\n"
    text.body = "a\r\nb\nc\r\n"
    text.save()
    assert bodies(text)[0] == "a\nb\nc\n"
    assert len(bodies(text)) == 2


def test_other_line_separators_are_not_changed(text):
    text.body = "a\u2028b\u0085c"
    text.save()
    assert bodies(text)[0] == "a\u2028b\u0085c"


def test_only_the_newest_twenty_revisions_are_stored(text):
    for number in range(25):
        text.body = str(number)
        text.save()
    assert bodies(text) == [str(number) for number in range(24, 24 - MAX_REVISIONS, -1)]


def test_pruning_does_not_touch_other_texts(text):
    other = StreamText.objects.create(slug="other", title="Other", body="o")
    for number in range(25):
        text.body = str(number)
        text.save()
    assert bodies(other) == ["o"]


def test_a_new_default_text_replaces_the_old_one(text):
    other = StreamText.objects.create(slug="other", title="Other", is_default=True)
    text.refresh_from_db()
    assert other.is_default
    assert not text.is_default


def test_the_id_of_a_revision_is_never_reused(text):
    """Otherwise a cursor of a deleted revision would point into another one."""
    highest = Revision.objects.latest("pk").pk
    StreamText.objects.all().delete()
    again = StreamText.objects.create(slug="again", title="Again")
    assert again.revisions.get().pk > highest


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\0b", "meta", "done", "error", "open", ""])
def test_event_names_that_are_refused(text, name):
    text.event_name = name
    with pytest.raises(ValidationError):
        text.full_clean()


@pytest.mark.parametrize("interval", [0, 10_001])
def test_intervals_out_of_range_are_refused(text, interval):
    text.interval_ms = interval
    with pytest.raises(ValidationError):
        text.full_clean()


def test_a_body_has_at_most_one_megabyte(text):
    text.body = "x" * MAX_BODY_BYTES
    text.full_clean()
    text.body = "x" * (MAX_BODY_BYTES - 2) + "你"
    with pytest.raises(ValidationError, match=r"1,000,001 bytes"):
        text.full_clean()


def test_a_body_with_nul_is_refused(text):
    text.body = "a\0b"
    with pytest.raises(ValidationError):
        text.full_clean()
