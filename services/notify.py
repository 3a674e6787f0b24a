"""The sockets on which parts say that they are ready (systemd's notify protocol)."""

import shutil
import socket
import tempfile
from pathlib import Path


class NotifySockets:
    """One datagram socket for each part, so that a message needs no further proof of who sent it."""

    def __init__(self) -> None:
        # Not in the stack's home: the address of a socket must be shorter than a path may be.
        self.folder = Path(tempfile.mkdtemp(prefix="tributary-"))
        self.sockets: dict[str, socket.socket] = {}

    def open(self, part: str) -> str:
        """The address for the part's NOTIFY_SOCKET. What an earlier process of the part said is dropped."""
        path = self.folder / part
        if part in self.sockets:
            self.receive(part)
        else:
            receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            receiver.setblocking(False)
            receiver.bind(str(path))
            self.sockets[part] = receiver
        return str(path)

    def receive(self, part: str) -> list[dict[str, str]]:
        """The messages that have come since the last call, oldest first."""
        messages = []
        while part in self.sockets:
            try:
                datagram = self.sockets[part].recv(65536)
            except BlockingIOError:
                break
            lines = datagram.decode(errors="replace").splitlines()
            messages.append(dict(line.split("=", 1) for line in lines if "=" in line))
        return messages

    def close(self) -> None:
        for receiver in self.sockets.values():
            receiver.close()
        shutil.rmtree(self.folder, ignore_errors=True)
