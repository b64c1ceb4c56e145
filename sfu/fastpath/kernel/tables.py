"""The fast path's tables: what the slow path decides and the kernel reads, and what the kernel counts.

Every number is an int64, also those that are 16 bits on the wire. Mixed widths are where compiled and
uncompiled arithmetic differ (numba widens, numpy wraps), and a wider row costs nothing that can be measured.
Sequence numbers are unwrapped; timestamps stay 32 bits; instants are microseconds of one monotonic clock.
-1 is "none" wherever a field names a row. What a copy touches comes first in a row: eight fields make a
cache line.
"""

from dataclasses import dataclass

import numpy as np

BATCH = 64
"""Datagrams read by one recvmmsg, and messages sent by one sendmmsg."""
MAX_DATAGRAM = 1500
RX_ROW = 2048
NAME_ROW = 32
"""Room for a sockaddr_in6 (28 bytes)."""
MAX_PORTS = 8
ARENA = 1 << 18
"""Bytes of outgoing datagrams built before they must be flushed: small enough to stay in the second cache."""
MAX_RUN = 32
"""Datagrams in one GSO message. The kernel takes 64; 32 x 1536 stays below the 65,507 bytes of UDP."""
HISTORY = 512
HISTORY_ROW = 1536
SOUNDS = 64
SOUND_ROW = 512
"""The history of a sound layer: over a second, for redundancy only. Longer packets are not kept."""
ENTRIES = 2 * BATCH
"""Packets of one batch that go on: each datagram's own, and as many that redundancy brought back."""
ARRIVALS = 1024
SENT_PACKETS = 4096
SWITCHES = 64
"""Records of a slot's numbers. Where only every fourth frame is sent each of those needs one: eight
seconds."""
RESENDS = 512
GAPS = 32
"""Holes of one layer that wait to be taken. Each has room of its own: no publisher can fill another's."""
MAX_GAP = 256
"""More numbers than this are not asked for again: the publisher's line was down."""
MAX_PADDING = 1 << 17
"""Bytes that one call may send to measure a line."""
MAX_BLOCKS = 9
"""Earlier sounds in one packet of a publisher; libwebrtc makes at most so many."""
MAX_STRANGERS = 256
"""Distinct SSRCs that are not bound and that libsrtp may keep state for, for each transport."""
STRANGERS_PER_S = 64
TOKEN = 1_000_000
"""One packet of a stranger, in the parts that a microsecond earns."""
UNKNOWN_PER_BATCH = 16
STREAM_BYTES = 4 << 20
STREAM_DATAGRAMS = 4096

STREAM = -1
"""Port index of a transport whose datagrams travel over ICE-TCP (or a test's virtual net)."""
NOWHERE = -2
"""Port index of a transport that has no destination yet."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows there are: fixed at the start, so that memory is bounded and a row never moves."""

    transports: int = 128
    producers: int = 384
    layers: int = 512
    slots: int = 2048
    ssrcs: int = 2048
    """SSRCs of publishers that may be bound at one time."""


def row_type(names: str) -> np.dtype[np.void]:
    """A table row of int64 fields. Uncompiled, a row is an np.record, whose own attributes would hide a
    field."""
    hidden = [name for name in names.split() if hasattr(np.record, name)]
    assert not hidden, hidden
    return np.dtype([(name, np.int64) for name in names.split()])


PORT = row_type("fd gso queued sent failed gso_sent gso_failed")
"""A bound UDP socket. queued: messages in its outgoing queue; gso: UDP_SEGMENT may be tried."""

TRANSPORT = row_type(
    "tx port gso name_len twcc_out tx_packets tx_bytes rx "
    "last_us rx_packets rx_bytes twcc_ext twcc_in arrivals bad replayed "
    "arrivals_read tokens tokens_us strangers used generation"
)
"""rx, tx: libsrtp sessions (0: no keys yet). twcc_in: newest transport-wide number received (unwrapped);
twcc_out: the next one to send. tokens: packets of unbound SSRCs it may still send, in millionths."""

PRODUCER = row_type(
    "used generation transport kind gate gated level level_sum level_count has_level shut_level last_us "
    "level_ext twcc_ext red_pt pt rtx_pt"
)
"""pt: of its codec, 0: any (then rtx_pt and red_pt are not looked at either, to tell what is foreign)."""

LAYER = row_type(
    "used generation producer kind khz ssrc first waiting "
    "history kept depth room packets bytes first_seq max_seq "
    "transit jitter16 jitter last_us stamp tail since duplicates "
    "octets0 octets1 octets2 frames0 frames1 frames2 gaps gaps_lost "
    "keyframes width height recovered key_seq"
)
"""first, waiting: heads of the lists of slots that get it, and that wait to get it. history, kept: addresses;
depth, room: rows of the history and bytes of one. stamp, tail: which run of the current batch it is in.
octets, frames: what could be forwarded, by temporal layer (0: it names none): payload bytes, and pictures,
which are counted at their last packet. since: the first number since the gate opened, -1: not yet known.
gaps: holes that wait to be taken; gaps_lost: those for which there was no room. key_seq: where its newest
keyframe began, 0: there was none."""

