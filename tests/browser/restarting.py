"""A site without workers, as nginx serves it: every page is static/away.html, with status 503."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.processes import ROOT


class Handler(SimpleHTTPRequestHandler):
    """Answers one request. The files of static/ are served as usual."""

    def do_GET(self):
        if self.path.startswith("/static/"):
            super().do_GET()
        elif self.server.is_back:
            self.answer(200, b"<!doctype html><title>The page</title><h1>The page</h1>")
        else:
            self.answer(503, (ROOT / "static" / "away.html").read_bytes())

    def do_HEAD(self):
        self.answer(200 if self.server.is_back else 503, b"")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class RestartingSite(ThreadingHTTPServer):
    """Listens on a free port while the context is open. `is_back`: whether workers run again."""

    is_back = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=ROOT))
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def __enter__(self):
        Thread(target=self.serve_forever, daemon=True).start()
        return super().__enter__()

    def __exit__(self, *failure):
        self.shutdown()
        super().__exit__(*failure)
