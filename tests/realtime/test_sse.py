import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import graphemes, sse
from tests.clients.sse import Parser

# The characters that could end a line, begin a comment or be dropped at the beginning.
NASTY = st.text(
    st.sampled_from("\r\n\0\ufeff\u2028\u2029\x85\x0b\x0c\x1c :a你") | st.characters(codec="utf-8")
)


@pytest.mark.parametrize(
    ("data", "encoded"),
    [
        ("你", b"data: \xe4\xbd\xa0\n\n"),
        (" ", b"data:  \n\n"),
        ("", b"data: \n\n"),
        ("\n", b"data: \ndata: \n\n"),
        ("a\r\nb\rc\nd", b"data: a\ndata: b\ndata: c\ndata: d\n\n"),
        ("\0", b"data: \0\n\n"),
        ("\ufeff", b"data: \xef\xbb\xbf\n\n"),
        ("a\u2028b\u2029c\x85d", b"data: a\xe2\x80\xa8b\xe2\x80\xa9c\xc2\x85d\n\n"),
    ],
)
def test_data_is_split_at_line_ends_only(data, encoded):
    assert sse.event(data) == encoded


def test_an_event_is_id_name_data():
    assert (
        sse.event("你", id="7:1", name="token") == b"id: 7:1\nevent: token\ndata: \xe4\xbd\xa0\n\n"
    )


def test_the_name_message_is_left_out():
    assert sse.event("x", id="7:1", name="message") == b"id: 7:1\ndata: x\n\n"


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b"])
def test_an_id_or_a_name_cannot_end_its_line(bad):
    with pytest.raises(ValueError):
        sse.event("x", id=bad)
    with pytest.raises(ValueError):
        sse.event("x", name=bad)


def test_retry_is_in_milliseconds():
    assert sse.retry(1500) == b"retry: 1500\n\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "7:",
        ":7",
        "7:-1:m",
        "-7:1:m",
        "7:1",
        "7:1:",
        "7:1:m ",
        " 7:1:m",
        "7:1:m:1",
        "a:b:m",
        "٧:١:m",
        "7:1:m\n",
        "7:1:你",
        "7:1:" + "m" * 65,
        "1" * 19 + ":1:m",
    ],
)
def test_other_strings_are_no_cursor(text):
    assert sse.Cursor.parse(text) is None


def test_a_cursor_is_revision_offset_and_mark():
    assert sse.Cursor.parse("7:412:a-_9") == sse.Cursor(7, 412, "a-_9")
    assert str(sse.Cursor(7, 412, "a-_9")) == "7:412:a-_9"


def test_encoded_events_are_cut_between_events():
    encoded = sse.encode(7, "m", ["你", "\n", "x"], "token")
    assert encoded.total == 3
    assert encoded.between(0, 0) == b""
    assert encoded.between(1, 2) == b"id: 7:2:m\nevent: token\ndata: \ndata: \n\n"
    assert encoded.between(0, 3) == encoded.blob
    assert encoded.size > len(encoded.blob)


@given(NASTY)
def test_any_text_arrives_unchanged(text):
    """Line ends as LF: the model stores no others, and the format has no others."""
    text = sse.LINE_END.sub("\n", text)
    parser = Parser().feed(sse.encode(7, "m", graphemes.split(text), "message").blob)
    assert "".join(data for _, _, data in parser.events) == text


@given(NASTY, st.data())
def test_any_text_survives_a_cut_at_any_byte_and_a_resume(text, data):
    text = sse.LINE_END.sub("\n", text)
    encoded = sse.encode(7, "m", graphemes.split(text), "token")
    cut = data.draw(st.integers(0, len(encoded.blob)))
    first = Parser().feed(encoded.blob[:cut])

    cursor = sse.Cursor.parse(first.last_event_id or "7:0:m")
    second = Parser().feed(encoded.between(cursor.offset, encoded.total))

    events = first.events + second.events
    assert "".join(data for _, _, data in events) == text
    assert [id for id, _, _ in events] == [f"7:{n}:m" for n in range(1, encoded.total + 1)]
    assert {name for _, name, _ in events} <= {"token"}


@given(NASTY, st.lists(st.integers(1, 7)))
def test_chunks_of_any_size_make_the_same_events(text, sizes):
    blob = sse.encode(1, "m", graphemes.split(sse.LINE_END.sub("\n", text)), "message").blob
    whole, chunks = Parser().feed(blob), Parser()
    for size in sizes:
        chunks.feed(blob[:size])
        blob = blob[size:]
    assert chunks.feed(blob).events == whole.events
