"""What systemd is told (sd_notify): that everything is ready, that the supervisor lives, that it stops.

Without systemd nothing is told.
"""

import contextlib
import os
import socket

_VARIABLE = "NOTIFY_SOCKET"


class Systemd:
    def __init__(self) -> None:
        # The processes that are started must not speak for this one.
        address = os.environ.pop(_VARIABLE, "")
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def tell(self, *lines: str) -> None:
        """Each line is an assignment of sd_notify(3), like READY=1."""
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.sendto("\n".join(lines).encode(), self._address)
