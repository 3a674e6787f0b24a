"""What a drill owes the installation, and who pays when the drill cannot.

A drill says what it owes *before* it strikes. It puts back itself, in reverse; where it is killed, a small process of
its own does so, which holds the other end of a pipe and outlives it.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from services.home import CHECKOUT, Home
from services.process import PART, STACK
from streaming.drills.ways import WAYS


class Debts:
    """What has been changed and not put back yet. Use `open_debts`."""

    def __init__(self, pipe: Any) -> None:
        self.pipe = pipe
        self.owed: dict[int, tuple[str, dict[str, Any]]] = {}
        self.count = 0

    def owe(self, way: str, **arguments: Any) -> int:
        """Said before anything is changed; the guard puts it back where this process is killed before it has paid."""
        self.count += 1
        self.owed[self.count] = (way, arguments)
        self._tell({"owed": self.count, "way": way, "arguments": arguments})
        return self.count

    def pay(self, number: int) -> None:
        """Puts it back; may block for as long as that takes."""
        way, arguments = self.owed[number]
        WAYS[way](**arguments)
        del self.owed[number]
        self._tell({"paid": number})

    @contextmanager
    def owing(self, way: str, **arguments: Any) -> Iterator[None]:
        """Puts back, in the given way, at the end of the block."""
        number = self.owe(way, **arguments)
        try:
            yield
        finally:
            self.pay(number)

    @asynccontextmanager
    async def owing_aside(self, way: str, **arguments: Any) -> AsyncIterator[None]:
        """As `owing`, in a thread: load and watchers go on meanwhile."""
        number = self.owe(way, **arguments)
        try:
            yield
        finally:
            await asyncio.to_thread(self.pay, number)

    def _tell(self, line: dict[str, Any]) -> None:
        self.pipe.write(json.dumps(line).encode() + b"\n")
        self.pipe.flush()


@contextmanager
def open_debts(home: Home) -> Iterator[Debts]:
    """Debts with a guard beside them. It belongs to no part of the stack, so that nobody takes it along."""
    environment = {name: value for name, value in os.environ.items() if name not in (STACK, PART)}
    with home.log("drill-guard").open("ab") as log:
        guard = subprocess.Popen(
            [sys.executable, "-m", "streaming.drills.guard"],
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    assert guard.stdin is not None
    try:
        yield Debts(guard.stdin)
    finally:
        guard.stdin.close()
        guard.wait()
