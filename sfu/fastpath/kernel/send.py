"""The sending queues: one per port, with one arena for all, handed to the system by sendmmsg.

Nothing here waits: what the system does not take is lost and counted, as on any network.
"""

import errno

from sfu.fastpath.kernel.native import Row, compiled, copy, last_errno, rows_at, sendmmsg, words_at
from sfu.fastpath.kernel.tables import (
    ARENA,
    BATCH,
    COUNTERS,
    LAYER,
    MAX_PORTS,
    NAME_ROW,
    PORT,
    STREAM,
    STREAM_BYTES,
    STREAM_DATAGRAMS,
    STREAMED,
    TRANSPORT,
)

UDP_SEGMENT = 17 | 103 << 32
"""cmsg_level SOL_UDP, cmsg_type UDP_SEGMENT."""
CMSG_LEN, CMSG_SPACE = 18, 24
MESSAGE = 64
"""sizeof(struct mmsghdr)."""
EAGAIN, ENOBUFS, EIO = errno.EAGAIN, errno.ENOBUFS, errno.EIO
NO_WAY = (
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENODEV,
    errno.EADDRNOTAVAIL,
    errno.EPERM,
    errno.EBADF,
)
"""There is no way to that receiver now: our address or card has gone, or a firewall forbids it. This says
nothing of segments."""
GIVE_UP = 4
"""Refused messages after which a port that never sent one with segments stops trying."""


@compiled
def reserve(ctx: Row, size: int) -> int:
    """Offset of `size` free bytes in the arena."""
    if ctx.arena_at + size > ARENA:
        flush(ctx)
    return int(ctx.arena_at)


@compiled
def dispatch(ctx: Row, transport: int, layer: int, at: int, size: int, segments: int, segment: int) -> None:
    """Send a message of equal segments that lies in the arena, over the transport's port or stream. layer:
    what it is of, -1: of none."""
    row = rows_at(ctx.transports, ctx.n_transports, TRANSPORT)[transport]
    if row.port == STREAM:
        put_aside(ctx, transport, layer, at, size)
    else:
        queue(ctx, transport, row, at, size, segments, segment)


@compiled
def queue(ctx: Row, transport: int, row: Row, at: int, size: int, segments: int, segment: int) -> None:
    """Queue a message of equal segments that lies in the arena."""
    port = rows_at(ctx.ports, MAX_PORTS, PORT)[row.port]
    index = row.port * BATCH + port.queued
    iov = words_at(ctx.tx_iov, MAX_PORTS * BATCH, 2)[index]
    message = words_at(ctx.tx_msgs, MAX_PORTS * BATCH, 8)[index]
    note = words_at(ctx.tx_transport, MAX_PORTS * BATCH, 3)[index]
    iov[0] = ctx.arena + at
    iov[1] = size
    message[0] = ctx.out_names + transport * NAME_ROW
    message[1] = row.name_len
    if segments > 1:
        control = words_at(ctx.tx_ctl, MAX_PORTS * BATCH, 3)[index]
        control[2] = segment
        message[4] = ctx.tx_ctl + index * CMSG_SPACE
        message[5] = CMSG_SPACE
    else:
        message[4] = message[5] = 0
    note[0] = transport
    note[1] = segments
    note[2] = segment
    ctx.arena_at = (at + size + 63) & ~63
    port.queued += 1
    if port.queued == BATCH:
        flush(ctx)


@compiled
def put_aside(ctx: Row, transport: int, layer: int, at: int, size: int) -> None:
    """Keep a datagram for the slow path, which paces it or writes it to a TCP connection."""
    if ctx.stream_n >= STREAM_DATAGRAMS or ctx.stream_at + size > STREAM_BYTES:
        rows_at(ctx.counters, 1, COUNTERS)[0].stream_dropped += 1
        return
    put = rows_at(ctx.stream, STREAM_DATAGRAMS, STREAMED)[ctx.stream_n]
    put.transport = transport
    put.at = ctx.stream_at
    put.length = size
    put.producer = rows_at(ctx.layers, ctx.n_layers, LAYER)[layer].producer if layer >= 0 else -1
    copy(ctx.stream_bytes + ctx.stream_at, ctx.arena + at, size)
    ctx.stream_n += 1
    ctx.stream_at += size


@compiled
def flush(ctx: Row) -> None:
    """Send everything that is queued; then the arena is free again."""
    ports = rows_at(ctx.ports, MAX_PORTS, PORT)
    for p in range(ctx.n_ports):
        if ports[p].queued:
            flush_port(ctx, p, ports[p])
    ctx.arena_at = 0


@compiled
def flush_port(ctx: Row, p: int, port: Row) -> None:
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    notes = words_at(ctx.tx_transport, MAX_PORTS * BATCH, 3)
    done = p * BATCH
    end = done + port.queued
    port.queued = 0
    while done < end:
        taken = sendmmsg(port.fd, ctx.tx_msgs + done * MESSAGE, end - done)
        for i in range(done, done + max(taken, 0)):
            counters.sent += notes[i, 1]
            port.sent += notes[i, 1]
            if notes[i, 1] > 1:
                counters.gso_messages += 1
                port.gso_sent += 1
        if taken > 0:
            done += taken
            continue
        why = last_errno()
        if why in (EAGAIN, ENOBUFS):
            for i in range(done, end):
                counters.send_errors += notes[i, 1]
                port.failed += notes[i, 1]
            return
        if notes[done, 1] > 1 and why not in NO_WAY:
            fall_back(ctx, port, done, why)
        else:
            counters.send_errors += notes[done, 1]
            port.failed += notes[done, 1]
        done += 1


@compiled
def fall_back(ctx: Row, port: Row, index: int, why: int) -> None:
    """The system refused a message of segments: send them one by one. Do not try again with this transport
    (its path may be narrower than the segments), nor with this port if it has never worked there."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    note = words_at(ctx.tx_transport, MAX_PORTS * BATCH, 3)[index]
    iov = words_at(ctx.tx_iov, MAX_PORTS * BATCH, 2)[index]
    message = words_at(ctx.tx_msgs, MAX_PORTS * BATCH, 8)[index]
    counters.gso_fallbacks += 1
    port.gso_failed += 1
    rows_at(ctx.transports, ctx.n_transports, TRANSPORT)[note[0]].gso = 0
    if why == EIO or (port.gso_sent == 0 and port.gso_failed >= GIVE_UP):
        port.gso = 0
    message[4] = message[5] = 0
    left = iov[1]
    for _ in range(note[1]):
        iov[1] = min(note[2], left)
        if sendmmsg(port.fd, ctx.tx_msgs + index * MESSAGE, 1) == 1:
            counters.sent += 1
            port.sent += 1
        else:
            counters.send_errors += 1
            port.failed += 1
        iov[0] += iov[1]
        left -= iov[1]


__all__ = ["UDP_SEGMENT", "dispatch", "flush", "reserve"]
