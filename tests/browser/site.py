"""A little web site for one browser test: pages, the packages' static files, and a collector and an API that
answer as the test says. The browser is real and so is the HTTP; only what stands behind it is played."""

import json
import mimetypes
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STATIC_FOLDERS = [ROOT / "tracking/static", ROOT / "recommendations/static"]
API = "/api/recommendations/visitor/"

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    status: int
    body: Json | str = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    after_seconds: float = 0


HANG_UP = Answer(0)
"""Not an answer: the connection is closed without one."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that closes hangs up on its answer, which is what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Site:
    """`pages` by path; the collector's `answers` in turn, then 200; the API's `recommendations`, or 503."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.answers: list[Answer] = []
        self.batches: list[Json] = []
        self.content_types: list[str] = []
        self.arrivals: list[float] = []
        self.recommendations: Json | None = None
        self.api_requests: list[str] = []
        self._server = Server(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def events(self) -> list[Json]:
        """Every event of every batch that came, answered or not, in the order of their coming."""
        return [event for batch in list(self.batches) for event in batch["batch"]]

    def named(self, name: str) -> list[Json]:
        return [event for event in self.events if event.get("event") == name or event["type"] == name]

    def wait_until(self, condition: Callable[[], object], seconds: float = 15) -> None:
        """For what the server sees; what the page shows is waited for with Playwright's `expect`."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"nothing like that in {seconds} s; batches: {self.batches}"
            time.sleep(0.01)

    def collect(self, body: bytes, content_type: str) -> Answer:
        batch: Json = json.loads(body)
        self.content_types.append(content_type)
        self.arrivals.append(time.monotonic())
        self.batches.append(batch)
        if self.answers:
            return self.answers.pop(0)
        results = [{"messageId": event["messageId"], "status": "accepted"} for event in batch["batch"]]
        return Answer(200, {"success": True, "results": results})

    def find(self, path: str) -> tuple[bytes, str] | None:
        if path in self.pages:
            return self.pages[path].encode(), "text/html; charset=utf-8"
        if path.startswith("/static/"):
            files = [folder / path.removeprefix("/static/") for folder in STATIC_FOLDERS]
            for file in filter(Path.is_file, files):
                return file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        if path.startswith(("/image/", "/favicon.ico")):
            return DRAWING.encode(), "image/svg+xml"
        return None

    def _handler(site) -> type[BaseHTTPRequestHandler]:  # noqa: N805 (the handler has a self of its own)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == API:
                    site.api_requests.append(self.path)
                    found = site.recommendations
                    return self.answer(Answer(200, found) if found else Answer(503))
                content = site.find(path)
                if content is None:
                    return self.answer(Answer(404))
                return self.write(200, *content, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = site.collect(body, self.headers["Content-Type"])
                time.sleep(answer.after_seconds)
                self.answer(answer)

            def answer(self, answer: Answer) -> None:
                if answer is HANG_UP:
                    self.close_connection = True
                    return
                body = (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
                self.write(answer.status, body, "application/json", answer.headers)

            def write(self, status: int, body: bytes, content_type: str, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": content_type, **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Not into the tests' output."""

        return Handler


DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 320">
<rect width="320" height="320" fill="#e6ddcf"/>
<path d="M90 120h140l-16 120a20 20 0 0 1-20 18h-68a20 20 0 0 1-20-18z" fill="#5d7f73"/></svg>"""
