"""The packet thread: it waits for datagrams, reads, forwards and sends, and never needs the GIL.

Its batches and the decisions of the slow path take turns, so that each finds the tables whole. Two mutexes
make a turn: who waits for the second holds the first, so a thread that has just had its turn cannot take the
next one before somebody who waits."""

from sfu.fastpath.kernel.native import (
    MONOTONIC,
    Row,
    clock_us,
    compiled,
    hear_signal,
    lock,
    poll,
    rows_at,
    signal,
    unlock,
    words_at,
)
from sfu.fastpath.kernel.rtp import M32
from sfu.fastpath.kernel.tables import MAX_PORTS, PORT

POLLIN, POLLERR = 1, 8
REST_US = 250
"""Between two readings: what came meanwhile goes on in one batch, which costs less than one for each."""


@compiled
def enter(ctx: Row) -> None:
    """Wait for a turn."""
    lock(ctx.next_turn)
    lock(ctx.turn)
    unlock(ctx.next_turn)


@compiled
def leave(ctx: Row) -> None:
    unlock(ctx.turn)


@compiled
def wait_for_datagrams(ctx: Row) -> None:
    """Return when some are there, or when the thread was kicked."""
    watched = words_at(ctx.watched, MAX_PORTS + 1, 1)
    ports = rows_at(ctx.ports, MAX_PORTS, PORT)
    watched[0, 0] = ctx.kick_fd | POLLIN << 32
    left = ctx.rested_us + REST_US - clock_us(MONOTONIC, ctx.scratch)
    if left > 0:
        poll(ctx.watched, 1, left, ctx.scratch)
    count = ctx.n_ports
    for p in range(count):
        watched[p + 1, 0] = (ports[p].fd & M32) | POLLIN << 32
    poll(ctx.watched, count + 1, -1, ctx.scratch)
    if watched[0, 0] >> 48:
        hear_signal(ctx.kick_fd, ctx.scratch)
    ctx.rested_us = clock_us(MONOTONIC, ctx.scratch)


@compiled
def has_datagrams(ctx: Row, port: int) -> bool:
    """As of the last wait. A port that came since has to wait for the next."""
    return bool(words_at(ctx.watched, MAX_PORTS + 1, 1)[port + 1, 0] >> 48 & (POLLIN | POLLERR))


@compiled
def tell(ctx: Row) -> None:
    """Wake the slow path if something waits for it."""
    if ctx.ups_in != ctx.ups_out or ctx.stream_n > 0:
        signal(ctx.event_fd, ctx.scratch)


__all__ = ["enter", "has_datagrams", "leave", "tell", "wait_for_datagrams"]
