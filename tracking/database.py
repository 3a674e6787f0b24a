"""Postgres from the event loop: in two threads of their own, which keep their connections."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, connection

P = ParamSpec("P")
T = TypeVar("T")

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tracking-postgres")


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` returns. After an error of the database its thread begins with a new connection."""

    def call() -> T:
        try:
            return function(*args, **kwargs)
        except (DatabaseError, InterfaceError):
            connection.close()
            raise

    return await asyncio.get_running_loop().run_in_executor(_threads, call)
