"""`python -m deploy.healthcheck URL`: the health check of a container. Slim images have no curl.

With `--kill` it also kills a worker that hangs, because Docker restarts only containers that have
ended. The container needs an init as process 1: no signal from inside kills process 1.
"""

import argparse
import http.client
import os
import signal
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

# Several, so that a pause of the whole machine is not taken for a worker that hangs. Together they
# take less time than compose.yaml allows, so that the reason is printed.
PROBES = 3
TIMEOUT_SECONDS = 3.0
CHILDREN_OF_INIT = Path("/proc/1/task/1/children")


def main() -> None:
    """Ask for a URL. SystemExit with the reason, and exit code 1, unless the answer is 200."""
    parser = argparse.ArgumentParser(prog="python -m deploy.healthcheck", description=__doc__)
    parser.add_argument("url", help="for example http://127.0.0.1:8000/healthz")
    parser.add_argument("--kill", action="store_true", help="kill a worker that does not answer")
    options = parser.parse_args()
    address = urlsplit(options.url)
    if address.scheme != "http" or not address.hostname:
        parser.error(f"{options.url} is not a URL of the form http://host:port/path")
    for _ in range(PROBES):
        try:
            status = ask(address)
        except TimeoutError:
            continue
        except (OSError, http.client.HTTPException) as error:
            raise SystemExit(f"{options.url}: {error or type(error).__name__}") from None
        raise SystemExit(None if status == http.client.OK else f"{options.url}: {status}")
    killed = kill_worker() if options.kill else []
    what = f"killed {', '.join(map(str, killed))}" if killed else "nothing was killed"
    raise SystemExit(f"{options.url}: no answer; {what}")


def ask(address: SplitResult) -> int:
    """The status of a response. TimeoutError if none comes in time, OSError if nothing listens."""
    # Not urlopen: in an environment with HTTP_PROXY it would ask the proxy.
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=TIMEOUT_SECONDS
    )
    connection.request("GET", address.path or "/")
    return connection.getresponse().status


def kill_worker() -> list[int]:
    """Kill what the container's init has started; returns the process ids. A worker that hangs may
    not act on SIGTERM."""
    children = [int(child) for child in CHILDREN_OF_INIT.read_text().split()]
    for child in children:
        os.kill(child, signal.SIGKILL)
    return children


if __name__ == "__main__":
    main()
