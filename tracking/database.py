"""Postgres from the event loop: in two threads of their own, which keep their connections."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection

PATIENCE_SECONDS: Final = 3.0
MOST_WAITING: Final = 2000
"""Calls that one process may have under way: a Postgres that hangs is not to fill the memory."""

P = ParamSpec("P")
T = TypeVar("T")

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tracking-postgres")
_waiting: set[asyncio.Future[Any]] = set()


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` returns, however long it takes; it goes on where its caller is cancelled.

    After an error of the database its thread begins with a new connection.
    """

    def call() -> T:
        try:
            return function(*args, **kwargs)
        except DatabaseError:
            connection.close()
            raise
        except InterfaceError as error:  # the connection was closed; none of Django's DatabaseErrors
            connection.close()
            raise OperationalError(str(error)) from error

    if len(_waiting) >= MOST_WAITING:
        raise OperationalError("Postgres has not answered what was asked before.")
    called = asyncio.get_running_loop().run_in_executor(_threads, call)
    _waiting.add(called)
    called.add_done_callback(_waiting.discard)
    return await asyncio.shield(called)


async def soon_in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`in_database` for whom a sender waits. Raises OperationalError where it takes longer than patience lasts."""
    try:
        return await asyncio.wait_for(in_database(function, *args, **kwargs), PATIENCE_SECONDS)
    except TimeoutError as error:
        raise OperationalError("Postgres does not answer.") from error
