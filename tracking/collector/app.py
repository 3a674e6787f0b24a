"""The collector as an ASGI application: Segment's HTTP tracking API under /v1/.

It stands before Django, whose requests cost more than an event does. What is not the collector's goes on to it.
"""

import asyncio
import contextlib
import gc
import logging
import math
from collections.abc import Awaitable, Callable
from functools import partial
from io import BytesIO
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError

from tracking.collector import cors
from tracking.collector.answers import Answer, come_again, failure, refused
from tracking.collector.intake import BATCH, Intake
from tracking.collector.request import (
    Capacity,
    ClientGoneError,
    Message,
    OverloadedError,
    Receive,
    Request,
    Scope,
    SlowBodyError,
    read_body,
    unpacked,
)
from tracking.counts import counts, say_counted, write
from tracking.database import in_database
from tracking.delivery.delivery import Delivery, NotKeptError
from tracking.events import ACTIVITY, EventType
from tracking.identities import IdentitiesAwayError
from tracking.keys import ring
from tracking.refusals import RejectedError

SHORT: Final = {
    "t": "track",
    "p": "page",
    "i": "identify",
    "a": "alias",
    "g": "group",
    "s": "screen",
    "b": BATCH,
}
"""The browser SDK's short paths."""
KINDS: Final = {f"/v1/{name}": name for name in (*EventType, BATCH)} | {
    f"/v1/{short}": name for short, name in SHORT.items() | {"import": BATCH}.items()
}
METRICS: Final = "/v1/m"
"""Where Segment's browser SDK reports on itself: answered, and not kept."""
PROJECTS: Final = "/v1/projects/"
CLOSE_SECONDS: Final = 10.0
COUNT_SECONDS: Final = 1.0
SAY_SECONDS: Final = 5.0
OVERLOAD_SECONDS: Final = 2

Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

logger = logging.getLogger(__name__)


class Collector:
    """Answers the collector's addresses; everything else goes to `app`."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.capacity = Capacity()
        self.intake: Intake | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.tasks: list[asyncio.Task[None]] = []
        self.run = uuid4()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/")
        if path in KINDS:
            await self._respond(scope, receive, send, KINDS[path])
        elif path == METRICS:
            origin = Request(scope).headers.get("origin")
            await respond(send, Answer(200, {"success": True}, cors.headers_for(origin)))
        elif path.startswith(PROJECTS) and path.endswith("/settings"):
            await self._send_settings(scope, send, path.removeprefix(PROJECTS).removesuffix("/settings"))
        else:
            await self.app(scope, receive, send)

    async def lifespan(self, _: Scope, receive: Receive, send: Send) -> None:
        """Starts with the server, and ends with everything that was accepted on its way."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._ready().delivery.producer.warm_up(settings.KAFKA_TOPIC_PREFIX + ACTIVITY)
                collect_garbage_seldom()
                await ring.find("")  # gives the environment's key its row, so that the admin shows it
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def close(self) -> None:
        """Waits for what is on its way to the brokers, and writes the last counts."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks = []
        if self.intake:
            await self.intake.delivery.close(CLOSE_SECONDS)
            self.intake = None
        with contextlib.suppress(DatabaseError):
            await in_database(write, counts.take())
            await in_database(partial(say_counted, ended=True), self.run)

    def _ready(self) -> Intake:
        """The intake of the running loop."""
        loop = asyncio.get_running_loop()
        if self.intake is None or self.loop is not loop:
            self.loop = loop
            self.intake = Intake(Delivery())
            self.tasks = [
                loop.create_task(self.intake.delivery.look()),
                loop.create_task(keep_counting(self.run)),
            ]
        return self.intake

    async def _respond(self, scope: Scope, receive: Receive, send: Send, kind: str) -> None:
        request = Request(scope)
        origin = request.headers.get("origin")
        if scope["method"] == "OPTIONS":
            await ring.find("")
            asked = request.headers.get("access-control-request-headers")
            await respond(send, Answer(204, {}, cors.preflight_headers(origin, asked)))
            return
        if scope["method"] != "POST":
            told = failure("method_not_allowed", "Only POST is answered here.")
            await respond(send, Answer(405, told, [(b"allow", b"POST, OPTIONS")]))
            return
        try:
            answer = await self._take(request, receive, kind)
        except ClientGoneError:
            return
        await respond(send, answer._replace(headers=[*answer.headers, *cors.headers_for(origin)]))

    async def _take(self, request: Request, receive: Receive, kind: str) -> Answer:
        """Reads the body and has it answered, within what this process may hold."""
        intake = self._ready()
        capacity = self.capacity
        if capacity.requests >= capacity.most_requests:
            return come_again(503, "The collector is busy; keep the events and send again.", OVERLOAD_SECONDS)
        capacity.requests += 1
        held = 0
        try:
            raw = await read_body(receive, capacity)
            held = len(raw)
            request.body = raw
            request.body = unpacked(raw, request.headers.get("content-encoding", ""))
            return await intake.answer(request, kind)
        except RejectedError as error:
            with contextlib.suppress(NotKeptError, IdentitiesAwayError):
                return await intake.refuse(request, kind, error)
            return refused(error)
        except SlowBodyError:
            return Answer(408, failure("slow_body", "The body did not come in time."))
        except OverloadedError:
            return come_again(503, "The collector is busy; keep the events and send again.", OVERLOAD_SECONDS)
        finally:
            capacity.requests -= 1
            capacity.give_back(held)

    async def _send_settings(self, scope: Scope, send: Send, key: str) -> None:
        """What Segment's browser SDK asks for first: which integrations there are."""
        headers = cors.headers_for(Request(scope).headers.get("origin"))
        if await ring.find(key) is None:
            await respond(send, Answer(404, {"reason": "There is no such write key."}, headers))
            return
        asked = ASGIRequest(scope, BytesIO())  # Django's, which knows what a proxy says of host and scheme
        try:
            host = asked.get_host()
        except DisallowedHost as error:
            await respond(send, Answer(400, {"reason": str(error)}, headers))
            return
        segment = {"apiKey": key, "apiHost": f"{host}/v1", "protocol": asked.scheme}
        content = {
            "integrations": {"Segment.io": segment},
            "plan": {"track": {"__default": {"enabled": True}}},
            "metrics": {"sampleRate": 0},
        }
        await respond(send, Answer(200, content, headers))


def collect_garbage_seldom() -> None:
    """Events come and go by the thousand and hold no cycles: looking for some at the usual pace is a tenth of the
    processor's time.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def keep_counting(run: UUID) -> None:
    """Writes the counts each second, for ever; what cannot be written waits. Says now and then that all is written."""
    said = -math.inf
    while True:
        await asyncio.sleep(COUNT_SECONDS)
        taken = counts.take()
        try:
            await in_database(write, taken)
            if taken or asyncio.get_running_loop().time() > said + SAY_SECONDS:
                await in_database(say_counted, run)
                said = asyncio.get_running_loop().time()
        except DatabaseError as error:
            counts.put_back(taken)
            logger.debug("The counts cannot be written: %s", error)


async def respond(send: Send, answer: Answer) -> None:
    """Sends the whole response."""
    body = b"" if answer.status == 204 else answer.body
    headers: list[Any] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
