"""WebSocket frames (RFC 6455, section 5.2)."""

import struct
from functools import lru_cache

FIN_TEXT = 0x81  # the first byte of a frame that is a whole text message


@lru_cache(maxsize=4)
def text_frame(text: str) -> bytes:
    """The frame of a text message, unmasked as a server sends it. Cached: many readers are sent the
    same text in turn."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", FIN_TEXT, size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", FIN_TEXT, 126, size)
    else:
        head = struct.pack("!BBQ", FIN_TEXT, 127, size)
    return head + payload
