"""`make reload`: a new version for a site that runs. One worker restarts after the other, so that
whoever is connected to one goes on at another, and nobody finds the door closed."""

import time
from contextlib import suppress
from typing import Any
from xmlrpc.client import Fault

from deploy.place import Place, read, say, told
from deploy.running import SILENT, addresses, connect, missing

READY_SECONDS = 60.0
ENDED = "BACKOFF"  # at its start; supervisor tries again, in case that what is missing comes


def main() -> None:
    """Brings the database, the static files and then each worker up to date."""
    place = read(told())
    supervisor = connect(place)
    place.manage("preflight")
    place.bring_up_to_date()
    for number, address in enumerate(addresses(place), start=1):
        name = f"worker_{number}"
        restart(supervisor, name)
        if why := becomes_ready(supervisor, name, address):
            stop(place, name, why)
        say(f"{name} runs anew on {address}")


def restart(supervisor: Any, name: str) -> None:
    """Ends a worker, which waits until all have left it, and starts it again. SystemExit if
    supervisor cannot."""
    with suppress(Fault):  # one that is not running
        supervisor.stopProcess(f"site:{name}")
    try:
        supervisor.startProcess(f"site:{name}", False)
    except Fault as fault:
        raise SystemExit(
            f"Stopped: supervisor does not start {name} ({fault.faultString}); supervisord.log "
            "says why. Those after it still run as before."
        ) from None


def becomes_ready(supervisor: Any, name: str, address: str) -> list[str]:
    """Waits until a worker takes connections; returns what keeps it from that."""
    deadline = time.monotonic() + READY_SECONDS
    while (why := missing(address)) and time.monotonic() < deadline:
        if supervisor.getProcessInfo(f"site:{name}")["statename"] == ENDED:
            break
        time.sleep(0.1)
    return why


def stop(place: Place, name: str, why: list[str]) -> None:
    """Ends the reload with a sentence."""
    log = place.folder / "log" / f"{name}.log"
    found = f"does not start; {log} says why" if why == [SILENT] else f"runs, but: {', '.join(why)}"
    raise SystemExit(f"Stopped: {name} {found}. Those after it still run as before.")


if __name__ == "__main__":
    main()
