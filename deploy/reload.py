"""`make reload`: deploys a new version to a running site, one worker after the other.

While a worker restarts, nginx sends requests to the others. Clients of that worker reconnect to
another one and continue at their cursor. A worker that does not become ready with the new version
goes back to the version that it had.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault

from deploy import nginx_config, releases
from deploy.hosting_config import ROOT, HostingConfig, parse, print_now, read_environment
from deploy.running_site import (
    NO_ANSWER,
    connect_supervisor,
    reasons_not_ready,
    running_worker_addresses,
)

READY_SECONDS = 60.0  # until a restarted worker answers
AWAY_SECONDS = 10.0  # until a worker that answers is ready
FAILED_TO_START = "BACKOFF"  # supervisor's state of a process that ended during its start


def main() -> None:
    """Copy the code, migrate, collect the static files, then restart each worker."""
    os.umask(0o077)  # other users must not read the code's `.env`
    config = parse(read_environment())
    supervisor = connect_supervisor(config)
    lock_reload(config)
    nginx_files = nginx_config.write_next(config)
    release = releases.create(config)
    try:
        config.prepare(release)
        releases.keep_manifest(config, release)
        workers = running_worker_addresses(config)
        for number, address in enumerate(workers, start=1):
            # Connections stay on an old nginx process until they end. Most have ended when all
            # workers have restarted, if nginx changes before the last of them does; and when the
            # first one is ready, the new version is known to start.
            if number == min(2, len(workers)):
                nginx_config.apply_next(config, supervisor, nginx_files)
            reload_worker(config, supervisor, f"worker_{number}", address, release)
            print_now(f"worker_{number} restarted on {address}")
        releases.point(config, releases.CURRENT, release)
        restart_watchdog(supervisor)
    finally:
        releases.remove_unused(config)
    if is_supervisor_conf_new(config):
        print_now("Note: deploy/supervisord.conf has changed. It is read at the next start.")


def is_supervisor_conf_new(config: HostingConfig) -> bool:
    """Whether supervisord was started with another configuration file."""
    with suppress(FileNotFoundError):  # an older version started it
        started_with = config.supervisor_conf.read_bytes()
        return started_with != (ROOT / "deploy" / "supervisord.conf").read_bytes()
    return True


def lock_reload(config: HostingConfig) -> None:
    """Lock reloads until this process ends. SystemExit if another one runs."""
    lock = os.open(config.run_folder / "reload.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("Another reload is under way. Try again when it has ended.") from None


def reload_worker(
    config: HostingConfig, supervisor: Any, name: str, address: str, release: Path
) -> None:
    """Restart a worker with a release. If it does not become ready, restart it with the release
    that it had, and raise SystemExit."""
    before = releases.of(config, name)
    releases.point(config, name, release)
    problem = find_problem(config, supervisor, name, address)
    if not problem:
        return
    releases.point(config, name, before)
    with suppress(Fault):
        restart(supervisor, name)
        wait_until_ready(supervisor, name, address, away_seconds=0)
    raise SystemExit(
        f"Stopped: {problem} {name} and the workers after it run the version that they had."
    )


def find_problem(config: HostingConfig, supervisor: Any, name: str, address: str) -> str:
    """Restart a worker, and wait until it is ready. Returns a sentence that says why it is not, or
    "" if it is."""
    try:
        restart(supervisor, name)
    except Fault as fault:
        return (
            f"supervisor does not start {name} ({fault.faultString}). The reason is in "
            "supervisord.log."
        )
    reasons = wait_until_ready(supervisor, name, address, AWAY_SECONDS)
    if reasons == [NO_ANSWER]:
        log = config.run_folder / "log" / f"{name}.log"
        return f"{name} does not start. The reason is in {log}."
    return f"{name} runs, but: {', '.join(reasons)}." if reasons else ""


def restart(supervisor: Any, name: str) -> None:
    """Stop a worker, which first drains its connections, and start it. Fault if supervisor cannot
    start it."""
    with suppress(Fault):  # the worker does not run
        supervisor.stopProcess(f"site:{name}")
    supervisor.startProcess(f"site:{name}", False)


def wait_until_ready(supervisor: Any, name: str, address: str, away_seconds: float) -> list[str]:
    """Wait until a worker is ready. Returns why it is not; empty if it is."""
    deadline = time.monotonic() + READY_SECONDS
    answers = False
    while (reasons := reasons_not_ready(address)) and time.monotonic() < deadline:
        if supervisor.getProcessInfo(f"site:{name}")["statename"] == FAILED_TO_START:
            break
        if reasons != [NO_ANSWER] and not answers:
            answers = True
            deadline = time.monotonic() + away_seconds
        time.sleep(0.1)
    return reasons


def restart_watchdog(supervisor: Any) -> None:
    """Restart the watchdog with the new version."""
    # A site that an older version started has no watchdog until its next start.
    with suppress(Fault):
        restart(supervisor, "watchdog")


if __name__ == "__main__":
    main()