SLOT = row_type(
    "transport next care seq_off out_seq ssrc pt header "
    "ts_off pid_off tl0_off twcc_ext level_ext out_ts last_us out_pid "
    "out_tl0 sent octets khz kind layer target prev "
    "wait_next wait_prev rtx_ssrc rtx_pt anchor_ts anchor_us rtx_seq resent "
    "highest temporal cutting cut_ts cut_pid cut_bits floor redundancy red_pt switches origin stale "
    "used generation"
)
"""layer: what it carries now; target: what it shall carry (they differ while a switch waits). header: bytes
of RTP header and extensions that it writes. care: what of its copies is not the plain case (THIN,
REDUNDANT). out_seq: the newest number that is given away, sent or reserved for what may still come.
highest, temporal: the temporal layer up to which it shall send, and does; cutting: the newest frame that it
saw is left out, its timestamp and picture id in cut_*. floor: sounds older than this are not its own.
origin: the switch record at which its present layer began. anchor_*: the instant its timestamps count
from. stale: numbers asked for again that were too old to be of use."""

THIN, REDUNDANT = 1, 2

SWITCH = row_type("out_first layer generation seq_off ts_off pid_off tl0_off cut_first cut_last")
"""From out_first on, a slot's numbers came from this layer with these offsets. cut_*: timestamps of the first
and last frame that were left out just before; -1 if none was."""

KEPT = row_type("seq ts length marker")
"""What the history knows of a packet; its payload lies in the row of the same number."""

ENTRY = row_type(
    "layer next head at length seq ts marker level key pid_at pid_bits pid tl0_at tl0 plan_end plan_size "
    "tid sync start oldest newest top even"
)
"""A packet of this batch that is to be forwarded: its payload is at address `at`. tid: -1 if it names no
temporal layer. start: the first of its frame. Of the run that it heads: oldest, newest number; the highest
tid (top); whether it is of one frame and in order (even)."""

UP = row_type("kind transport row length")
STREAMED = row_type("transport at length")

COUNTERS = row_type(
    "datagrams copies sent handed_up unknown_address bad_auth replayed no_keys gated malformed truncated "
    "strangers strangers_dropped rtx_in rtx_padding rtx_duplicates late resent resend_refused send_errors "
    "protect_errors gso_messages gso_fallbacks stream_dropped faults up_dropped "
    "sent_octets resent_octets padding_octets padding red_recovered temporal_dropped foreign"
)
"""*_octets: protected RTP; what was resent and the padding are part of what was sent. foreign: packets of a
codec that their line has not."""

_CONTEXT_FIELDS = (
    "here ports transports producers layers slots addresses ssrcs counters "
    "n_ports n_transports n_producers n_layers n_slots n_addresses n_ssrcs "
    "rx names msgs arena tx_iov tx_msgs tx_ctl tx_transport entries ups "
    "out_names arrivals sent switches resends strangers asked gaps "
    "stream stream_bytes stream_at stream_n "
    "arena_at n_entries n_found n_ups unknown_ups stamp n_asked n_gaps length_at"
)
CONTEXT = np.dtype(
    [(name, np.int64) for name in _CONTEXT_FIELDS.split()] + [("length", np.int32), ("spare", np.int32)]
)
"""Where everything is. The kernel gets the address of this one row: unpacking thirty array arguments would
cost more than a packet (5 us a call), one integer costs 0.3."""


class AddressTable:
    """Which transport a source address belongs to: open addressing, compared in full.

    A row is port index + family + UDP port, four words of IP address, and the transport (-1: empty).
    Removal shifts the followers back, so a search ends at the first empty row.
    """

    KEYS = 5

    def __init__(self, room: int, keys: int = KEYS) -> None:
        capacity = 16
        while capacity < 2 * room:
            capacity *= 2
        self._keys = keys
        self._mask = capacity - 1
        self._room = room
        self._count = 0
        self.rows = np.zeros((capacity, keys + 1), np.int64)
        self.rows[:, keys] = -1

    def get(self, key: tuple[int, ...]) -> int:
        return int(self.rows[self._find(key), self._keys])

    def put(self, key: tuple[int, ...], value: int) -> None:
        """Raises TableFull."""
        at = self._find(key)
        if self.rows[at, self._keys] < 0:
            if self._count >= self._room:
                raise TableFull("addresses" if self._keys == AddressTable.KEYS else "SSRCs")
            self._count += 1
        self.rows[at, : self._keys] = key
        self.rows[at, self._keys] = value

    def remove(self, key: tuple[int, ...]) -> None:
        hole = self._find(key)
        if self.rows[hole, self._keys] < 0:
            return
        self._count -= 1
        at = hole
        while True:
            at = (at + 1) & self._mask
            if self.rows[at, self._keys] < 0:
                break
            home = bucket(tuple(int(word) for word in self.rows[at, : self._keys])) & self._mask
            if (at - home) & self._mask >= (at - hole) & self._mask:
                self.rows[hole] = self.rows[at]
                hole = at
        self.rows[hole, self._keys] = -1

    def _find(self, key: tuple[int, ...]) -> int:
        at = bucket(key) & self._mask
        while self.rows[at, self._keys] >= 0 and tuple(self.rows[at, : self._keys]) != key:
            at = (at + 1) & self._mask
        return at


class SsrcTable(AddressTable):
    """Which layer an SSRC of a transport belongs to: (transport, SSRC) -> layer * 2 + (1 if it is RTX)."""

    def __init__(self, room: int) -> None:
        super().__init__(room, keys=2)


class TableFull(Exception):
    """No free row: the bound in Size is reached."""


def bucket(words: tuple[int, ...]) -> int:
    """The kernel's hash (kernel_in.mix) over words of at most 32 bits.

    No product exceeds 62 bits, so int64 and Python's int agree.
    """
    h = 0
    for word in words:
        h = ((h ^ word) & 0xFFFF_FFFF) * 0x3C6E_F35F
        h ^= h >> 29
    return h >> 7
