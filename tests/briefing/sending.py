"""What a point sends: pictures of each layer, voices, and again what the server missed. Compiled.

Each payload carries a stamp: when it was made, by whom. In a picture it lies behind the first bytes of the
frame, in a voice in Opus' own padding (RFC 6716 section 3.2.5), so that it can still be decoded."""

from sfu.fastpath.kernel.native import Row, Rows, protect, sendmmsg
from sfu.fastpath.kernel.rtp import put16, put32
from tests.briefing.reaching import (
    head_at,
    kept_at,
    leaving,
    levels,
    point_at,
    samples,
    sizes,
    sound_at,
    state,
    stream_at,
    tx_iov,
)
from tests.briefing.system import compiled, sleep_us, wall_us
from tests.briefing.tables import (
    BATCH,
    HEAD,
    LATE,
    MAX_PAYLOAD,
    N_SAMPLES,
    REFUSED,
    ROW,
    SAMPLES,
    SEED,
    SENT,
    STREAMS,
)

DESCRIPTOR = 6
"""X, I with 15 bits, L, T: as libwebrtc writes it."""
FRAME_HEAD = 10
STAMP = 16
STAMP_AT = DESCRIPTOR + FRAME_HEAD
MAGIC = 0x6742
KEY_TIMES = 5
"""How much larger a keyframe is."""
TEMPORAL = (0, 2, 1, 2)
"""L1T3, which libwebrtc sends with simulcast."""
RIDS = (0, 113, 104, 102)
"""q, h, f"""


@compiled
def sample(w: Row, now: int, kind: int, us: int) -> None:
    at = state(w)[N_SAMPLES]
    if at < SAMPLES:
        samples(w)[at, 0] = now
        samples(w)[at, 1] = kind
        samples(w)[at, 2] = us
        state(w)[N_SAMPLES] = at + 1


@compiled
def chance(w: Row) -> int:
    """0 to 1023."""
    state(w)[SEED] = (state(w)[SEED] * 1103515245 + 12345) & 0x7FFF_FFFF
    return int(state(w)[SEED] >> 16 & 1023)


@compiled
def send_due(w: Row, s: int, now: int) -> None:
    """The next picture of a stream, or what is left of it; or the next sound."""
    stream = stream_at(w, s)
    if s % STREAMS == 0:
        send_sound(w, s, now)
        return
    if stream.left == 0:
        sample(w, now, LATE, now - stream.due_us)
        stream.frame_us = stream.due_us
        if not stream.wanted:
            stream.due_us += stream.period_us
            return
        begin_picture(w, s)
    send_parts(w, s, now)
    if stream.left:
        stream.due_us += stream.spread_us
    else:
        stream.due_us = stream.frame_us + stream.period_us


