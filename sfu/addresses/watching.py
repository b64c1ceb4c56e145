"""The socket to the kernel: ask for the addresses, and notice when they change."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from sfu.addresses.choice import Found, choose
from sfu.addresses.netlink import ADDRESSES_PLEASE, Answer, BadNetlink, CardAddress, parse_answer_untrusted

POLL_S = 5.0
"""How often to look anyway: the kernel drops notices when it has no memory, and a sandbox may give none."""
MIN_PAUSE_S = 0.1
"""After a notice: changes come in crowds."""
MAX_SHARE = 0.05
"""Of a core. A look at a thousand addresses takes 60 ms, and a thousand changes must not cost a thousand."""
ANSWER_S = 1.0
MAX_DATAGRAMS = 256
"""Of one answer: some hundred addresses each."""
MAX_NOTICES = 64
"""Read in one wake-up."""
MAX_TRIES = 3
"""While addresses change as they are listed. A notice follows, and with it the next look."""
_DATAGRAM_BYTES = 1 << 16
# linux/rtnetlink.h; the socket module does not name these.
_IPV4, _IPV6 = 0x10, 0x100

log = logging.getLogger("giaoban.addresses")


class AddressesUnreadable(Exception):
    """The kernel does not tell this machine's addresses."""


def find() -> Found:
    """The addresses now. Raises AddressesUnreadable."""
    try:
        return choose(_ask())
    except (OSError, BadNetlink) as error:
        raise AddressesUnreadable(str(error)) from None


async def follow(tell: Callable[[Found], Awaitable[None]]) -> None:
    """Call `tell` with the addresses: now, after each change, and every POLL_S. Runs until it is cancelled.

    An answer that cannot be read changes nothing: the addresses of before hold until the next one.
    """
    noticed = asyncio.Event()
    was_unreadable = False
    with _notices(noticed):
        while True:
            noticed.clear()
            cost_s = 0.0
            try:
                # In a thread: a driver that is slow to change a card makes the kernel wait with its answer.
                found, cost_s = await asyncio.to_thread(_look)
            except AddressesUnreadable as error:
                if not was_unreadable:
                    log.error("addresses-unreadable why=%r", str(error))
                was_unreadable = True
            else:
                was_unreadable = False
                await tell(found)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await noticed.wait()
                await asyncio.sleep(max(MIN_PAUSE_S, cost_s / MAX_SHARE))


def _look() -> tuple[Found, float]:
    """And how long it made a processor work. Raises AddressesUnreadable."""
    began = time.thread_time()
    return find(), time.thread_time() - began


def _ask() -> tuple[CardAddress, ...]:
    """Raises OSError, BadNetlink."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(ANSWER_S)
        answer = _ask_once(kernel)
        for _ in range(MAX_TRIES - 1):
            if answer.is_torn:
                answer = _ask_once(kernel)
        return answer.addresses


def _ask_once(kernel: socket.socket) -> Answer:
    """The datagrams of one answer, put together. Raises OSError, BadNetlink."""
    kernel.sendto(ADDRESSES_PLEASE, (0, 0))
    addresses: list[CardAddress] = []
    is_torn = False
    for _ in range(MAX_DATAGRAMS):
        datagram, (sender, _) = kernel.recvfrom(_DATAGRAM_BYTES)
        if sender != 0:  # another process, not the kernel
            continue
        part = parse_answer_untrusted(datagram)
        addresses += part.addresses
        is_torn |= part.is_torn
        if part.is_last:
            return Answer(tuple(addresses), is_last=True, is_torn=is_torn)
    raise BadNetlink("the answer has no end")


@contextmanager
def _notices(noticed: asyncio.Event) -> Iterator[None]:
    """Sets the event when the kernel says that an address has come, gone or changed. Without such notices,
    looking every POLL_S is all there is."""
    with contextlib.ExitStack() as stack:
        try:
            kernel = stack.enter_context(
                socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            )
            kernel.setblocking(False)
            kernel.bind((0, _IPV4 | _IPV6))
        except OSError as error:
            log.warning("addresses-unnoticed why=%r", error.strerror)
        else:
            loop = asyncio.get_running_loop()
            loop.add_reader(kernel.fileno(), _read_away, kernel, noticed)
            stack.callback(loop.remove_reader, kernel.fileno())
        yield


def _read_away(kernel: socket.socket, noticed: asyncio.Event) -> None:
    """What a notice says does not matter, as all addresses are read again; nor does it that some were lost,
    which the kernel says as ENOBUFS."""
    noticed.set()
    with contextlib.suppress(OSError):
        for _ in range(MAX_NOTICES):
            kernel.recv(1)
