"""How a supervised process tells that it lives: a byte each second, through a pipe that only it and the
supervisor have.

Until it is ready a thread beats, since a start may compile for minutes in one piece; from then on the event
loop does, so a loop that hangs falls silent.
"""

import asyncio
import contextlib
import faulthandler
import os
import signal
import threading

BEAT_S = 1.0
MAX_START_S = 1800.0
"""A process that is not ready after that long falls silent, too."""
VARIABLE = "GIAOBAN_PULSE"
"""Names the pipe's descriptor to the process."""

_ALIVE = b"."
READY = b"r"


class Pulse:
    """The process's end of the pipe. Without one (None) nothing is told: no supervisor started it."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._is_ready = threading.Event()
        if descriptor is not None:
            os.set_inheritable(descriptor, False)
            os.set_blocking(descriptor, False)
            threading.Thread(target=self._beat_until_ready, name="pulse", daemon=True).start()

    def ready(self) -> None:
        """It does its work from now on."""
        self._is_ready.set()
        self._tell(READY)

    async def beat(self) -> None:
        """Run beside the process's work, in its loop, until cancelled."""
        while True:
            if self._is_ready.is_set():
                self._tell(_ALIVE)
            await asyncio.sleep(BEAT_S)

    def _beat_until_ready(self) -> None:
        for _ in range(round(MAX_START_S / BEAT_S)):
            self._tell(_ALIVE)
            if self._is_ready.wait(BEAT_S):
                return

    def _tell(self, what: bytes) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):  # the supervisor is gone, or does not read: not our trouble
                os.write(self._descriptor, what)


class Listener:
    """The supervisor's end of one process's pipe."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)

    def started(self) -> None:
        """The process has its end."""
        os.close(self.writing)

    def heard(self) -> bytes:
        """What it told since the last time; empty: nothing."""
        try:
            return os.read(self._reading, 1 << 16)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        os.close(self._reading)


def own_pulse() -> Pulse:
    """Of this process, as its environment names it. If it falls silent it is asked with SIGUSR1 to show where
    it hangs, before it is killed."""
    faulthandler.register(signal.SIGUSR1)
    number = os.environ.pop(VARIABLE, "")
    return Pulse(int(number) if number.isdecimal() else None)
