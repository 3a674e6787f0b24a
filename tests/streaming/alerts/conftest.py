"""A clock that tests set, and a server that takes webhooks."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.utils import timezone

from streaming.alerts import watch
from streaming.alerts.models import AlertRule
from streaming.models import Sample


@dataclass
class Hook:
    """What a webhook was sent, and what it answers."""

    address: str = ""
    status: int = 204
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.calls]


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            hook.calls.append((dict(self.headers), self.rfile.read(length)))
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    hook.address = f"http://127.0.0.1:{server.server_port}/alerts"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield hook
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def start(db: None, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """A moment from which on alerts are watched."""
    now = timezone.now()
    monkeypatch.setattr(watch, "_watching_since", now)
    return now


def measured(at: datetime, value: float, *, seconds: int = 60, label: str = "activity") -> None:
    """Samples of the lag every 5 s of so many seconds up to a moment."""
    Sample.objects.bulk_create(
        Sample(metric="lag_events", label=label, at=at - timedelta(seconds=ago), value=value)
        for ago in range(0, seconds + 1, 5)
    )


def lag_rule(**fields: Any) -> AlertRule:
    """The only rule there is."""
    AlertRule.objects.all().delete()
    rule = {"name": "Spark is behind", "metric": "lag_events", "threshold": 100, "seconds": 60}
    return AlertRule.objects.create(**(rule | fields))
