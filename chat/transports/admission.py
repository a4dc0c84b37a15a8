"""Who opens a WebSocket, and whether the worker has room for it."""

import secrets
from typing import Any
from urllib.parse import parse_qs

from channels.auth import get_user
from django.conf import settings
from django.db import Error as DatabaseError

from chat.identity.members import Member
from chat.transports import common
from chat.worker import current
from realtime import connection_limit
from realtime.errors import Refused, unavailable
from realtime.event_stream import RETRY_WHEN_FULL_MS


async def identify(scope: Any) -> tuple[Member, str | None]:
    """The member who opens the socket, and why not under the name that the client asked for.
    Raises Refused if the worker is full or the database away."""
    check_capacity((scope.get("client") or [None])[0])
    try:
        user: Any = await get_user(scope)
    except DatabaseError:
        raise unavailable() from None
    query = parse_qs(scope["query_string"].decode("latin1"))
    return await common.identify(user, scope["cookies"], query.get("name", [""])[0])


def check_capacity(address: str | None) -> None:
    """Raises Refused if the worker is full, or if too many connections came from the address."""
    worker = current()
    full = worker.presence.sockets >= settings.SOCKETS_PER_WORKER
    worker.counters.refusals["full"] += full
    if full or connection_limit.exceeded(address):
        least, most = RETRY_WHEN_FULL_MS
        wait = least + secrets.randbelow(most - least + 1)
        raise Refused("busy", f"The server is busy. Come again in {wait // 1000} s.", wait)
