"""The generator's own thread: compiled, without the GIL, on the other core than the server. It sends what is
due, reads what has come twice a millisecond, and sleeps in between."""

import contextlib
import os
import select
import socket
import threading
from typing import Self

from sfu.fastpath.kernel.native import Row, bytes_at, prepare, rows_at, words_at
from sfu.fastpath.kernel.rtp import u8
from tests.briefing.reaching import point_at, slot_at, state, stream_at
from tests.briefing.receiving import receive
from tests.briefing.reports import (
    FEEDBACK_US,
    REPORT_US,
    ask_missing,
    feedback,
    receiver_report,
    sender_report,
)
from tests.briefing.sending import send_due
from tests.briefing.system import compiled, readable, sleep_us, wall_us
from tests.briefing.tables import CONTEXT, COUNT, EVENT, FAULTS, MAX_FD, SLOTS, STOP, STREAMS, Voices, World

READ_US = 500
MIN_SLEEP_US = 60
PRIORITY = -15
"""Of the thread: Python's part of the generator is on the same core, and must not make it late."""
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33


@compiled
def tend(w: Row, p: int, now: int) -> None:
    """Everything of one point that is due."""
    point = point_at(w, p)
    following = now + REPORT_US
    for s in range(p * STREAMS, (p + 1) * STREAMS):
        stream = stream_at(w, s)
        if not stream.open:
            continue
        while stream.due_us <= now:
            if now - stream.due_us > REPORT_US:
                stream.due_us = now  # the machine stood still: nobody sends what was missed
            send_due(w, s, now)
        if stream.report_us <= now:
            stream.report_us = now + REPORT_US
            if stream.packets:
                sender_report(w, s, now)
        following = min(following, stream.due_us, stream.report_us)
    if point.feedback_us <= now:
        point.feedback_us = now + FEEDBACK_US
        feedback(w, p, now)
        for s in range(p * SLOTS, (p + 1) * SLOTS):
            slot = slot_at(w, s)
            if slot.n_missing:
                ask_missing(w, p, s, now)
            if slot.packets and slot.report_us <= now:
                slot.report_us = now + REPORT_US
                receiver_report(w, p, s, now)
    point.next_us = min(following, point.feedback_us)


@compiled
def turn(w: Row, epoll: int, read_us: int) -> int:
    """Once round. Returns when to read next."""
    now = wall_us(w)
    following = now + READ_US
    for p in range(state(w)[COUNT]):
        point = point_at(w, p)
        if point.live:
            if point.next_us <= now:
                tend(w, p, now)
            following = min(following, point.next_us)
    now = wall_us(w)
    if now >= read_us:
        events = bytes_at(w.events, w.n_points * EVENT)
        for i in range(readable(epoll, w.events, w.n_points)):
            fd = u8(events, EVENT * i + 4) | u8(events, EVENT * i + 5) << 8
            receive(w, words_at(w.of_fd, 1, MAX_FD)[0, fd], now)
        read_us = now + READ_US
        now = wall_us(w)
    wait = min(following, read_us) - now
    if wait >= MIN_SLEEP_US:
        sleep_us(w, wait)
    return int(read_us)


@compiled
def run(here: int, epoll: int) -> None:
    """Until it is told to stop. here: of the context."""
    w = rows_at(here, 1, CONTEXT)[0]
    read_us = 0
    while state(w)[STOP] == 0:
        read_us = turn(w, epoll, read_us)


class Engine:
    """The thread, and its points' sockets."""

    def __init__(self, points: int, voices: Voices) -> None:
        prepare(run, 2)
        self.world = World(points, voices)
        self._epoll = select.epoll()
        self._thread = threading.Thread(target=self._run, name="generator", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.world.state[STOP] = 1
        self._thread.join()
        self._epoll.close()

    @property
    def runs(self) -> bool:
        return self._thread.is_alive() and not self.world.state[FAULTS]

    def watch(self, p: int, used: socket.socket) -> None:
        """The socket is the engine's from now on."""
        used.setblocking(False)
        used.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        if os.geteuid() == 0:
            used.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        used.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.world.points[p]["fd"] = used.fileno()
        self.world.of_fd[used.fileno()] = p
        self._epoll.register(used.fileno(), select.EPOLLIN)

    def forget(self, used: socket.socket) -> None:
        """Its owner closes it."""
        with contextlib.suppress(OSError, ValueError):
            self._epoll.unregister(used.fileno())

    def _run(self) -> None:
        if os.geteuid() == 0:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PRIORITY)
        try:
            run(self.world.here, self._epoll.fileno())
        except BaseException:
            self.world.state[FAULTS] = 1
            raise
