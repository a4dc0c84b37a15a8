"""`make status`: prints which processes run and whether each worker is ready."""

import sys
from typing import Any

from deploy import nginx_config
from deploy.hosting_config import HostingConfig, parse, print_now, read_environment
from deploy.running_site import connect_supervisor, reasons_not_ready, running_worker_addresses

RUNS = ("RUNNING", "STARTING")


def main() -> None:
    """Print one line per process, and a sentence per problem. Exit code 1 if there is one."""
    config = parse(read_environment())
    processes = connect_supervisor(config).getAllProcessInfo()
    workers = {
        f"worker_{number}": (address, reasons_not_ready(address))
        for number, address in enumerate(running_worker_addresses(config), start=1)
    }
    problems = []
    for process in processes:
        details = [process["description"]] if process["description"] else []
        if process["name"] in workers:
            address, reasons = workers[process["name"]]
            details.append(f"{address} {', '.join(reasons) or 'ready'}")
            if reasons:
                problems.append(f"{process['name']} is not ready: {', '.join(reasons)}.")
        elif not runs(config, process):
            log = config.run_folder / "log" / f"{process['name']}.log"
            problems.append(f"{process['name']} does not run. The reason is in {log}.")
        print_now(f"{process['name']:<10} {process['statename']:<9} {'; '.join(details)}")
    sys.exit("\n".join(problems) or 0)


def runs(config: HostingConfig, process: dict[str, Any]) -> bool:
    """Whether a process that is not a worker does what it should."""
    if process["name"] == "redis" and process["description"] == "Not started":
        return True  # REDIS_URL names another Redis
    if process["name"] == "nginx":
        return nginx_config.has_started(config, process["pid"])
    return process["statename"] in RUNS


if __name__ == "__main__":
    main()
