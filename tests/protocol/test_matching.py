import json

import pytest

from tests.protocol.cursors import Cursors
from tests.protocol.matching import text_differences

SHOWN = {
    "type": "events",
    "room": "lobby",
    "events": [
        {"seq": 1, "author": {"key": "g-…"}, "at": "2026-02-03T10:15:00.000Z", "body": "hello"}
    ],
}
CAME = json.dumps(SHOWN).replace("g-\\u2026", "g-0123").replace("10:15:00.000", "23:59:59.999")


def test_equal_frames_match_although_variable_values_differ():
    assert text_differences(json.dumps(SHOWN), CAME) == []


@pytest.mark.parametrize(
    ("change", "into", "where"),
    [
        ('"room": "lobby"', '"room": "lobby", "cursor": "x"', ".cursor came"),
        ('"room": "lobby", ', "", ".room is shown"),
        ('"room": "lobby"', '"room": "attic"', ".room is shown as 'lobby'"),
        ('"seq": 1', '"seq": 2', ".events[0].seq"),
        ('"seq": 1', '"seq": "1"', ".events[0].seq"),
        ('"seq": 1', '"seq": true', ".events[0].seq"),
        ("g-0123", "u-1", ".events[0].author.key"),
        (".999Z", "Z", ".events[0].at"),
        ('"body": "hello"', '"body": "hello"}, {"body": "hello"', ".events is shown"),
    ],
)
def test_each_difference_is_named_with_its_place(change, into, where):
    assert change in CAME
    assert where in " ".join(text_differences(json.dumps(SHOWN), CAME.replace(change, into)))


def test_the_time_of_a_ping_may_be_any_number_and_a_pong_must_repeat_it():
    assert text_differences('{"type":"ping","ts":1}', '{"type":"ping","ts":2}') == []
    assert text_differences('{"type":"pong","ts":1}', '{"type":"pong","ts":2}')
    assert text_differences('{"type":"ping","ts":1}', '{"type":"ping","ts":"2"}')


def test_an_ellipsis_in_a_line_matches_any_text():
    assert text_differences("Ann: hello", "Ann: hello") == []
    assert text_differences("! The next may come in … s.", "! The next may come in 0.1 s.") == []
    assert text_differences("Ann: hello", "Ann: hello!")
    assert text_differences("guest-…: x", "guest-: x")


def test_a_shown_cursor_stands_for_one_cursor_of_the_worker():
    cursors = Cursors()
    cursors.learn("id: e5:1:aaaaaaaaaaaa, e5:2:bbbbbbbbbbbb", "id: e5:1:111111111111")
    cursors.learn("e5:1:aaaaaaaaaaaa", "e5:1:222222222222")
    assert (
        cursors.with_real("?cursor=e5:1:aaaaaaaaaaaa&wait=1") == "?cursor=e5:1:111111111111&wait=1"
    )
    assert cursors.with_real("e5:2:bbbbbbbbbbbb") == "e5:2:bbbbbbbbbbbb"
