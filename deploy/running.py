"""What runs at a place: its supervisor, and what its workers say of themselves."""

import http.client
import json
import re
from typing import Any, cast
from xmlrpc.client import ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from deploy.place import Place

READY_PATH = "/readyz"
SILENT = "silent"  # a worker that does not answer


def connect(place: Place) -> Any:
    """What speaks to the supervisord of a place. SystemExit if none runs."""
    # The name and the word are those of supervisord.conf. Of the URL only the path is used; the
    # transport knows the socket.
    transport: Any = SupervisorTransport("site", "site", f"unix://{place.supervisor}")
    supervisor = cast(Any, ServerProxy("http://localhost", transport=transport)).supervisor
    try:
        supervisor.getState()
    except OSError:
        raise SystemExit(f"Nothing runs from {place.folder}: start it by `make serve`.") from None
    return supervisor


def addresses(place: Place) -> list[str]:
    """Those of the workers, as nginx was told them at the start."""
    return re.findall(r"^server (\S+)", (place.nginx / "workers.conf").read_text(), re.MULTILINE)


def missing(address: str) -> list[str]:
    """What keeps a worker from serving, in words, as `redis away`; nothing if it is ready."""
    asking = http.client.HTTPConnection(address, timeout=5)
    try:
        asking.request("GET", READY_PATH)
        words: dict[str, str] = json.load(asking.getresponse())
    except (OSError, http.client.HTTPException, ValueError):
        return [SILENT]
    finally:
        asking.close()
    return [f"{part} {word}" for part, word in words.items() if word != "ready"]
