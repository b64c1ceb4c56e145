"""The generator's tables: the points, what each sends, what each receives. One thread works on them; Python
writes a point's rows before it makes it live, and afterwards only what a page would decide: which layers
rest."""

from typing import Any, NamedTuple

import numpy as np

from sfu.fastpath.kernel.tables import row_type

LAYERS = ("q", "h", "f")
STREAMS = 1 + len(LAYERS)
"""Of each point: the voice, then the camera's layers."""
SLOTS = 17
BATCH = 64
ROW = 2048
CONTROL = 64
"""Bytes for what the system says about a datagram."""
ARRIVALS = 1024
KEPT = 256
"""Packets of a layer that can be sent again."""
HEAD = 40
"""Of a payload: what differs from packet to packet lies in its first bytes."""
MISSING = 32
SSRCS = 128
"""Places of a point's hash table."""
MAX_PAYLOAD = 1130
SOUND = 400
SAMPLES = 1 << 20
MAX_FD = 1 << 16
EVENT = 12
"""sizeof(struct epoll_event), packed as on x86-64."""

VOICE, PICTURE, LATE, PAUSE = range(4)
"""What a sample says: a voice's or a picture's way through the server, how late the generator itself was, how
long a picture stood still. us."""

POINT = row_type(
    "live fd tx rx watched next_us twcc_ext mid_ext rid_ext rrid_ext level_ext twcc_out seen newest arrivals "
    "feedbacks feedback_us feedback_ssrc first_picture_us stun dtls bad hold_us"
)
"""watched: all that it receives is decrypted, not only a sample. seen: the number up to which arrivals were
reported; newest: the largest so far; arrivals: how many wait to be reported. hold_us: what leaves is held
back for so long after it was stamped, as a known delay."""

STREAM = row_type(
    "open kind point layer ssrc rtx_ssrc pt rtx_pt seq rtx_seq ts khz period_us frame_us due_us report_us "
    "wanted key pid tl0 frame usual burst spread_us left total portion key_frame packets bytes named "
    "width height loop piece cname"
)
"""Something that is sent. wanted: somebody receives it. key: the next picture is to be a keyframe. usual:
bytes of a picture that is none. burst: how many packets leave at once, the others spread_us later. left,
total, portion: of the picture that is leaving. named: packets that still carry mid and rid."""

SLOT = row_type(
    "ssrc rtx_ssrc kind packets first newest last_us transit jitter16 lsr lsr_us report_us publisher "
    "key_ts key_packets picture_us rtx padding ask_us n_missing repaired given_up expected_before "
    "received_before"
)
"""Something that is received. first, newest: unwrapped numbers. key_ts: of the first keyframe, -1 before it.
publisher: whose it was when last looked. picture_us: when the first whole picture was there."""

STOP, COUNT, N_SAMPLES, RECEIVED, SENT, REFUSED, FAULTS, SEED = range(8)
"""Words of `state`."""

Array = Any
"""numba knows what is in them, mypy cannot."""


class Voices(NamedTuple):
    """Opus packets with room for a stamp, one loop after another."""

    bytes: Array
    sizes: Array
    levels: Array


_FIELDS = (
    "state points streams slots ssrcs arrivals missing kept heads samples rx control rx_iov rx_messages "
    "tx tx_iov tx_messages report report_iov report_message time events of_fd "
    "voice_bytes voice_sizes voice_levels n_points n_loops n_pieces length_at"
)
CONTEXT = np.dtype(
    [(name, np.int64) for name in _FIELDS.split()] + [("length", np.int32), ("spare", np.int32)]
)
"""Where everything is. The compiled functions get this one row: with all arrays as their arguments they would
take minutes to compile."""


class World:
    """Everything that the compiled code works on, and keeps alive."""

    def __init__(self, points: int, voices: Voices) -> None:
        self.state = np.zeros(16, np.int64)
        self.points = np.zeros(points, POINT)
        self.streams = np.zeros(points * STREAMS, STREAM)
        self.slots = np.zeros(points * SLOTS, SLOT)
        self.ssrcs = np.full((points, SSRCS, 2), -1, np.int64)
        self.arrivals = np.zeros((points, ARRIVALS, 2), np.int64)
        self.missing = np.zeros((points * SLOTS, MISSING, 3), np.int64)
        self.kept = np.zeros((points * STREAMS, KEPT, 4), np.int64)
        self.heads = np.zeros((points * STREAMS, KEPT, HEAD), np.uint8)
        self.samples = np.zeros((SAMPLES, 3), np.int64)
        self.rx, self.control = np.zeros((BATCH, ROW), np.uint8), np.zeros((BATCH, CONTROL), np.uint8)
        self.tx, self.report = np.zeros((BATCH, ROW), np.uint8), np.zeros((1, ROW), np.uint8)
        self.rx_iov, self.rx_messages = _messages(self.rx)
        self.tx_iov, self.tx_messages = _messages(self.tx)
        self.report_iov, self.report_message = _messages(self.report)
        self.rx_messages[:, 4] = self.control.ctypes.data + np.arange(BATCH) * CONTROL
        self.rx_iov[:, 1] = ROW
        self.time = np.zeros(2, np.int64)
        self.events = np.zeros(points * EVENT, np.uint8)
        self.of_fd = np.zeros(MAX_FD, np.int64)
        """The point by its socket's number."""
        self.voice_bytes, self.voice_sizes, self.voice_levels = voices
        self.context = np.zeros(1, CONTEXT)
        self.state[COUNT] = points
        self._write_context(points)

    @property
    def here(self) -> int:
        """What the compiled functions take."""
        return int(self.context.ctypes.data)

    def _write_context(self, points: int) -> None:
        row = self.context[0]
        for name in _FIELDS.split():
            array = getattr(self, name, None)
            if array is not None:
                row[name] = array.ctypes.data
        row["n_points"] = points
        row["n_loops"], row["n_pieces"] = self.voice_sizes.shape
        row["length_at"] = self.here + CONTEXT.itemsize - 8


def _messages(rows: Array) -> tuple[Array, Array]:
    """struct iovec and struct mmsghdr of 64-bit Linux, one for each row; sockets are connected."""
    count = len(rows)
    iov = np.zeros((count, 2), np.int64)
    iov[:, 0] = rows.ctypes.data + np.arange(count) * rows.shape[1]
    messages = np.zeros((count, 8), np.int64)
    messages[:, 2] = iov.ctypes.data + np.arange(count) * 16
    messages[:, 3] = 1
    return iov, messages


def place(ssrcs: Array, ssrc: int) -> int:
    """Where a point's table has this SSRC, or could have it."""
    at = ssrc * 2654435761 >> 7 & SSRCS - 1
    while ssrcs[at, 0] not in (-1, ssrc):
        at = at + 1 & SSRCS - 1
    return int(at)
