"""Ids of requests."""

import re

import pytest

from realtime.requests.request_id import find_or_make

GIVEN = [b"6fb2c1e09a7f4d3b8c5e1f2a3b4c5d6e", b"0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0", b"abc_DEF-8"]


@pytest.mark.parametrize("value", GIVEN)
def test_an_id_is_taken_from_the_headers(value):
    assert find_or_make([(b"host", b"x"), (b"x-request-id", value)]) == value.decode()


@pytest.mark.parametrize(
    "value", [b"", b"short", b"a" * 65, b'x" evil="1', b"line\nfeed", b"\xff" * 9]
)
def test_a_malformed_id_is_replaced(value):
    made = find_or_make([(b"x-request-id", value)])
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert made != find_or_make([])
