"""HTTP/1.1 on one connection, as bare as it can be: any bytes can be sent, and what it costs is not the client's."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """Requests one after the other; opened when it is needed, and again after the server has closed it."""

    def __init__(self, shop: str) -> None:
        address = urlsplit(shop)
        self.host, self.port = address.hostname or "", address.port or 80
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer. Raises OSError where there is none: whether the server has read the request is unknown."""
        if self.streams is None:
            self.streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self.streams
        try:
            writer.write(self.head(method, path, len(body), headers or {}) + body)
            await writer.drain()
            answer = await read_answer(reader)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError) as error:
            self.close()
            if isinstance(error, asyncio.IncompleteReadError):
                raise ConnectionError("The server closed the connection.") from error
            raise
        if answer.headers.get("connection") == "close":
            self.close()
        return answer

    def head(self, method: str, path: str, length: int, headers: Mapping[str, str]) -> bytes:
        """The request up to its body."""
        lines = [f"{method} {path} HTTP/1.1", f"host: {self.host}:{self.port}", f"content-length: {length}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """The next answer. Raises asyncio.IncompleteReadError where the connection ends before it does."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name
    }
    length = int(headers.get("content-length", 0))
    return Answer(int(first.split()[1]), headers, await reader.readexactly(length))
