"""`python -m tests.proof.echo_server`: `config.server` with an application that echoes messages.

For Autobahn's cases alone. They send messages of up to 16 MB, and 4 MB in fragments of 64 bytes,
which the site's own limits refuse; so the limits are raised here.
"""

import os
import sys

os.environ["CHAT_FRAME_BYTES"] = str(32 * 1024 * 1024)

from config.server.event_loop import prefer_uvloop

prefer_uvloop()  # before Daphne is imported

from config.server import websocket  # noqa: E402
from config.server.server import Main  # noqa: E402

websocket.MAX_FRAGMENTS = 100_000


async def application(scope, receive, send):
    """Accept every WebSocket and send back what it sends."""
    if scope["type"] != "websocket":
        return
    while (event := await receive())["type"] != "websocket.disconnect":
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        else:
            await send({**event, "type": "websocket.send"})


if __name__ == "__main__":
    Main().run([*sys.argv[1:], "tests.proof.echo_server:application"])
