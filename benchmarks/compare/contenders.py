r"""The servers that are compared: what each can do, its URLs, and how it is started.

    with started(CONTENDERS["ws"], cores={0}) as running:
        running.port, running.contender.socket, running.cpu_seconds(), running.redis_pid

What the load generator has to know of them:
- Every message in a room goes to all sockets in it, the sender's included. Messages of one sender
  arrive in the same order everywhere; Starlette and the tutorial may mix senders differently.
- Events end with an empty line; a line ends with \n, with sse-starlette \r\n. Only events named
  `message`, or without a name, are text: Twinstream also sends `meta` and `done`,
  django-eventstream `stream-open` and `keep-alive`, and there are comments.
- django-eventstream has one stream that all readers share: each starts somewhere in the text. It
  drops events of a reader that is ten events behind.
- Pings that need an answer: uvicorn and Daphne send WebSocket pings, Socket.IO sends `2` and
  expects `3`, Twinstream sends a JSON frame.
"""

import string
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.databases import UNSET

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).resolve().parents[1] / "peers"
OURS = "twinstream"
# 64 different characters, repeated: a lost or doubled one is noticed. 4 minutes at 10 ms each.
TEXT = (string.ascii_letters + string.digits + "-_") * 400
TEXT_SLUG = "bench"
PYTHON_PEER = {"SECRET_KEY": "a key of the benchmark " * 3, "DATABASE": "{folder}/peer.sqlite3"}
NODE = {"NODE_ENV": "production"}
DAPHNE = (sys.executable, "-m", "daphne", "-v0", "-b127.0.0.1", "-p{port}")
UVICORN = (sys.executable, "-m", "uvicorn", "--host=127.0.0.1", "--port={port}")
QUIET = ("--log-level=warning", "--no-access-log")
# Models are found by their labels: another checkout may have moved its modules.
MAKE_TEXT = (
    "import os; from django.apps import apps; "
    "apps.get_model('streaming.StreamText').objects.create("
    f"slug={TEXT_SLUG!r}, title='Bench', body=open(os.environ['TEXT_FILE']).read())"
)
DATABASE = "site.sqlite3"  # in the folder of a run; made by `Contender.prepare`
MANAGE = (sys.executable, "manage.py")
# `UNSET`: values from a `.env` file of the checkout must not change the measurement.
OUR_ENVIRONMENT = UNSET | {
    "SECRET_KEY": PYTHON_PEER["SECRET_KEY"],
    "DATABASE_URL": f"sqlite:///{{folder}}/{DATABASE}",
    "REDIS_URL": "{redis}",
    "CHAT_MESSAGES_PER_SECOND": "1000000",
    "CHAT_BURST": "1000000",
}


@dataclass(frozen=True)
class Contender:
    """One server. {port}, {folder} and {redis} are filled in when it is started."""

    name: str
    home: Path  # the working directory of its commands
    command: tuple[str, ...]
    socket: str | None = None  # the URL path of its room
    dialect: str | None = None  # of its room: text, socketio, tutorial or twinstream
    subprotocol: str | None = None
    stream: str | None = None  # the URL path of its text; {interval} is ms per character
    shared: bool = False  # one stream for all readers, with an interval that is fixed at the start
    environment: dict[str, str] = field(default_factory=dict)
    prepare: tuple[tuple[str, ...], ...] = ()  # commands that make DATABASE
    redis: bool = False
    packages: tuple[str, ...] = ()  # whose versions are reported; node/NAME from npm
    probe: str = "/"  # a URL path that answers, with any status, when the server is ready

    @property
    def is_ours(self) -> bool:
        return self.dialect == "twinstream"


def before_and_after(checkout: Path) -> dict[str, Contender]:
    """Two checkouts of this project: another one ("before"), and this one ("after")."""
    ours = CONTENDERS[OURS]
    both = (replace(ours, name="before", home=checkout), replace(ours, name="after"))
    return {each.name: each for each in both}


CONTENDERS = {
    each.name: each
    for each in (
        Contender(
            OURS,
            ROOT,
            (
                *(sys.executable, "-m", "config.server", "-b", "127.0.0.1", "-p", "{port}"),
                "config.asgi:application",
            ),
            socket="/ws/chat/",
            dialect="twinstream",
            subprotocol="twinstream.v1",
            stream=f"/api/sse?text={TEXT_SLUG}&interval={{interval}}",
            environment=OUR_ENVIRONMENT,
            prepare=(
                (*MANAGE, "migrate", "-v0"),
                (*MANAGE, "demo"),
                (*MANAGE, "shell", "-v0", "-c", MAKE_TEXT),
            ),
            redis=True,
            packages=("Django", "daphne", "channels", "channels-redis", "uvloop"),
            probe="/login/",
        ),
        Contender(
            "ws",
            PEERS / "node",
            ("node", "ws.js"),
            socket="/",
            dialect="text",
            environment=NODE,
            packages=("node/ws",),
        ),
        Contender(
            "socketio",
            PEERS / "node",
            ("node", "socketio.js"),
            socket="/socket.io/?EIO=4&transport=websocket",
            dialect="socketio",
            environment=NODE,
            packages=("node/socket.io",),
            probe="/socket.io/",
        ),
        Contender(
            "express",
            PEERS / "node",
            ("node", "express.js"),
            stream="/events?interval={interval}",
            environment=NODE,
            packages=("node/express",),
        ),
        Contender(
            "tutorial",
            PEERS / "tutorial",
            (*DAPHNE, "mysite.asgi:application"),
            socket="/ws/chat/lobby/",
            dialect="tutorial",
            environment=PYTHON_PEER | {"REDIS_URL": "{redis}"},
            redis=True,
            packages=("Django", "daphne", "channels", "channels-redis"),
        ),
        Contender(
            "eventstream",
            PEERS / "eventstream",
            (*DAPHNE, "server.asgi:application"),
            stream="/events/",
            shared=True,
            environment=PYTHON_PEER,
            packages=("Django", "daphne", "django-eventstream"),
        ),
        Contender(
            "starlette",
            PEERS / "starlette",
            (*UVICORN, *QUIET, "app:app"),
            socket="/ws",
            dialect="text",
            stream="/events?interval={interval}",
            packages=("starlette", "uvicorn", "sse-starlette", "websockets", "httptools", "uvloop"),
        ),
        Contender(
            "nchan",
            PEERS / "nchan",
            ("nginx", "-p{folder}", "-estderr", "-c{folder}/nginx.conf"),
            socket="/ws",
            dialect="text",
            packages=("debian/nginx", "debian/libnginx-mod-nchan"),
        ),
    )
}
