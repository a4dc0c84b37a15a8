"""Which socket answers on which path."""

from channels.routing import URLRouter
from django.urls import re_path

from chat.consumers import ChatSocket
from chat.lines import LineSocket
from chat.origin import OriginGate
from chat.sessions import with_sessions
from chat.socket import NoSocket

websocket = OriginGate(
    with_sessions(
        URLRouter(
            [
                re_path(r"^ws/chat/?$", ChatSocket.as_asgi()),  # type: ignore[arg-type, list-item]
                re_path(r"^ws/chat/(?P<room>[-\w]+)/?$", LineSocket.as_asgi()),  # type: ignore[arg-type, list-item]
                # The router raises for a path that it does not know.
                re_path(r"", NoSocket.as_asgi()),  # type: ignore[arg-type, list-item]
            ]
        )
    )
)
