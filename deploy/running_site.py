"""Asks a running site: its supervisord, and whether its workers are ready."""

import http.client
import json
import re
from typing import Any, cast
from xmlrpc.client import ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from deploy.hosting_config import HostingConfig

READY_PATH = "/readyz"
READY = ("ready", "partly")  # the states of a part with which a worker is ready
NO_ANSWER = "no answer"


def connect_supervisor(config: HostingConfig) -> Any:
    """The XML-RPC client of supervisord. SystemExit if supervisord does not run."""
    # User name and password are those of supervisord.conf. The transport connects to the unix
    # socket; the host name of the URL is not used.
    socket_url = f"unix://{config.supervisor_socket}"
    transport: Any = SupervisorTransport("site", "site", socket_url)
    supervisor = cast(Any, ServerProxy("http://localhost", transport=transport)).supervisor
    try:
        supervisor.getState()
    except OSError:
        raise SystemExit(
            f"Nothing runs from {config.run_folder}: start it with `make serve`."
        ) from None
    return supervisor


def running_worker_addresses(config: HostingConfig) -> list[str]:
    """The addresses of the workers that were started. WORKERS may have changed since then."""
    lines = (config.nginx_folder / "workers.conf").read_text()
    return re.findall(r"^server (\S+)", lines, re.MULTILINE)


def reasons_not_ready(address: str) -> list[str]:
    """Why a worker is not ready, for example ["redis away"]. Empty if it is ready, also if one of
    several Redis servers is away: no worker can change that."""
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", READY_PATH)
        states: dict[str, str] = json.load(connection.getresponse())
    except (OSError, http.client.HTTPException, ValueError):
        return [NO_ANSWER]
    finally:
        connection.close()
    return [f"{part} {state}" for part, state in states.items() if state not in READY]
