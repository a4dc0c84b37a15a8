"""Kills a worker that hangs; supervisor then starts it again. It runs under supervisord.

supervisor notices only processes that have ended. A worker hangs if its port accepts connections
(the kernel does that) and `/healthz`, which needs neither the database nor Redis, is not answered.
A worker that starts or drains has no open port.
"""

import asyncio
from contextlib import closing, suppress
from typing import Any
from xmlrpc.client import Fault

from deploy.hosting_config import parse, print_now, read_environment
from deploy.running_site import connect_supervisor, running_worker_addresses

# Several, so that a pause of the whole machine is not taken for a worker that hangs.
PROBES = 3
PAUSE_SECONDS = 1.0
MIN_TIMEOUT_SECONDS = 1.0
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class WatchedWorker:
    """One worker, and how many probes in a row it has not answered."""

    def __init__(self, supervisor: Any, name: str, address: str) -> None:
        self.supervisor = supervisor
        self.name = f"site:{name}"
        self.address = address
        self.silent_probes = 0
        self.process_id = 0

    async def probe(self, seconds: float) -> None:
        """Ask the worker once. Kill it if it has not answered PROBES times."""
        if not await is_silent(self.address, seconds):
            self.silent_probes = 0
            return
        with suppress(Fault):  # supervisor has just started or stopped the process
            self.count()

    def count(self) -> None:
        """Count a probe without an answer. A process that starts or stops is not counted:
        supervisord.conf limits the time that it takes."""
        info = self.supervisor.getProcessInfo(self.name)
        is_running = info["statename"] == "RUNNING"
        if not is_running or info["pid"] != self.process_id:
            self.silent_probes, self.process_id = 0, info["pid"]
        self.silent_probes += is_running
        if self.silent_probes == PROBES:
            self.kill()

    def kill(self) -> None:
        """Kill the process. A stopped process would not receive SIGTERM."""
        self.silent_probes = 0
        self.supervisor.signalProcess(self.name, "KILL")
        print_now(f"{self.name} (process {self.process_id}) hung and was killed.")


async def is_silent(address: str, seconds: float) -> bool:
    """Whether a worker accepts a connection and does not answer within `seconds`."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            with closing(writer):
                writer.write(REQUEST)
                await reader.read(1)
    except TimeoutError:
        return True
    except OSError:
        pass
    return False


async def watch(workers: list[WatchedWorker], seconds: float) -> None:
    """Ask all workers again and again. A worker is killed after `seconds` without an answer."""
    timeout = max(MIN_TIMEOUT_SECONDS, seconds / PROBES - PAUSE_SECONDS)
    while True:
        await asyncio.gather(*(worker.probe(timeout) for worker in workers))
        await asyncio.sleep(PAUSE_SECONDS)


def main() -> None:
    """Watch all workers until a signal."""
    config = parse(read_environment())
    supervisor = connect_supervisor(config)
    workers = [
        WatchedWorker(supervisor, f"worker_{number}", address)
        for number, address in enumerate(running_worker_addresses(config), start=1)
    ]
    if not config.watchdog_seconds:
        workers = []  # the process stays, so that `make status` shows it
    asyncio.run(watch(workers, config.watchdog_seconds))


if __name__ == "__main__":
    main()
