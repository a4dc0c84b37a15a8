"""The ASGI application: what serves what."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = get_asgi_application()

# After Django is set up, since these read models and settings.
from django.conf import settings  # noqa: E402

from chat.routing import websocket  # noqa: E402
from config.worker.draining import Turnstile  # noqa: E402
from config.worker.health import Probes  # noqa: E402
from config.worker.lifespan import lifespan  # noqa: E402
from config.worker.single_worker import claim_sole_worker  # noqa: E402
from config.worker.thread_pool import BoundedThreads  # noqa: E402
from realtime.detach import Handover  # noqa: E402

claim_sole_worker(settings.DATABASES["default"], settings.REDIS_URL)

protocols = {"http": http, "websocket": websocket, "lifespan": lifespan}
application = Probes(Turnstile(BoundedThreads(Handover(ProtocolTypeRouter(protocols)))))
