"""The ASGI application: the middleware around Django and the WebSocket consumers."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = get_asgi_application()

# These import models and settings, so Django must be set up first.
from django.conf import settings  # noqa: E402

from chat.routing import websocket  # noqa: E402
from config.worker.draining import DrainMiddleware  # noqa: E402
from config.worker.health import HealthMiddleware  # noqa: E402
from config.worker.lifespan import StartMiddleware, lifespan  # noqa: E402
from config.worker.single_worker import claim_sole_worker  # noqa: E402
from config.worker.thread_pool import ThreadPoolMiddleware  # noqa: E402
from realtime.detach import DetachMiddleware  # noqa: E402

claim_sole_worker(settings.DATABASES["default"], settings.REDIS_URL)

protocols = {"http": http, "websocket": websocket, "lifespan": lifespan}
# The outermost is the first to see a request.
application = StartMiddleware(
    HealthMiddleware(
        DrainMiddleware(ThreadPoolMiddleware(DetachMiddleware(ProtocolTypeRouter(protocols))))
    )
)
