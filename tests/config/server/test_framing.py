"""The frames of a socket."""

import pytest

from config.server.framing import frame


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("a", b"\x81\x01"),
        ("a" * 125, b"\x81\x7d"),
        ("é" * 63, b"\x81\x7e\x00\x7e"),  # it is bytes that are counted
        ("a" * 65_535, b"\x81\x7e\xff\xff"),
        ("a" * 65_536, b"\x81\x7f" + (65_536).to_bytes(8, "big")),
    ],
)
def test_a_frame_says_how_long_it_is(text, head):
    assert frame(text) == head + text.encode()


def test_a_frame_is_made_once_for_all_who_are_sent_the_same():
    text = "a" * 1000
    assert frame(text) is frame(text)
