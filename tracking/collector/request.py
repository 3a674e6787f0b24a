"""What comes in: the headers that matter, and the body, bounded in size, in time and after it is unpacked."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.http.cookie import parse_cookie

from tracking.refusals import Reason, RejectedError

MAX_BODY_BYTES: Final = 500 * 1024
MOST_DISCARDED_BYTES: Final = 32 * 1024 * 1024
"""So much of a body that is too large is read all the same, so that its sender hears why it is refused."""
BODY_SECONDS: Final = 10.0
GZIP: Final = 31
"""zlib's window bits for a gzip header."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class ClientGoneError(Exception):
    """The sender hung up before its body was read: nobody waits for an answer."""


class SlowBodyError(Exception):
    """The body did not come within `BODY_SECONDS`."""


class OverloadedError(Exception):
    """This process holds as much as it can: the sender is to come back in a moment."""


class Capacity:
    """What all requests together may hold in memory, from their first byte to their answer."""

    def __init__(self, most_bytes: int = 64 * 1024 * 1024, most_requests: int = 2000) -> None:
        self.most_bytes = most_bytes
        self.most_requests = most_requests
        self.held_bytes = 0
        self.requests = 0

    def take(self, size: int) -> None:
        """Raises OverloadedError, and takes nothing then."""
        if self.held_bytes + size > self.most_bytes:
            raise OverloadedError
        self.held_bytes += size

    def give_back(self, size: int) -> None:
        self.held_bytes -= size


@dataclass
class Request:
    """A request to the collector."""

    scope: Scope
    body: bytes = b""

    @cached_property
    def headers(self) -> dict[str, str]:
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}

    @property
    def cookies(self) -> dict[str, str]:
        return parse_cookie(self.headers.get("cookie", ""))

    @property
    def user_agent(self) -> str:
        return self.headers.get("user-agent", "")

    @property
    def address(self) -> str:
        """The client's address, "" where the server does not tell: behind a proxy that is trusted, what it says."""
        if settings.SECURE_PROXY_SSL_HEADER and (forwarded := self.headers.get("x-forwarded-for")):
            return forwarded.rpartition(",")[2].strip()
        return (self.scope.get("client") or ("",))[0] or ""

    @property
    def is_of_this_site(self) -> bool:
        """Whether the page that sends is of the host that it sends to, or no page sends at all."""
        origin = self.headers.get("origin")
        return origin is None or origin.partition("://")[2] == self.headers.get("host")


async def read_body(receive: Receive, capacity: Capacity) -> bytes:
    """The body as it came, counted in `capacity`, which the caller gives back.

    Raises RejectedError for one that is too large, SlowBodyError, ClientGoneError and OverloadedError.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                chunk = message.get("body", b"")
                size += len(chunk)
                if size <= MAX_BODY_BYTES:
                    capacity.take(len(chunk))
                    chunks.append(chunk)
                elif size > MOST_DISCARDED_BYTES:
                    break
                if not message.get("more_body"):
                    break
    except BaseException as error:
        capacity.give_back(sum(map(len, chunks)))
        if isinstance(error, TimeoutError):
            raise SlowBodyError from error
        raise
    if size > MAX_BODY_BYTES:
        capacity.give_back(sum(map(len, chunks)))
        raise RejectedError(
            Reason.TOO_LARGE,
            "body",
            f"is larger than {MAX_BODY_BYTES // 1024} KB; send it in several batches",
        )
    return b"".join(chunks)


def unpacked(body: bytes, encoding: str) -> bytes:
    """The body without its Content-Encoding; never more than `MAX_BODY_BYTES`. Raises RejectedError."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise RejectedError(
            Reason.MALFORMED, "body", f"is encoded as {encoding[:40]!r}; the collector accepts gzip"
        )
    unpacking = zlib.decompressobj(GZIP)
    try:
        text = unpacking.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise RejectedError(Reason.MALFORMED, "body", f"is no gzip: {error}") from error
    if len(text) > MAX_BODY_BYTES:
        raise RejectedError(
            Reason.TOO_LARGE, "body", f"is larger than {MAX_BODY_BYTES // 1024} KB when it is unpacked"
        )
    if not unpacking.eof:
        raise RejectedError(Reason.MALFORMED, "body", "is a gzip that ends too early")
    return text
