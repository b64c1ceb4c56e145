"""The tables as the compiled code reaches them, from the one row that says where they are. Compiled."""

from sfu.fastpath.kernel.native import Row, Rows, bytes_at, rows_at, words_at
from tests.briefing.system import compiled
from tests.briefing.tables import (
    ARRIVALS,
    BATCH,
    CONTROL,
    HEAD,
    KEPT,
    MISSING,
    POINT,
    ROW,
    SAMPLES,
    SLOT,
    SLOTS,
    SOUND,
    SSRCS,
    STREAM,
    STREAMS,
)


@compiled
def state(w: Row) -> Rows:
    return words_at(w.state, 1, 16)[0]


@compiled
def point_at(w: Row, p: int) -> Rows:
    return rows_at(w.points, w.n_points, POINT)[p]


@compiled
def stream_at(w: Row, s: int) -> Rows:
    return rows_at(w.streams, w.n_points * STREAMS, STREAM)[s]


@compiled
def slot_at(w: Row, s: int) -> Rows:
    return rows_at(w.slots, w.n_points * SLOTS, SLOT)[s]


@compiled
def ssrcs_of(w: Row, p: int) -> Rows:
    return words_at(w.ssrcs + p * SSRCS * 16, SSRCS, 2)


@compiled
def arrivals_of(w: Row, p: int) -> Rows:
    return words_at(w.arrivals + p * ARRIVALS * 16, ARRIVALS, 2)


@compiled
def missing_of(w: Row, s: int) -> Rows:
    return words_at(w.missing + s * MISSING * 24, MISSING, 3)


@compiled
def kept_at(w: Row, s: int, seq: int) -> Rows:
    return words_at(w.kept + s * KEPT * 32, KEPT, 4)[seq & KEPT - 1]


@compiled
def head_at(w: Row, s: int, seq: int) -> Rows:
    return bytes_at(w.heads + (s * KEPT + (seq & KEPT - 1)) * HEAD, HEAD)


@compiled
def samples(w: Row) -> Rows:
    return words_at(w.samples, SAMPLES, 3)


@compiled
def sound_at(w: Row, loop: int, piece: int) -> Rows:
    return bytes_at(w.voice_bytes + (loop * w.n_pieces + piece) * SOUND, SOUND)


@compiled
def sizes(w: Row) -> Rows:
    return words_at(w.voice_sizes, w.n_loops, w.n_pieces)


@compiled
def levels(w: Row) -> Rows:
    return words_at(w.voice_levels, w.n_loops, w.n_pieces)


@compiled
def received(w: Row, i: int) -> Rows:
    """Datagram i of the batch."""
    return bytes_at(w.rx + i * ROW, ROW)


@compiled
def told(w: Row, i: int) -> Rows:
    """What the system says about it."""
    return bytes_at(w.control + i * CONTROL, CONTROL)


@compiled
def leaving(w: Row, i: int) -> Rows:
    """Packet i of those that are to be sent."""
    return bytes_at(w.tx + i * ROW, ROW)


@compiled
def report(w: Row) -> Rows:
    return bytes_at(w.report, ROW)


@compiled
def rx_messages(w: Row) -> Rows:
    return words_at(w.rx_messages, BATCH, 8)


@compiled
def tx_iov(w: Row) -> Rows:
    return words_at(w.tx_iov, BATCH, 2)
