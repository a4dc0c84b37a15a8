r"""Who is compared: what each can do, where and how it is spoken to, and how it is started.

    with started("ws", cores={0}) as running:
        running.port, running.contender.socket, running.cpu_seconds(), running.redis_pid

What a load generator has to know of each:
- Whatever is said in a room, all get, the sender included. In every contender the order of what
  one sender says is the same for all; Starlette and the tutorial mix what different senders say.
- Events end with an empty line; a line ends with \n, of sse-starlette with \r\n. Only events named
  `message`, or not named, are text: Twinstream has `meta` and `done`, django-eventstream has
  `stream-open` and `keep-alive`, and there are comments.
- django-eventstream has one stream that all readers share: they begin anywhere in the text. Of
  a reader who is ten events behind it drops some.
- Pings to be answered: uvicorn and Daphne send those of the protocol, Socket.IO `2` for which it
  wants `3`, Twinstream a JSON frame.
"""

import string
import sys
from dataclasses import dataclass, field
from pathlib import Path

PEERS = Path(__file__).resolve().parents[1] / "peers"
# A cycle of 64 characters that differ, so that a lost or doubled one is seen: 4 minutes at 10 ms.
TEXT = (string.ascii_letters + string.digits + "-_") * 400
TEXT_SLUG = "bench"
PYTHON_PEER = {"SECRET_KEY": "a key of the benchmark " * 3, "DATABASE": "{folder}/peer.sqlite3"}
NODE = {"NODE_ENV": "production"}
DAPHNE = (sys.executable, "-m", "daphne", "-v0", "-b127.0.0.1", "-p{port}")
UVICORN = (sys.executable, "-m", "uvicorn", "--host=127.0.0.1", "--port={port}")
QUIET = ("--log-level=warning", "--no-access-log")


@dataclass(frozen=True)
class Contender:
    """One server. In what it is started with, {port}, {folder} and {redis} are filled in."""

    name: str
    socket: str | None = None  # where its room is
    dialect: str | None = None  # what is spoken there: text, socketio, tutorial, twinstream
    subprotocol: str | None = None
    stream: str | None = None  # where its text is, {interval} milliseconds a character
    shared: bool = False  # one stream for all, whose interval is fixed at the start
    folder: str | None = None  # below peers/; None is Twinstream itself
    command: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    redis: bool = False
    packages: tuple[str, ...] = ()  # whose versions a report names; node/NAME is one of npm
    probe: str = "/"  # answers, with whatever status, once it is ready


CONTENDERS = {
    each.name: each
    for each in (
        Contender(
            "twinstream",
            socket="/ws/chat/",
            dialect="twinstream",
            subprotocol="twinstream.v1",
            stream=f"/api/sse?text={TEXT_SLUG}&interval={{interval}}",
            redis=True,
            packages=("Django", "daphne", "channels", "channels-redis", "uvloop"),
        ),
        Contender(
            "ws",
            socket="/",
            dialect="text",
            folder="node",
            command=("node", "ws.js"),
            environment=NODE,
            packages=("node/ws",),
        ),
        Contender(
            "socketio",
            socket="/socket.io/?EIO=4&transport=websocket",
            dialect="socketio",
            folder="node",
            command=("node", "socketio.js"),
            environment=NODE,
            packages=("node/socket.io",),
            probe="/socket.io/",
        ),
        Contender(
            "express",
            stream="/events?interval={interval}",
            folder="node",
            command=("node", "express.js"),
            environment=NODE,
            packages=("node/express",),
        ),
        Contender(
            "tutorial",
            socket="/ws/chat/lobby/",
            dialect="tutorial",
            folder="tutorial",
            command=(*DAPHNE, "mysite.asgi:application"),
            environment=PYTHON_PEER | {"REDIS_URL": "{redis}"},
            redis=True,
            packages=("Django", "daphne", "channels", "channels-redis"),
        ),
        Contender(
            "eventstream",
            stream="/events/",
            shared=True,
            folder="eventstream",
            command=(*DAPHNE, "server.asgi:application"),
            environment=PYTHON_PEER,
            packages=("Django", "daphne", "django-eventstream"),
        ),
        Contender(
            "starlette",
            socket="/ws",
            dialect="text",
            stream="/events?interval={interval}",
            folder="starlette",
            command=(*UVICORN, *QUIET, "app:app"),
            packages=("starlette", "uvicorn", "sse-starlette", "websockets", "httptools", "uvloop"),
        ),
        Contender(
            "nchan",
            socket="/ws",
            dialect="text",
            folder="nchan",
            command=("nginx", "-p{folder}", "-estderr", "-c{folder}/nginx.conf"),
            packages=("debian/nginx", "debian/libnginx-mod-nchan"),
        ),
    )
}
