"""The packet path: what FastPath calls. One integer says where everything is (tables.CONTEXT).

    recvmmsg -> admit: sort, unprotect, count, gate, history -> entries
             -> forward: for each run of a layer, for each slot of the layer: rewrite, protect, queue
             -> flush: sendmmsg

Python compiled by numba without the GIL; no object is made for a packet. The parts are in kernel_in and
kernel_accept (the way in), kernel_out, kernel_temporal, kernel_red, kernel_switch and kernel_send (the way
out), kernel_resend; all of it also runs uncompiled (native.uncompiled), and is tested so."""

from sfu.fastpath.kernel.accept import accept
from sfu.fastpath.kernel.forward import forward
from sfu.fastpath.kernel.native import Row, bytes_at, compiled, context_at, recvmmsg, rows_at, words_at
from sfu.fastpath.kernel.receive import UNKNOWN, admit, find_ssrc
from sfu.fastpath.kernel.resend import pad, resend_all
from sfu.fastpath.kernel.rtp import payload_start, u32
from sfu.fastpath.kernel.send import flush
from sfu.fastpath.kernel.switch import abandon, aim, interrupt
from sfu.fastpath.kernel.tables import BATCH, COUNTERS, MAX_PORTS, NAME_ROW, PORT

HANDED_UP = 1 << 16


@compiled
def begin_batch(ctx: Row) -> None:
    """Forget the batch before, also one that raised half way."""
    ctx.n_entries = ctx.n_found = ctx.n_ups = ctx.unknown_ups = ctx.arena_at = 0
    ports = rows_at(ctx.ports, MAX_PORTS, PORT)
    for p in range(ctx.n_ports):
        ports[p].queued = 0


@compiled
def drain(here: int, port: int, now: int) -> int:
    """Read one batch from a port and forward it. Returns how many datagrams, + HANDED_UP for each hand-up."""
    ctx = context_at(here)
    begin_batch(ctx)
    messages = words_at(ctx.msgs, BATCH, 8)
    got = recvmmsg(rows_at(ctx.ports, MAX_PORTS, PORT)[port].fd, ctx.msgs, BATCH)
    for m in range(got):
        admit(ctx, m, UNKNOWN, port, now)
        messages[m, 1] = NAME_ROW
    forward(ctx, now)
    flush(ctx)
    return max(got, 0) + int(ctx.n_ups) * HANDED_UP


@compiled
def ingest(here: int, transport: int, count: int, now: int) -> None:
    """Forward datagrams of one transport that were put into the receiving rows."""
    ctx = context_at(here)
    begin_batch(ctx)
    for m in range(count):
        admit(ctx, m, transport, -1, now)
    forward(ctx, now)
    flush(ctx)


@compiled
def inject(here: int, transport: int, size: int, now: int) -> None:
    """Forward a plain packet that was put into the first receiving row, if its SSRC is bound by now."""
    ctx = context_at(here)
    begin_batch(ctx)
    b = bytes_at(ctx.rx, size)
    bound = find_ssrc(ctx, transport, u32(b, 8)) if payload_start(b, size) > 0 else UNKNOWN
    if bound < 0:
        rows_at(ctx.counters, 1, COUNTERS)[0].strangers_dropped += 1
        return
    accept(ctx, ctx.rx, size, bound, now)
    forward(ctx, now)
    flush(ctx)


@compiled
def resend(here: int, slot: int, now: int, min_interval_us: int, max_octets: int) -> int:
    """Octets resent of the numbers in the `asked` list."""
    ctx = context_at(here)
    begin_batch(ctx)
    octets = resend_all(ctx, slot, now, min_interval_us, max_octets)
    flush(ctx)
    return octets


@compiled
def send_padding(here: int, slot: int, octets: int, now: int) -> int:
    ctx = context_at(here)
    begin_batch(ctx)
    sent = pad(ctx, slot, octets, now)
    flush(ctx)
    return sent


@compiled
def switch(here: int, slot: int, layer: int) -> None:
    aim(context_at(here), slot, layer)


@compiled
def break_off(here: int, layer: int) -> None:
    interrupt(context_at(here), layer)


@compiled
def end(here: int, layer: int) -> None:
    abandon(context_at(here), layer)
