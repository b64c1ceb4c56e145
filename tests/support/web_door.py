"""A web door over TLS, and clients that misuse it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from signaling.connections.connection import abort
from tests.support.certificate import self_signed
from tests.support.control import PATIENCE_S, Control, running_control

ADDRESS = "127.0.0.1"


@asynccontextmanager
async def running_door(folder: Path) -> AsyncIterator["WebDoor"]:
    """A control plane over TLS, until the block ends."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(self_signed(folder, ADDRESS))
    async with running_control(folder, tls=tls) as control:
        door = WebDoor(control)
        try:
            yield door
        finally:
            door.close()


class WebDoor:
    def __init__(self, control: Control) -> None:
        self.control = control
        self.port = int(control.authority.rpartition(":")[2])
        self._writers: list[asyncio.StreamWriter] = []
        self._sockets: list[socket.socket] = []

    def bare(self, number: int) -> list[socket.socket]:
        """TCP connections that say nothing."""
        made = [socket.create_connection((ADDRESS, self.port)) for _ in range(number)]
        self._sockets += made
        return made

    async def tls(self, said: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection that has said this."""
        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection(ADDRESS, self.port, ssl=anybody)
        self._writers.append(writer)
        writer.write(said)
        return reader, writer

    async def get(self, path: str, cookie: str = "", **headers: str) -> bytes:
        """The answer on a connection of its own."""
        lines = [f"GET {path} HTTP/1.1", "Host: x", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if cookie:
            lines.append(f"Cookie: giaoban={cookie}")
        reader, writer = await self.tls("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.read()
        writer.close()
        return answer

    def close(self) -> None:
        for writer in self._writers:
            abort(writer.transport)
        for one in self._sockets:
            one.close()


async def ended(reader: asyncio.StreamReader) -> bool:
    """The server has closed this connection, with a word or without."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await reader.read(65536):
                pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True
