"""`make reload`: deploys a new version to a running site, one worker after the other.

While a worker restarts, nginx sends requests to the others. Clients of that worker reconnect to
another one and continue at their cursor.
"""

import time
from contextlib import suppress
from typing import Any
from xmlrpc.client import Fault

from deploy.hosting_config import HostingConfig, parse, print_now, read_environment
from deploy.running_site import (
    NO_ANSWER,
    connect_supervisor,
    reasons_not_ready,
    running_worker_addresses,
)

READY_SECONDS = 60.0
FAILED_TO_START = "BACKOFF"  # supervisor's state of a process that ended during its start


def main() -> None:
    """Migrate, collect the static files, then restart each worker."""
    config = parse(read_environment())
    supervisor = connect_supervisor(config)
    config.run_manage("preflight")
    config.migrate_and_collect_static()
    for number, address in enumerate(running_worker_addresses(config), start=1):
        name = f"worker_{number}"
        restart(supervisor, name)
        if reasons := wait_until_ready(supervisor, name, address):
            stop_reload(config, name, reasons)
        print_now(f"{name} restarted on {address}")


def restart(supervisor: Any, name: str) -> None:
    """Stop a worker, which first drains its connections, and start it. SystemExit if supervisor
    cannot start it."""
    with suppress(Fault):  # the worker does not run
        supervisor.stopProcess(f"site:{name}")
    try:
        supervisor.startProcess(f"site:{name}", False)
    except Fault as fault:
        raise SystemExit(
            f"Stopped: supervisor does not start {name} ({fault.faultString}). The reason is in "
            "supervisord.log. The workers after it still run the old version."
        ) from None


def wait_until_ready(supervisor: Any, name: str, address: str) -> list[str]:
    """Wait until a worker is ready. Returns why it is not; empty if it is."""
    deadline = time.monotonic() + READY_SECONDS
    while (reasons := reasons_not_ready(address)) and time.monotonic() < deadline:
        if supervisor.getProcessInfo(f"site:{name}")["statename"] == FAILED_TO_START:
            break
        time.sleep(0.1)
    return reasons


def stop_reload(config: HostingConfig, name: str, reasons: list[str]) -> None:
    """End the reload with a message that says what is wrong with a worker."""
    log = config.run_folder / "log" / f"{name}.log"
    if reasons == [NO_ANSWER]:
        problem = f"does not start. The reason is in {log}."
    else:
        problem = f"runs, but: {', '.join(reasons)}."
    raise SystemExit(f"Stopped: {name} {problem} The workers after it still run the old version.")


if __name__ == "__main__":
    main()
