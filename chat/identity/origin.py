"""The check of `Origin` when a WebSocket opens. A browser sends the user's cookies with a
WebSocket handshake from any page, also of another site (cross-site WebSocket hijacking)."""

import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from realtime.errors import CloseCode

logger = logging.getLogger(__name__)
DEFAULT_PORT = {"http": 80, "https": 443}


def canonical(origin: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin (RFC 6454, section 4); None if it is malformed."""
    try:
        parts = urlsplit(origin)
        port = parts.port or DEFAULT_PORT.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.path or parts.query or parts.fragment:
        return None
    return parts.scheme, parts.hostname, port


def is_allowed(origin: str | None, own: str, others: list[str]) -> bool:
    """Whether a page of `origin` may open a socket. Browsers always send an origin: a request
    without one comes from a program and is allowed. With DEBUG, every port of localhost is."""
    if origin is None:
        return True
    if settings.DEBUG and re.fullmatch(settings.LOCALHOST_ORIGIN, origin):
        return True
    wanted = canonical(origin)
    return wanted is not None and wanted in map(canonical, [own, *others])


def own_origin(headers: Mapping[str, str], scheme: str) -> str:
    """The origin of the URL that the client used; "" if its host is not in ALLOWED_HOSTS."""
    host = headers.get("host", "")
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return ""
    # Stock Daphne leaves the scheme out of a WebSocket scope.
    secure = scheme == "wss" or settings.SECURE_SSL_REDIRECT
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        secure = headers.get(name.removeprefix("HTTP_").replace("_", "-").lower()) == value
    return f"{'https' if secure else 'http'}://{host}"


class OriginValidator:
    """ASGI middleware that answers 403 to a handshake from a page of a site that is not allowed."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {
            name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]
        }
        origin = headers.get("origin")
        others = [*settings.CORS_ALLOWED_ORIGINS, *settings.CSRF_TRUSTED_ORIGINS]
        if is_allowed(origin, own_origin(headers, scope.get("scheme", "ws")), others):
            await self.application(scope, receive, send)
            return
        logger.warning("WebSocket %.100r refused: origin %.100r", scope["path"], origin)
        await receive()
        await send({"type": "websocket.close", "code": CloseCode.FORBIDDEN, "reason": ""})
