"""`manage.py shoppers` as a process: what the process manager sees of it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from shop.models import Product

REPOSITORY = Path(__file__).resolve().parents[2]


class Shop(BaseHTTPRequestHandler):
    """Gives everyone a cookie, suggests something, and accepts every event."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b'{"items": [{"productId": "mug-001"}]}')

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        results = [{"messageId": e["messageId"], "status": "accepted"} for e in body["batch"]]
        self._answer(json.dumps({"success": True, "results": results}).encode())

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Set-Cookie", "visitor=someone; Path=/")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """The test's output is not the place for an access log."""


@pytest.fixture
def shop_address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def environment(notify_socket: Path) -> dict[str, str]:
    database = urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}")
    return os.environ | {"DATABASE_URL": database.geturl(), "NOTIFY_SOCKET": str(notify_socket)}


def test_shoppers_say_when_they_are_ready_and_stop_when_told(
    stocked_shop: None, shop_address: str, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        command = [sys.executable, "manage.py", "shoppers", "--rate", "50", "--address", shop_address]
        with subprocess.Popen(
            command, cwd=REPOSITORY, env=environment(tmp_path / "notify"), stdout=subprocess.PIPE, text=True
        ) as shoppers:
            try:
                assert manager.recv(200) == b"READY=1\nSTATUS=shopping"
                shoppers.send_signal(signal.SIGTERM)
                said, _ = shoppers.communicate(timeout=20)
            finally:
                shoppers.kill()
    assert shoppers.returncode == 0
    assert "gone home after" in said


@pytest.mark.django_db
def test_shop_without_products_is_an_error_that_says_what_to_do() -> None:
    Product.objects.all().delete()
    with pytest.raises(CommandError, match="load_catalogue"):
        call_command("shoppers", "--rate", "1")


@pytest.mark.parametrize("rate", ["0", "-1", "many"])
def test_rate_must_be_a_number_above_nought(rate: str) -> None:
    with pytest.raises(CommandError, match="--rate"):
        call_command("shoppers", "--rate", rate)
