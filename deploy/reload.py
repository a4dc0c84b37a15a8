"""`make reload`: a new version for a site that runs. One worker restarts after the other, so that
whoever is connected to one goes on at another, and nobody finds the door closed."""

import http.client
import re
import sys
import time
from contextlib import suppress
from typing import Any, cast
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from deploy.place import Place, read, told

READY_PATH = "/readyz"
READY_SECONDS = 60.0


def main() -> None:
    """Brings the database, the static files and then each worker up to date."""
    place = read(told())
    supervisor = connect(place)
    place.bring_up_to_date()
    for number, address in enumerate(running(place), start=1):
        restart(supervisor, f"site:worker_{number}")
        if not becomes_ready(address):
            raise SystemExit(
                f"Stopped: worker_{number} does not get ready; worker_{number}.log in "
                f"{place.folder / 'log'} says why. Those after it still run as before."
            )
        sys.stdout.write(f"worker_{number} runs anew on {address}\n")
        sys.stdout.flush()


def connect(place: Place) -> Any:
    """What speaks to the supervisord of a place. SystemExit if none runs."""
    if not place.supervisor.exists():
        raise SystemExit(f"Nothing runs from {place.folder}: start it by `make serve`.")
    # Of the URL only the path is used; the transport knows the socket.
    transport: Any = SupervisorTransport(None, None, f"unix://{place.supervisor}")
    supervisor = cast(Any, ServerProxy("http://localhost", transport=transport)).supervisor
    try:
        supervisor.getState()
    except OSError:
        raise SystemExit(f"Nothing runs from {place.folder}: start it by `make serve`.") from None
    return supervisor


def running(place: Place) -> list[str]:
    """The addresses of the workers, as nginx was told them at the start."""
    return re.findall(r"^server (\S+)", (place.nginx / "workers.conf").read_text(), re.MULTILINE)


def restart(supervisor: Any, name: str) -> None:
    """Ends a worker, which waits until all have left it, and starts it again."""
    with suppress(Fault):  # one that is not running
        supervisor.stopProcess(name)
    supervisor.startProcess(name, False)


def becomes_ready(address: str) -> bool:
    """Waits until a worker takes connections."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if is_ready(address):
            return True
        time.sleep(0.1)
    return False


def is_ready(address: str) -> bool:
    """Whether a worker serves: its database and its Redis are there, and it does not drain."""
    asking = http.client.HTTPConnection(address, timeout=5)
    try:
        asking.request("GET", READY_PATH)
        return asking.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


if __name__ == "__main__":
    main()
