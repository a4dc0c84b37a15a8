import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import graphemes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("你好", ["你", "好"]),
        (" a", [" ", "a"]),
        ("a\r\nb\rc\n", ["a", "\r\n", "b", "\r", "c", "\n"]),
        ("a\0b", ["a", "\0", "b"]),
        ("\ufeffa", ["\ufeff", "a"]),
        ("a\u2028b\u2029c\u0085d", ["a", "\u2028", "b", "\u2029", "c", "\u0085", "d"]),
        ("e\u0301x", ["e\u0301", "x"]),
        ("👨‍👩‍👧‍👦!", ["👨‍👩‍👧‍👦", "!"]),
        ("👋🏽👋", ["👋🏽", "👋"]),
        ("🇨🇳🇫🇷", ["🇨🇳", "🇫🇷"]),
        ("🏴‍☠️1️⃣", ["🏴‍☠️", "1️⃣"]),
        ("नमस्ते", ["न", "म", "स्ते"]),  # an Indic conjunct, GB9c
        ("ക്ഷ", ["ക്ഷ"]),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", ["\u1112\u1161\u11ab", "\u1100\u1173\u11af"]),
        ("한국", ["한", "국"]),
    ],
)
def test_split_keeps_user_perceived_characters_whole(text, expected):
    assert graphemes.split(text) == expected
    assert graphemes.count(text) == len(expected)


@given(st.text())
def test_the_graphemes_of_a_text_join_to_the_text(text):
    assert "".join(graphemes.split(text)) == text
    assert graphemes.count(text) == len(graphemes.split(text))
