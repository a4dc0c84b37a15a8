"""Ten thousand malformed commands."""

import asyncio
import json

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chat.protocol.commands import COMMANDS

NAMES = st.sampled_from(
    [
        "type",
        "room",
        "cid",
        "body",
        "ref",
        "reply_to",
        "before",
        "limit",
        "seq",
        "ts",
        "cursor",
        "x",
        "__proto__",
    ]
)
TYPES = st.sampled_from([*sorted(COMMANDS), "welcome"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["lobby", "", "\0", "e5922e7f:41", "x:1", "9" * 30, "\ud800", "你" * 50]),
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
COMMANDS = st.builds(
    lambda type, fields: json.dumps({"type": type, **fields}),
    st.one_of(TYPES, LEAVES),
    st.dictionaries(NAMES, VALUES, max_size=5),
).map(lambda text: text.encode())
BROKEN = st.builds(
    lambda text, at, put: text[: at % len(text)] + put + text[at % len(text) + 1 :],
    COMMANDS,
    st.integers(0, 1_000),
    st.sampled_from([b"", b'"', b"{", b"]", b",", b"\\u0000", b"\\ud800", b"1e999", b"[" * 5_000]),
)
TEN_THOUSAND = 10_000
LIST = 20


def ten_thousand():
    """TEN_THOUSAND or more random frames from hypothesis."""
    made = []

    @settings(
        max_examples=TEN_THOUSAND // LIST,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.one_of(COMMANDS, BROKEN, VALUES.map(json.dumps).map(str.encode)),
                    min_size=LIST, max_size=LIST))  # fmt: skip
    def collect(frames):
        made.extend(frames)

    collect()
    return made


async def test_ten_thousand_malformed_commands_change_nothing(worker, open_socket):
    made = await asyncio.to_thread(ten_thousand)
    assert len(made) >= TEN_THOUSAND
    client = await open_socket(worker, ping_interval=None, max_queue=None)
    async with asyncio.timeout(280):
        for number, text in enumerate(made):
            await client.send_text(text.decode())
            if number % 500 == 0:
                await client.send("ping", ts=number)
                while (await client.until("pong"))["ts"] != number:
                    pass
