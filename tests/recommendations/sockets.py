"""A page's socket, in this process: the routes and the visitor's cookie as in `web`, the channel layer real."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from channels.routing import URLRouter

from recommendations.routing import websocket_urlpatterns
from recommendations.session.presence import group_of_visitor
from tracking.visitors import COOKIE, VisitorScope, cookie_of_visitor

SECONDS = 10
QUIET_SECONDS = 0.3
"""How long nothing must come where nothing should."""


class Socket:
    """What the page sees of its socket."""

    def __init__(self, cookie: str | None) -> None:
        headers = [] if cookie is None else [(b"cookie", f"{COOKIE}={cookie}".encode())]
        scope = {"type": "websocket", "path": "/ws/recommendations/", "headers": headers}
        routes = VisitorScope(URLRouter(websocket_urlpatterns))
        self.application: Any = ApplicationCommunicator(routes, scope)  # type: ignore[no-untyped-call]

    async def next_list(self) -> dict[str, Any]:
        message = await self.next_message()
        content: dict[str, Any] = json.loads(message["text"])
        assert content["type"] == "recommendations"
        return content

    async def next_message(self) -> dict[str, Any]:
        """Of the ASGI protocol: a frame that was sent, or the closing of the socket."""
        message: dict[str, Any] = await self.application.receive_output(SECONDS)
        return message

    async def is_quiet(self) -> bool:
        return bool(await self.application.receive_nothing(QUIET_SECONDS))

    async def send(self, content: Any) -> None:
        await self.send_frame(text=json.dumps(content))

    async def send_frame(self, **frame: str | bytes) -> None:
        """A frame as it is: `text="..."` or `bytes=b"..."`."""
        await self.application.send_input({"type": "websocket.receive", **frame})


@asynccontextmanager
async def opened(cookie: str | None) -> AsyncIterator[Socket]:
    """A socket with this cookie, which the page closes at the end."""
    socket = Socket(cookie)
    await socket.application.send_input({"type": "websocket.connect"})
    assert (await socket.next_message())["type"] == "websocket.accept"
    try:
        yield socket
    finally:
        if not socket.application.future.done():
            await socket.application.send_input({"type": "websocket.disconnect", "code": 1001})
            await socket.application.wait(SECONDS)


def of_visitor(visitor_id: str) -> AbstractAsyncContextManager[Socket]:
    """A socket of the visitor's page."""
    return opened(cookie_of_visitor(visitor_id))


async def wake(visitor_id: str) -> None:
    """What the push process does when the visitor's list has changed."""
    await get_channel_layer().group_send(group_of_visitor(visitor_id), {"type": "list.changed"})
