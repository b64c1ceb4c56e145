"""The packet thread, seen from the event loop: it starts, stops, and tells when something is handed up."""

import asyncio
import os
import threading
from collections.abc import Callable

from sfu.fastpath.fastpath import FastPath

STOPS_WITHIN_S = 5.0


class PacketsEnded(Exception):
    """The packet thread has ended by itself, for a fault of ours. Nothing is forwarded any more."""


class PacketThread:
    """One for a FastPath; from `start` to `stop` it reads all ports."""

    def __init__(self, fastpath: FastPath, on_told: Callable[[], None]) -> None:
        """on_told: called from the event loop when there are hand-ups or outgoing packets of streams."""
        self._fastpath = fastpath
        self._on_told = on_told
        self._thread: threading.Thread | None = None
        self._told = self._kick = -1
        self._ended = asyncio.Event()

    def start(self) -> None:
        self._told, self._kick = (os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC) for _ in range(2))
        loop = asyncio.get_running_loop()
        loop.add_reader(self._told, self._hear)
        self._fastpath.begin_work(self._told, self._kick)
        # A daemon: a process that fails must not wait for it.
        self._thread = threading.Thread(target=self._work, args=(loop,), name="packets", daemon=True)
        self._thread.start()

    async def watch(self) -> None:
        """Until cancelled. Raises PacketsEnded."""
        await self._ended.wait()
        raise PacketsEnded

    def stop(self) -> None:
        """No packet is read after this. May be said again."""
        if self._thread is None:
            return
        self._fastpath.stop_work()
        self._thread.join(STOPS_WITHIN_S)
        self._thread = None
        asyncio.get_running_loop().remove_reader(self._told)
        os.close(self._told)
        os.close(self._kick)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._fastpath.work()
        finally:
            loop.call_soon_threadsafe(self._ended.set)

    def _hear(self) -> None:
        os.eventfd_read(self._told)
        self._on_told()
