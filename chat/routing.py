"""The paths of the WebSockets."""

from channels.routing import URLRouter
from django.urls import re_path

from chat.identity.origin import OriginValidator
from chat.identity.sessions import with_sessions
from chat.transports.base_socket import NotFoundSocket
from chat.transports.json_socket import JsonSocket
from chat.transports.text_socket import TextSocket

websocket = OriginValidator(
    with_sessions(
        URLRouter(
            [
                re_path(r"^ws/chat/?$", JsonSocket.as_asgi()),  # type: ignore[arg-type, list-item]
                re_path(r"^ws/chat/(?P<room>[-\w]+)/?$", TextSocket.as_asgi()),  # type: ignore[arg-type, list-item]
                # URLRouter raises ValueError for an unknown path.
                re_path(r"", NotFoundSocket.as_asgi()),  # type: ignore[arg-type, list-item]
            ]
        )
    )
)
