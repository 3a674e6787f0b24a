"""Hostile bodies on several connections: the collector goes on answering, and grows no larger."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psutil
import pytest

from streaming.drills.connection import Connection, read_answer
from tests.stack import Product
from tests.tracking.hostile import hostile

CONNECTIONS = 8
SLOW = 20
"""Connections that send their body a byte a second, and as many that are left half-open."""
ANSWERS = {200, 400, 401, 413, 503}
HEALTHY_SECONDS = 1.0
MOST_GROWTH = 100 * 1024 * 1024


@dataclass
class Fuzz:
    """What came of it."""

    product: Product
    bodies: int
    seeds: Iterator[int] = field(default_factory=count)
    statuses: Counter[int] = field(default_factory=Counter)
    health: list[float] = field(default_factory=list)
    slow: Counter[int] = field(default_factory=Counter)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    """(bodies sent, bytes of memory of `web`)"""

    async def run(self) -> None:
        beside = [
            asyncio.create_task(self._look()),
            *(asyncio.create_task(self._crawl()) for _ in range(SLOW)),
        ]
        half_open = [await asyncio.open_connection(*self._address()) for _ in range(SLOW)]
        for _, writer in half_open:
            writer.write(b"POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-le")
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(self._send())
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        for _, writer in half_open:
            writer.close()

    def _address(self) -> tuple[str, int]:
        connection = Connection(self.product.shop)
        return connection.host, connection.port

    async def _send(self) -> None:
        connection = Connection(self.product.shop)
        while (seed := next(self.seeds)) < self.bodies:
            address, headers, body = hostile(seed, self.product.write_key)
            try:
                answer = await connection.request("POST", address, body, headers)
            except OSError:
                self.statuses[0] += 1
                continue
            self.statuses[answer.status] += 1
            assert answer.status in ANSWERS, (seed, answer)
            assert answer.status != 503 or int(answer.headers["retry-after"]) > 0
        connection.close()

    async def _look(self) -> None:
        """Ten times a second, whether `web` answers; each second, how large it is."""
        connection = Connection(self.product.shop)
        web = psutil.Process(int(self.product.part("web")["pid"]))
        for turn in count():
            began = time.monotonic()
            answer = await connection.request("GET", "/healthz")
            self.health.append(time.monotonic() - began)
            assert answer.status == 200
            if turn % 10 == 0:
                size = sum(process.memory_info().rss for process in (web, *web.children(recursive=True)))
                self.sizes.append((self.statuses.total(), size))
            await asyncio.sleep(0.1)

    async def _crawl(self) -> None:
        """A body that comes a byte a second is given up by the collector, not by its sender."""
        while True:
            reader, writer = await asyncio.open_connection(*self._address())
            writer.write(Connection(self.product.shop).head("POST", "/v1/batch", 1000, {}))
            answered = asyncio.create_task(read_answer(reader))
            with suppress(OSError):
                while not answered.done():
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.wait({answered}, timeout=1)
            self.slow[(await answered).status] += 1
            writer.close()


async def fuzz(product: Product, bodies: int, settled: int) -> Fuzz:
    """`settled`: after so many bodies `web` has the size that it keeps."""
    log = Path(os.environ["TRIBUTARY_HOME"]) / "log" / "web.log"
    known = log.stat().st_size
    pid = product.part("web")["pid"]
    began = time.monotonic()
    run = Fuzz(product, bodies)

    await run.run()

    assert product.part("web")["pid"] == pid
    assert "Traceback" not in log.read_text()[known:]
    assert run.statuses[0] == 0, "a connection was closed without an answer"
    assert max(run.health) < HEALTHY_SECONDS
    assert set(run.slow) <= {408}
    sizes = [size for sent, size in run.sizes if sent >= settled]
    assert max(sizes) - sizes[0] < MOST_GROWTH
    print(
        f"{bodies} bodies in {time.monotonic() - began:.0f} s: {dict(run.statuses)}, slow ones {dict(run.slow)}; "
        f"/healthz {max(run.health):.3f} s at most; from {sizes[0] >> 20} MB to {sizes[-1] >> 20} MB; "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    return run


async def test_hostile_bodies_are_answered(product: Product) -> None:
    await fuzz(product, 2_000, settled=0)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_a_hundred_thousand_hostile_bodies_are_answered(product: Product) -> None:
    run = await fuzz(product, 100_000, settled=20_000)

    assert run.slow[408] > 0
