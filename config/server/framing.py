"""A text as it goes over a socket."""

import struct
from functools import lru_cache

TEXT = 0x81  # of a frame that is a whole message


@lru_cache(maxsize=4)
def frame(text: str) -> bytes:
    """The frame of a text (RFC 6455, section 5.2), made once for all who are sent the same."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", TEXT, size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", TEXT, 126, size)
    else:
        head = struct.pack("!BBQ", TEXT, 127, size)
    return head + payload
