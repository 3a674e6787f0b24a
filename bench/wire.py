"""An HTTP load on few connections that costs the machine little: requests are bytes made before, answers are read
by their length. What httpx spends on a request would be taken from the server under test."""

import asyncio
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

LENGTH = b"content-length:"


async def send_all(
    address: str, requests: Sequence[bytes], connections: int, *, rate: float | None = None
) -> tuple[list[float], float]:
    """Milliseconds of each request, and the seconds that all took; with a `rate`, as many requests a second.

    With a rate, a request's time counts from when it was due: one that waits for a free connection is late.
    Raises RuntimeError at the first answer that is not 200.
    """
    host, port = urlsplit(address).hostname, urlsplit(address).port
    times: list[float] = []
    began = time.perf_counter()
    due = iter(enumerate(requests))

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for number, request in due:
            started = time.perf_counter()
            if rate:
                started = began + number / rate
                await asyncio.sleep(max(0.0, started - time.perf_counter()))
            writer.write(request)
            await answer(reader)
            times.append((time.perf_counter() - started) * 1000)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(connections)))
    return times, time.perf_counter() - began


async def answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    length = int(lower[lower.index(LENGTH) + len(LENGTH) :].split(b"\r\n", 1)[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"The collector answered {head.splitlines()[0]!r}: {body!r}")
