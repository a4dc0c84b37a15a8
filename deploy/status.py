"""`make status`: prints which processes run and whether each worker is ready."""

import sys

from deploy.hosting_config import parse, print_now, read_environment
from deploy.running_site import connect_supervisor, reasons_not_ready, running_worker_addresses


def main() -> None:
    """Print one line per process. Exit code 1 unless every worker is ready."""
    config = parse(read_environment())
    processes = connect_supervisor(config).getAllProcessInfo()
    workers = {
        f"worker_{number}": (address, reasons_not_ready(address))
        for number, address in enumerate(running_worker_addresses(config), start=1)
    }
    for process in processes:
        details = [process["description"]] if process["description"] else []
        if process["name"] in workers:
            address, reasons = workers[process["name"]]
            details.append(f"{address} {', '.join(reasons) or 'ready'}")
        print_now(f"{process['name']:<10} {process['statename']:<9} {'; '.join(details)}")
    sys.exit(1 if any(reasons for _, reasons in workers.values()) else 0)


if __name__ == "__main__":
    main()
