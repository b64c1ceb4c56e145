"""The packet path: what FastPath calls. One integer says where everything is (tables.CONTEXT).

    recvmmsg -> admit: sort, unprotect, count, gate, history -> entries
             -> forward: for each run of a layer, for each slot of the layer: rewrite, protect, queue
             -> flush: sendmmsg

It is Python compiled by numba without the GIL; no object is made for a packet. lookup.py, budgets.py,
receive.py and accept.py are the way in; forward.py, temporal.py, red.py, switch.py and send.py the way out;
resend.py sends again. All of it also runs uncompiled (native.uncompiled), and is tested that way too."""

from sfu.fastpath.kernel.accept import accept
from sfu.fastpath.kernel.forward import forward
from sfu.fastpath.kernel.lookup import UNKNOWN, find_ssrc, find_transport
from sfu.fastpath.kernel.native import (
    MONOTONIC,
    Row,
    bytes_at,
    clock_us,
    compiled,
    context_at,
    recvmmsg,
    rows_at,
    words_at,
)
from sfu.fastpath.kernel.polling import enter, has_datagrams, leave, tell, wait_for_datagrams
from sfu.fastpath.kernel.receive import admit
from sfu.fastpath.kernel.resend import pad, resend_all
from sfu.fastpath.kernel.rtp import payload_start, u32
from sfu.fastpath.kernel.send import flush
from sfu.fastpath.kernel.switch import end_layer, interrupt, switch
from sfu.fastpath.kernel.tables import BATCH, COUNTERS, MAX_PORTS, NAME_ROW, PORT, STREAM

MAX_BATCHES = 8
"""Read from one port before the others get their turn."""

ENTRY_POINTS = {
    "run": 1,
    "begin_turn": 1,
    "end_turn": 1,
    "drain": 3,
    "ingest": 4,
    "inject": 4,
    "resend": 5,
    "send_padding": 4,
    "switch": 3,
    "interrupt": 2,
    "end_layer": 2,
}
"""Every entry point of this module, and how many integers it takes; the first is the context's address."""


@compiled
def run(here: int) -> None:
    """The packet thread's work, until it is told to stop."""
    ctx = context_at(here)
    while ctx.stopping == 0:
        wait_for_datagrams(ctx)
        for port in range(ctx.n_ports):
            if not has_datagrams(ctx, port):
                continue
            for _ in range(MAX_BATCHES):
                enter(ctx)
                got = drain(here, port, clock_us(MONOTONIC, ctx.scratch) + ctx.ahead_us)
                leave(ctx)
                if got < BATCH:
                    break
        tell(ctx)


@compiled
def begin_turn(here: int) -> None:
    """Nothing else happens to the tables until end_turn."""
    enter(context_at(here))


@compiled
def end_turn(here: int) -> None:
    leave(context_at(here))


@compiled
def begin_batch(ctx: Row, now: int) -> None:
    """Forget the last batch, even one that raised half way."""
    ctx.now = now
    ctx.n_entries = ctx.n_found = ctx.arena_at = 0
    ports = rows_at(ctx.ports, MAX_PORTS, PORT)
    for p in range(ctx.n_ports):
        ports[p].queued = 0


@compiled
def drain(here: int, port: int, now: int) -> int:
    """Read one batch from a port and forward it. Returns how many datagrams there were."""
    ctx = context_at(here)
    begin_batch(ctx, now)
    ctx.port = port
    messages = words_at(ctx.msgs, BATCH, 8)
    got = recvmmsg(rows_at(ctx.ports, MAX_PORTS, PORT)[port].fd, ctx.msgs, BATCH)
    for m in range(got):
        admit(ctx, m, find_transport(ctx, port, bytes_at(ctx.names + m * NAME_ROW, NAME_ROW)))
        messages[m, 1] = NAME_ROW
    forward(ctx)
    flush(ctx)
    return max(got, 0)


@compiled
def ingest(here: int, transport: int, count: int, now: int) -> None:
    """Forward the datagrams of one transport, or of UNKNOWN, that stand in the receiving rows."""
    ctx = context_at(here)
    begin_batch(ctx, now)
    ctx.port = STREAM
    for m in range(count):
        admit(ctx, m, transport)
    forward(ctx)
    flush(ctx)


@compiled
def inject(here: int, transport: int, size: int, now: int) -> None:
    """Forward the plain packet in the first receiving row, if its SSRC is bound by now."""
    ctx = context_at(here)
    begin_batch(ctx, now)
    b = bytes_at(ctx.rx, size)
    bound = find_ssrc(ctx, transport, u32(b, 8)) if payload_start(b, size) > 0 else UNKNOWN
    if bound < 0:
        rows_at(ctx.counters, 1, COUNTERS)[0].strangers_dropped += 1
        return
    accept(ctx, ctx.rx, size, bound)
    forward(ctx)
    flush(ctx)


@compiled
def resend(here: int, slot: int, now: int, min_interval_us: int, max_bytes: int) -> int:
    """Send the numbers in the `asked` list again. Returns how many bytes that took."""
    ctx = context_at(here)
    begin_batch(ctx, now)
    sent = resend_all(ctx, slot, min_interval_us, max_bytes)
    flush(ctx)
    return sent


@compiled
def send_padding(here: int, slot: int, wanted: int, now: int) -> int:
    """About `wanted` bytes of padding. Returns how many there were."""
    ctx = context_at(here)
    begin_batch(ctx, now)
    sent = pad(ctx, slot, wanted)
    flush(ctx)
    return sent


__all__ = [
    "ENTRY_POINTS",
    "MAX_BATCHES",
    "begin_turn",
    "drain",
    "end_layer",
    "end_turn",
    "ingest",
    "inject",
    "interrupt",
    "resend",
    "run",
    "send_padding",
    "switch",
]
