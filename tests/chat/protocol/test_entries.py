import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from chat.protocol import entries
from realtime.log.cursor import Cursor

AT = datetime(2026, 11, 23, 8, 5, 1, 250_999, tzinfo=timezone(timedelta(hours=8)))


def entry(seq=1, kind="say", **fields):
    given = {"author_key": "g-1", "author_name": "Ann", "at": AT, "cid": f"c{seq}", "body": "b"}
    return entries.encode(seq=seq, kind=kind, **given | fields)


def test_encode_returns_an_entry_as_every_transport_sends_it():
    assert entry(body='你\n"') == (
        '{"seq":1,"kind":"say","author":{"key":"g-1","name":"Ann"},'
        '"at":"2026-11-23T00:05:01.250Z","cid":"c1","body":"你\\n\\""}'
    )


def test_encode_adds_the_optional_fields_that_have_a_value():
    encoded = entry(reply_to=7, edited_at=datetime(2026, 1, 2, tzinfo=UTC), deleted=True)
    assert encoded.endswith(
        '"body":"b","reply_to":7,"edited_at":"2026-01-02T00:00:00.000Z","deleted":true}'
    )


def test_change_of_is_none_for_a_message_whatever_its_body_is():
    assert entries.change_of(entry(body='"ref":1')) is None
    assert entries.change_of(entry(seq=2, kind="delete", body="", ref=1))["ref"] == 1


def test_an_edit_replaces_the_body_of_its_message():
    edit = json.loads(entry(seq=3, kind="edit", body="new", ref=1))
    assert json.loads(entries.apply_change(entry(), edit)) == json.loads(entry()) | {
        "body": "new",
        "edited_at": edit["at"],
    }
    assert entries.apply_change(entry(seq=2), edit) == entry(seq=2)


def test_a_delete_empties_the_message_and_its_edits():
    gone = json.loads(entry(seq=3, kind="delete", body="", ref=1))
    assert json.loads(entries.apply_change(entry(), gone)) == json.loads(entry()) | {
        "body": "",
        "deleted": True,
    }
    edit = entry(seq=2, kind="edit", body="secret", ref=1)
    assert "secret" not in entries.apply_change(edit, gone)
    assert entries.apply_change(entry(seq=4), gone) == entry(seq=4)


@pytest.mark.parametrize("kind", ["edit", "delete"])
def test_may_alter_is_true_for_every_entry_that_a_change_alters(kind):
    change = json.loads(entry(seq=30, kind=kind, body="new", ref=1))
    others = [entry(seq=n, kind="edit", body="b", ref=ref) for n, ref in ((2, 1), (3, 11), (4, 2))]
    for seq, encoded in enumerate([entry(), *others, entry(seq=5, body='"ref":1')], start=1):
        if entries.apply_change(encoded, change) != encoded:
            assert entries.may_alter(change, seq, encoded)
    assert not entries.may_alter(change, 5, entry(seq=5, body='"ref":1'))


def test_text_line_is_the_name_and_the_body_of_a_message():
    assert entries.text_line(entry(body="a\nb")) == ("c1", "Ann: a\nb")
    assert entries.text_line(entry(deleted=True)) is None
    assert entries.text_line(entry(kind="edit", ref=1)) is None


MARK = "0123456789ab"


@pytest.mark.parametrize(
    "text",
    [
        *("", "e", "e:", "e:1", "e:1:", f":1:{MARK}", f"e::{MARK}", f"e:-1:{MARK}", f"e:1:{MARK} "),
        *(f"xyz:1:{MARK}", f"e:1:{MARK}\n", f"e:٣:{MARK}", f"e:1:{MARK}0", f"e:1:{MARK[1:]}"),
        *("e:1:0123456789AB", "e:1:-123456789ab", f"e:1:{MARK}:2"),
    ],
)
def test_what_is_no_cursor(text):
    assert Cursor.parse(text) is None


def test_a_cursor_is_epoch_seq_and_mark():
    assert Cursor.parse(f"0af3:12:{MARK}") == Cursor("0af3", 12, 0x0123456789AB)
    assert str(Cursor("0af3", 12, 0x0123456789AB)) == f"0af3:12:{MARK}"
