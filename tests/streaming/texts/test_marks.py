import pytest

from streaming.texts import marks


def mark(slug="first", revision=7, body="你好"):
    return marks.valid_marks(slug, revision, body)[0]


def test_a_mark_has_64_bits_in_characters_that_a_url_may_have():
    assert len(mark()) == 11
    assert mark().replace("-", "").replace("_", "").isalnum()


def test_the_same_revision_always_has_the_same_mark():
    assert mark() == mark()


@pytest.mark.parametrize(
    "other", [{"slug": "second"}, {"revision": 8}, {"body": "你好!"}, {"body": ""}]
)
def test_another_slug_revision_or_body_has_another_mark(other):
    assert mark(**other) != mark()


def test_another_secret_key_has_another_mark(settings):
    before = mark()
    settings.SECRET_KEY = "another"
    assert mark() != before


def test_marks_of_former_secret_keys_are_valid(settings):
    before = mark()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    valid = marks.valid_marks("first", 7, "你好")
    assert valid == (mark(), before)
    assert marks.is_valid(before, valid)
    assert not marks.is_valid(before[:-1], valid)
