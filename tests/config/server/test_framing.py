"""WebSocket frames."""

import pytest

from config.server.framing import text_frame


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("a", b"\x81\x01"),
        ("a" * 125, b"\x81\x7d"),
        ("é" * 63, b"\x81\x7e\x00\x7e"),  # the length is in bytes
        ("a" * 65_535, b"\x81\x7e\xff\xff"),
        ("a" * 65_536, b"\x81\x7f" + (65_536).to_bytes(8, "big")),
    ],
)
def test_a_frame_begins_with_its_length(text, head):
    assert text_frame(text) == head + text.encode()


def test_a_frame_is_encoded_once_for_several_readers():
    text = "a" * 1000
    assert text_frame(text) is text_frame(text)
