"""Another site: pages that load Segment's browser SDK as npm has it, from an origin that is not the shop's."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.clients.packages import MODULES

SDK = MODULES / "@segment" / "analytics-next" / "dist" / "umd"
PAGE = b"""<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Another site</title>
<script src="/sdk/index.js"></script>"""


class OtherSite:
    """Serves one page, and the SDK under /sdk/."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(SDK)))
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/sdk/"):
            self.path = self.path.removeprefix("/sdk")
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: Any) -> None:
        """Not into the tests' output."""
