"""Lists of recommendations as the server sends them, and the page and socket that bring them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

Json = dict[str, Any]

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def moment(after_ms: int, start: datetime = NOW) -> str:
    at = start + timedelta(milliseconds=after_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def trace(event_id: str = "event-1", batch_id: int | None = None, start: datetime = NOW) -> Json:
    """An event received after 12 ms, pushed after 52 and, with a batch, counted by Spark after 800."""
    return {
        "eventId": event_id,
        "topic": "activity",
        "partition": 3,
        "offset": 1207,
        "batchId": batch_id,
        "occurredAt": moment(0, start),
        "receivedAt": moment(12, start),
        "computedAt": None if batch_id is None else moment(800, start),
        "pushedAt": moment(52, start),
    }


def item(name: str, *, because: str | None = "Green tea", traced: Json | None = None, **changes: Any) -> Json:
    trending: Json = {"kind": "trending", "productId": None, "title": None}
    return {
        "productId": name,
        "title": f"Product {name}",
        "url": f"/p/{name}/",
        "image": f"/image/{name}.svg",
        "price": 24.9,
        "currency": "EUR",
        "score": 1.0,
        "reason": {"kind": "viewed", "productId": "green", "title": because} if because else trending,
        "trace": traced,
    } | changes


def recommendations(version: int, items: list[Json] | str, as_of: str | None = None) -> Json:
    """`items` may be names, one letter each."""
    return {
        "type": "recommendations",
        "visitorId": "v1",
        "version": version,
        "asOf": as_of or moment(0, datetime.now(UTC)),
        "items": [item(name) for name in items] if isinstance(items, str) else items,
    }


class Sockets:
    """Plays the server's end of the socket: each connection gets `first`, or is shut where that is None."""

    def __init__(self, page: Page, first: Json | None) -> None:
        self.first = first
        self.opened: list[WebSocketRoute] = []
        self.received: list[str | bytes] = []
        page.route_web_socket("**/ws/recommendations/", self._accept)

    def _accept(self, socket: WebSocketRoute) -> None:
        self.opened.append(socket)
        socket.on_message(lambda message: self.received.append(message))
        if self.first is None:
            socket.close(code=1011)
        else:
            socket.send(dump(self.first))

    def send(self, message: Json) -> None:
        self.opened[-1].send(dump(message))

    def wait_for(self, page: Page, condition: Callable[[], object], seconds: float = 15) -> None:
        """Waits while Playwright goes on serving the sockets."""
        for _ in range(int(seconds * 50)):
            if condition():
                return
            page.wait_for_timeout(20)
        raise AssertionError(f"nothing like that in {seconds} s; {len(self.opened)} sockets, {self.received}")


def dump(message: Json) -> str:
    return json.dumps(message)