@compiled
def begin_picture(w: Row, s: int) -> None:
    """Its size, temporal layer and numbers."""
    stream = stream_at(w, s)
    stream.key_frame = stream.key
    size = stream.usual
    if stream.key:
        stream.key = 0
        stream.frame = 0
        size = stream.usual * KEY_TIMES
    elif stream.burst == BATCH:  # a camera; a stream with an even load keeps its size
        size = stream.usual * (820 + 408 * chance(w) // 1023) // 1024
    if TEMPORAL[stream.frame & 3] == 0:
        stream.tl0 = (stream.tl0 + 1) & 255
    stream.pid = (stream.pid + 1) & 0x7FFF
    stream.total = max(1, (size + MAX_PAYLOAD - 1) // MAX_PAYLOAD)
    stream.left = stream.total
    stream.portion = max(STAMP_AT + STAMP, size // stream.total)
    stream.ts = stream.frame_us * stream.khz // 1000 & 0xFFFF_FFFF


@compiled
def send_parts(w: Row, s: int, now: int) -> None:
    """As many packets of the picture as leave at once."""
    stream = stream_at(w, s)
    count = min(stream.left, stream.burst)
    for i in range(count):
        part = stream.total - stream.left
        marker = 1 if stream.left == 1 else 0
        at = header(w, s, i, marker, stream.pt, stream.seq, stream.ssrc, -1)
        b = leaving(w, i)
        b[at : at + STAMP_AT] = 0
        picture_head(stream, b, at, part)
        stamp(w, s, b, at + STAMP_AT, stream.key_frame)
        row = kept_at(w, s, stream.seq)
        row[0] = stream.seq
        row[1] = stream.ts
        row[2] = stream.portion
        row[3] = marker
        head_at(w, s, stream.seq)[:] = b[at : at + HEAD]
        close(w, stream, i, at + stream.portion)
        stream.seq = (stream.seq + 1) & 0xFFFF
        stream.packets += 1
        stream.bytes += stream.portion
        stream.left -= 1
    if stream.left == 0:
        stream.frame += 1
    flush(w, stream.point, count)


@compiled
def picture_head(stream: Row, b: Rows, at: int, part: int) -> None:
    """VP8's descriptor, and in a picture's first packet the head of the frame (RFC 7741, RFC 6386 9.1)."""
    temporal = TEMPORAL[stream.frame & 3]
    sync = 0x20 if stream.frame & 3 in (1, 2) else 0
    b[at] = 0x90 if part == 0 else 0x80
    b[at + 1] = 0xE0
    put16(b, at + 2, 0x8000 | stream.pid)
    b[at + 4] = stream.tl0
    b[at + 5] = temporal << 6 | sync
    if part == 0:
        b[at + 6] = 0x10 if stream.key_frame else 0x11
        b[at + 7] = 0x02
        if stream.key_frame:
            b[at + 9] = 0x9D
            b[at + 10] = 0x01
            b[at + 11] = 0x2A
            b[at + 12] = stream.width & 255
            b[at + 13] = stream.width >> 8
            b[at + 14] = stream.height & 255
            b[at + 15] = stream.height >> 8


@compiled
def send_sound(w: Row, s: int, now: int) -> None:
    stream = stream_at(w, s)
    sample(w, now, LATE, now - stream.due_us)
    stream.ts = (stream.ts + 960) & 0xFFFF_FFFF
    size = sizes(w)[stream.loop, stream.piece]
    at = header(w, s, 0, 0, stream.pt, stream.seq, stream.ssrc, levels(w)[stream.loop, stream.piece])
    b = leaving(w, 0)
    b[at : at + size] = sound_at(w, stream.loop, stream.piece)[:size]
    stamp(w, s, b, at + size - STAMP, 0)
    close(w, stream, 0, at + size)
    stream.seq = (stream.seq + 1) & 0xFFFF
    stream.piece = (stream.piece + 1) % w.n_pieces
    stream.packets += 1
    stream.bytes += size
    stream.due_us += stream.period_us
    flush(w, stream.point, 1)


@compiled
def send_again(w: Row, s: int, seq: int) -> None:
    """As RTX (RFC 4588)."""
    stream = stream_at(w, s)
    row = kept_at(w, s, seq)
    if row[0] != seq or row[2] == 0 or stream.rtx_ssrc == 0:
        return
    at = header(w, s, 0, row[3], stream.rtx_pt, stream.rtx_seq, stream.rtx_ssrc, -1)
    b = leaving(w, 0)
    put32(b, 4, row[1])
    put16(b, at, seq)
    b[at + 2 : at + 2 + HEAD] = head_at(w, s, seq)
    stream.rtx_seq = (stream.rtx_seq + 1) & 0xFFFF
    close(w, stream, 0, at + 2 + row[2])
    flush(w, stream.point, 1)


@compiled
def header(w: Row, s: int, i: int, marker: int, pt: int, seq: int, ssrc: int, level: int) -> int:
    """RTP header and extensions of packet i of the batch. Returns where its payload begins."""
    stream = stream_at(w, s)
    point = point_at(w, stream.point)
    b = leaving(w, i)
    b[0] = 0x90
    b[1] = marker << 7 | pt
    put16(b, 2, seq)
    put32(b, 4, stream.ts)
    put32(b, 8, ssrc)
    at = 16
    b[at] = point.twcc_ext << 4 | 1
    put16(b, at + 1, point.twcc_out)
    point.twcc_out = (point.twcc_out + 1) & 0xFFFF
    at += 3
    if level >= 0:
        b[at] = point.level_ext << 4
        b[at + 1] = level
        at += 2
    if stream.named > 0:
        stream.named -= 1
        b[at] = point.mid_ext << 4
        b[at + 1] = 48 + stream.kind
        at += 2
        if stream.kind:
            b[at] = (point.rid_ext if ssrc == stream.ssrc else point.rrid_ext) << 4
            b[at + 1] = RIDS[s % STREAMS]
            at += 2
    while at & 3:
        b[at] = 0
        at += 1
    put32(b, 12, 0xBEDE_0000 | (at - 16) >> 2)
    return at


@compiled
def stamp(w: Row, s: int, b: Rows, at: int, key: int) -> None:
    """Who, which stream, and now."""
    now = wall_us(w)
    put16(b, at, MAGIC)
    put16(b, at + 2, stream_at(w, s).point)
    b[at + 4] = s % STREAMS
    b[at + 5] = key
    put16(b, at + 6, stream_at(w, s).seq)
    put32(b, at + 8, now >> 32)
    put32(b, at + 12, now & 0xFFFF_FFFF)


@compiled
def close(w: Row, stream: Row, i: int, size: int) -> None:
    """Protect packet i of the batch."""
    w.length = size
    status = protect(point_at(w, stream.point).tx, w.tx + i * ROW, w.length_at)
    tx_iov(w)[i, 1] = w.length if status == 0 else 0
    state(w)[REFUSED] += status != 0


@compiled
def flush(w: Row, p: int, count: int) -> None:
    if point_at(w, p).hold_us:
        sleep_us(w, point_at(w, p).hold_us)
    sent = sendmmsg(point_at(w, p).fd, w.tx_messages, count)
    state(w)[SENT] += max(sent, 0)
    state(w)[REFUSED] += count - max(sent, 0)


__all__ = ["DESCRIPTOR", "MAGIC", "STAMP", "STAMP_AT", "chance", "sample", "send_again", "send_due"]
