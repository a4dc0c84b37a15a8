import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.protocol import commands, frames
from chat.protocol.commands import (
    Delete,
    Edit,
    FrameError,
    History,
    Join,
    Leave,
    Ping,
    Pong,
    Read,
    Say,
    Typing,
)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"type":"join","room":"lobby"}', Join("lobby", None)),
        ('{"type":"join","room":"lobby","cursor":null}', Join("lobby", None)),
        ('{"type":"join","room":"lobby","cursor":"e:1"}', Join("lobby", "e:1")),
        ('{"type":"leave","room":"lobby"}', Leave("lobby")),
        ('{"type":"say","room":"lobby","cid":"a-1","body":" 你 "}', Say("lobby", "a-1", " 你 ")),
        (
            '{"type":"say","room":"r","cid":"a","body":"b","reply_to":3,"unknown":1}',
            Say("r", "a", "b", 3),
        ),
        ('{"type":"edit","room":"r","cid":"a","ref":3,"body":"b"}', Edit("r", "a", 3, "b")),
        ('{"type":"delete","room":"r","cid":"a","ref":3}', Delete("r", "a", 3)),
        ('{"type":"history","room":"r","before":9}', History("r", 9, 100)),
        ('{"type":"history","room":"r","before":9,"limit":5}', History("r", 9, 5)),
        ('{"type":"typing","room":"r"}', Typing("r")),
        ('{"type":"read","room":"r","seq":9}', Read("r", 9)),
        ('{"type":"read","room":"r","seq":0}', Read("r", 0)),
        ('{"type":"ping","ts":17}', Ping(17)),
        ('{"type":"ping","ts":1.5}', Ping(1.5)),
        ('{"type":"pong"}', Pong()),
    ],
)
def test_decode_returns_the_command(text, command):
    assert commands.decode(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "null",
        "17",
        '"say"',
        "{}",
        '{"type":3}',
        '{"type":null}',
        "{" * 100_000,
        "[" * 100_000,
        '{"type":"join"}',
        '{"type":"join","room":3}',
        '{"type":"join","room":"r","cursor":3}',
        '{"type":"say","room":"r","cid":"a"}',
        '{"type":"say","room":"r","body":"b"}',
        '{"type":"say","room":"r","cid":"","body":"b"}',
        '{"type":"say","room":"r","cid":"a b","body":"b"}',
        '{"type":"say","room":"r","cid":"%s","body":"b"}' % ("a" * 65),
        '{"type":"say","room":"r","cid":"a\\n","body":"b"}',
        '{"type":"say","room":"r","cid":"a","body":["b"]}',
        '{"type":"say","room":"r","cid":"a","body":"\\ud800"}',
        '{"type":"say","room":"r","cid":"a","body":"b","reply_to":"3"}',
        '{"type":"say","room":"r","cid":"a","body":"b","reply_to":true}',
        '{"type":"say","room":"r","cid":"a","body":"b","reply_to":0}',
        '{"type":"edit","room":"r","cid":"a","ref":3}',
        '{"type":"edit","room":"r","cid":"a","body":"b"}',
        '{"type":"delete","room":"r","cid":"a"}',
        '{"type":"delete","room":"r","cid":"a","ref":"3"}',
        '{"type":"history","room":"r"}',
        '{"type":"history","room":"r","before":-1}',
        '{"type":"history","room":"r","before":1e99}',
        '{"type":"history","room":"r","before":99999999999999999999}',
        '{"type":"history","room":"r","before":9,"limit":101}',
        '{"type":"history","room":"r","before":9,"limit":0}',
        '{"type":"typing"}',
        '{"type":"read","room":"r"}',
        '{"type":"read","room":"r","seq":-1}',
        '{"type":"read","room":"r","seq":1.5}',
        '{"type":"read","room":"r","seq":true}',
        '{"type":"ping"}',
        '{"type":"ping","ts":"now"}',
        '{"type":"ping","ts":NaN}',
        '{"type":"ping","ts":Infinity}',
        '{"type":"ping","ts":true}',
        '{"type":"ping","ts":1e999}',
        '{"type":"ping","ts":-1e999}',
        '{"type":"ping","ts":%s}' % ("9" * 400),
    ],
)
def test_decode_refuses_a_bad_frame(text):
    with pytest.raises(FrameError) as caught:
        commands.decode(text)
    assert caught.value.code == "bad_frame"
    assert caught.value.message


@pytest.mark.parametrize("type", ["zap", "presence", "joined", "", "__class__"])
def test_decode_refuses_an_unknown_type(type):
    with pytest.raises(FrameError) as caught:
        commands.decode(json.dumps({"type": type, "room": "r", "cid": "a"}))
    assert (caught.value.code, caught.value.room, caught.value.cid) == ("unknown_type", "r", "a")


def test_an_error_repeats_room_and_cid_only_if_they_are_short_and_valid():
    with pytest.raises(FrameError) as caught:
        commands.decode('{"type":"say","room":"%s","cid":"\\ud800","body":"b"}' % ("r" * 65))
    assert (caught.value.room, caught.value.cid) == (None, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(["room", "cid", "body", "before", "limit", "ts", "cursor", "reply_to"])


@given(st.text() | JSON.map(json.dumps))
def test_decode_of_any_text_returns_a_command_or_raises_frame_error(text):
    try:
        commands.decode(text)
    except FrameError as error:
        frames.error(error, error.cid, error.room).encode()


@given(st.sampled_from(sorted(commands.COMMANDS)), st.dictionaries(FIELDS, JSON))
def test_decode_of_any_fields_returns_a_command_or_raises_frame_error(type, fields):
    try:
        commands.decode(json.dumps(fields | {"type": type}))
    except FrameError as error:
        frames.error(error, error.cid, error.room).encode()
