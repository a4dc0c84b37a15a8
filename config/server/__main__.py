"""`python -m config.server`: serves the site. Takes the options of Daphne's command line."""

import os
import signal
import sys

# Until the server installs its own handler. Process 1 of a container ignores a SIGTERM for which it
# has no handler, and would be killed at the end of the grace period.
signal.signal(signal.SIGTERM, lambda number, frame: os._exit(128 + number))

from config.server.event_loop import prefer_uvloop  # noqa: E402

prefer_uvloop()  # Daphne makes its event loop when its server is imported.

from config.server.server import Main  # noqa: E402

Main().run(sys.argv[1:])
