"""`python -m config.server`: serves the site. Takes the options of Daphne's command line."""

import sys

from config.server.event_loop import prefer_uvloop

prefer_uvloop()  # Daphne makes its event loop when its server is imported.

from config.server.server import Main  # noqa: E402

Main().run(sys.argv[1:])
