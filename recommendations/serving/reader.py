"""Reads of lists from the event loop: what is asked while Postgres is busy goes to it together, in one statement."""

import asyncio
import logging
from collections import deque
from typing import Any, Final, NamedTuple

import psycopg
from django.db import connection as django_connection

CONNECTIONS: Final = 2
"""For each process: more would only take turns on the same processors."""
MOST_TOGETHER: Final = 16
MOST_WAITING: Final = 1000
PATIENCE_SECONDS: Final = 5.0
PAUSE_SECONDS: Final = 0.5
"""Between two tries to connect."""
STATEMENT: Final = """
    SELECT recommendations_serve(asked) FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS each_one (asked, place)
    ORDER BY place
"""
OPTIONS: Final = (
    "-c jit=off -c timezone=UTC -c plan_cache_mode=force_generic_plan"
    f" -c statement_timeout={PATIENCE_SECONDS:.0f}s"
)
"""Planned once: the plans are look-ups by key, whatever the parameters."""
NOT_PSYCOPGS: Final = {"cursor_factory", "context", "prepare_threshold", "server_side_binding", "pool"}

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

logger = logging.getLogger(__name__)


class ListsAwayError(Exception):
    """Postgres does not answer."""


class Waiting(NamedTuple):
    """A read, and whom its list goes to."""

    asked: bytes
    answer: asyncio.Future[bytes]


class Reader:
    """Belongs to the event loop in which it was made. `close` gives its connections back."""

    def __init__(self) -> None:
        self.waiting: deque[Waiting] = deque()
        self.wake = asyncio.Event()
        self.tasks = [asyncio.create_task(self._serve()) for _ in range(CONNECTIONS)]

    async def read(self, asked: bytes) -> bytes:
        """The list as JSON, of what `recommendations_serve` takes, as JSON. Raises ListsAwayError."""
        if len(self.waiting) >= MOST_WAITING:
            raise ListsAwayError
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.waiting.append(Waiting(asked, answer))
        self.wake.set()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await answer
        except TimeoutError as error:
            raise ListsAwayError from error

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _serve(self) -> None:
        """Keeps one connection, and answers with it for ever."""
        while True:
            try:
                async with await connect() as connection:
                    while True:
                        await self._answer_next(connection)
            except psycopg.OperationalError as error:
                logger.warning("Lists cannot be read; trying again: %s", error)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _answer_next(self, connection: Connection) -> None:
        while not self.waiting:
            self.wake.clear()
            await self.wake.wait()
        # From here on without a pause: what one connection has seen, the other must not take from under it.
        together = [self.waiting.popleft() for _ in range(min(len(self.waiting), MOST_TOGETHER))]
        together = [each for each in together if not each.answer.done()]
        try:
            await self._answer(connection, together)
        except psycopg.OperationalError:
            for each in reversed(together):  # to be asked again, over another connection
                if not each.answer.done():
                    self.waiting.appendleft(each)
            self.wake.set()
            raise

    async def _answer(self, connection: Connection, together: list[Waiting]) -> None:
        if not together:
            return
        try:
            lists = await ask(connection, [each.asked for each in together])
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            if len(together) > 1:  # one of them is at fault, and only that one is to be told
                for each in together:
                    await self._answer(connection, [each])
            elif not together[0].answer.done():
                together[0].answer.set_exception(error)
            return
        for each, content in zip(together, lists, strict=True):
            if not each.answer.done():
                each.answer.set_result(content)


async def ask(connection: Connection, asked: list[bytes]) -> list[bytes]:
    """The lists, in the order in which they are asked for."""
    async with connection.cursor() as cursor:
        await cursor.execute(STATEMENT, [(b"[" + b",".join(asked) + b"]").decode()], prepare=True)
        result = cursor.pgresult
        assert result is not None
        return [result.get_value(row, 0) or b"" for row in range(result.ntuples)]


async def connect() -> Connection:
    """To the database that Django uses."""
    parameters = django_connection.get_connection_params()
    wanted = {name: value for name, value in parameters.items() if name not in NOT_PSYCOPGS}
    options = f"{wanted.pop('options', '')} {OPTIONS}".strip()
    return await psycopg.AsyncConnection.connect(**wanted, options=options, autocommit=True)
