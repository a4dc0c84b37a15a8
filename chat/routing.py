"""Which socket answers on which path."""

from channels.routing import URLRouter
from django.urls import re_path

from chat.identity.origin import OriginGate
from chat.identity.sessions import with_sessions
from chat.transports.base_socket import NoSocket
from chat.transports.json_socket import ChatSocket
from chat.transports.text_socket import LineSocket

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
