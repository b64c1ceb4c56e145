"""The fast path's tables: what the slow path decides and the kernel reads, and what the kernel counts.
Pure.

Every number is an int64, even if it has 16 bits on the wire. Compiled and uncompiled arithmetic differ in
mixed widths (numba widens, numpy wraps), and a wider row costs nothing that can be measured. Sequence numbers
are unwrapped; timestamps stay 32 bits; instants are microseconds of one monotonic clock. -1 is "none"
wherever a field names a row. The fields that a copy touches come first in a row: eight of them make a cache
line.
"""

from dataclasses import dataclass

import numpy as np

BATCH = 64
"""Datagrams read by one recvmmsg, and messages sent by one sendmmsg."""
MAX_DATAGRAM = 1500
RX_ROW = 2048
NAME_ROW = 32
"""Room for a sockaddr_in6 (28 bytes)."""
MAX_PORTS = 32
"""One for each local address, and room for those that have just gone."""
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
"""Packets of one batch that are forwarded: one per datagram, and as many that redundancy brought back."""
ARRIVALS = 1024
SENT_PACKETS = 4096
SWITCHES = 64
"""Records of a slot's numbers. When only every fourth frame is sent, each of those needs one: eight
seconds."""
RESENDS = 512
GAPS = 32
"""Holes of one layer that wait to be taken. Each layer has its own room: no publisher can fill another's."""
MAX_GAP = 256
"""Longer holes are not asked for again: the publisher's line was down."""
MAX_PADDING = 1 << 17
"""Bytes that one call may send to probe a line."""
MAX_BLOCKS = 9
"""Earlier sounds in one packet of a publisher; libwebrtc makes at most this many."""
MAX_STRANGERS = 256
"""Distinct SSRCs that are not bound and that libsrtp may keep state for, for each transport."""
MAX_ADDRESSES = 16
"""That one transport may have."""
MAX_UFRAGS = 4
"""That one transport may have."""
UFRAG_CHARACTERS = 8
MAX_ATTRIBUTES = 32
"""Of a STUN message."""
TOKEN = 1_000_000
"""The unit of a budget; a microsecond earns `per_s` millionths of it."""
SILENCE = 127
"""As a level, in -dBov (RFC 6464)."""
UPS = 512
"""Hand-ups that wait to be taken. Each transport has a budget of its own for them."""
STREAM_BYTES = 4 << 20
STREAM_DATAGRAMS = 4096

STREAM = -1
"""Port index of a transport whose datagrams travel over ICE-TCP (or a test's virtual net)."""
NOWHERE = -2
"""Port index of a transport that has no destination yet."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows there are. Fixed at the start, so that memory is bounded and a row never moves."""

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
    "arrivals_read strangers used generation"
)
"""rx, tx: libsrtp sessions (0: no keys yet). twcc_in: newest transport-wide number received (unwrapped);
twcc_out: the next one to send. last_us: of the last authentic RTP or RTCP packet."""

CHECKS, FIRST_CHECKS, RECORDS, REPORTS, STRANGERS, VOICES, PICTURES = range(7)
BUDGETS = 7
"""Of each transport, by what they are for. In what a packet costs: checks from its own addresses and from
others, DTLS datagrams, packets of SSRCs that are not bound, sounds. In bytes: RTCP and pictures, each packet
of which costs some bytes more."""
REPORT_BYTES, PICTURE_BYTES = 100, 400
"""What a packet of reports, and one of a picture, costs besides its size."""
BUDGET = row_type("left at_us per_s burst borrows refused")
"""A token bucket: millionths left, when that was so, what a second brings, the most at once; whether more is
taken from the last row, which all share; how often it was not enough."""

PRODUCER = row_type(
    "used generation transport kind gate gated level level_sum level_count has_level shut_level last_us "
    "level_ext twcc_ext red_pt pt rtx_pt"
)
"""pt: of its codec, 0: any (then rtx_pt and red_pt are not looked at either, to tell what is foreign)."""

LAYER = row_type(
    "used generation producer kind khz ssrc first waiting "
    "history kept depth room packets bytes first_seq max_seq "
    "transit jitter16 jitter last_us stamp tail since duplicates "
    "bytes0 bytes1 bytes2 frames0 frames1 frames2 gaps gaps_lost "
    "keyframes width height recovered key_seq"
)
"""first, waiting: heads of the lists of slots that get it, and that wait to get it. history, kept: addresses;
depth, room: how many rows the history has, and bytes of one. stamp, tail: which run of the current batch it
is in. bytes*, frames*: what could be forwarded, by temporal layer (0 also for packets that name none):
payload bytes, and pictures, which are counted at their last packet. since: the first number since the gate
opened, -1: not yet known. gaps: holes that wait to be taken; gaps_lost: holes for which there was no room.
key_seq: where its newest keyframe began, 0: there was none."""

SLOT = row_type(
    "transport next care seq_off out_seq ssrc pt header "
    "ts_off pid_off tl0_off twcc_ext level_ext out_ts last_us out_pid "
    "out_tl0 sent sent_bytes khz kind layer target prev "
    "wait_next wait_prev rtx_ssrc rtx_pt anchor_ts anchor_us rtx_seq resent "
    "highest temporal cutting cut_ts cut_pid cut_bits floor redundancy red_pt switches origin stale "
    "used generation"
)
"""layer: what it carries now; target: what it is to carry (they differ while a switch waits). header: bytes
of RTP header and extensions that it writes. care: in what its copies differ from the plain case (THIN,
REDUNDANT). out_seq: the newest number that is given away: sent, or reserved for a packet that may still come.
sent_bytes: payloads. highest, temporal: the temporal layer up to which it is to send, and does; cutting: the
newest frame that it saw is left out, with its timestamp and picture id in cut_*. floor: older sounds are not
its own. origin: the switch record at which its present layer began. anchor_*: the instant from which its
timestamps count. stale: numbers asked for again that were too old to be of use."""

THIN, REDUNDANT = 1, 2

SWITCH = row_type("out_first layer generation seq_off ts_off pid_off tl0_off cut_first cut_last")
"""From out_first on, a slot's numbers come from this layer with these offsets. cut_*: timestamps of the first
and last frame that were left out just before; -1 if none was."""

KEPT = row_type("seq ts length marker")
"""What the history knows of a packet; its payload lies in the row of the same number."""

ENTRY = row_type(
    "layer next head at length seq ts marker level key pid_at pid_bits pid tl0_at tl0 plan_end plan_size "
    "tid sync start oldest newest top even"
)
"""A packet of this batch that is to be forwarded; its payload is at address `at`. tid: -1 if it names no
temporal layer. start: it is the first of its frame. About the run that it heads: oldest and newest number;
the highest tid (top); whether it is one frame, in order (even)."""

UP = row_type("kind transport owner port length")
"""owner: the transport's generation, in case its row is another's when this is taken."""
STREAMED = row_type("transport at length producer")

COUNTERS = row_type(
    "datagrams copies sent handed_up unknown_address bad_auth replayed no_keys gated malformed truncated "
    "strangers strangers_dropped rtx_in rtx_padding rtx_duplicates late resent resend_refused send_errors "
    "protect_errors gso_messages gso_fallbacks stream_dropped faults up_dropped "
    "sent_bytes resent_bytes padding_bytes padding red_recovered temporal_dropped foreign unknown_ufrag held"
)
"""*_bytes: protected RTP; resent and padding are part of sent. foreign: packets of a codec that their line
does not have. unknown_ufrag: checks that name nobody. held: dropped because a budget was used up."""

_CONTEXT_FIELDS = (
    "here ports transports producers layers slots addresses ssrcs ufrags budgets counters "
    "n_ports n_transports n_producers n_layers n_slots n_addresses n_ssrcs n_ufrags "
    "rx names msgs arena tx_iov tx_msgs tx_ctl tx_transport entries ups up_names up_bytes "
    "out_names arrivals sent switches resends strangers asked gaps "
    "stream stream_bytes stream_at stream_n "
    "now port arena_at n_entries n_found stamp n_asked n_gaps length_at "
    "ups_in ups_out next_turn turn watched scratch event_fd kick_fd stopping ahead_us rested_us"
)
CONTEXT = np.dtype(
    [(name, np.int64) for name in _CONTEXT_FIELDS.split()] + [("length", np.int32), ("spare", np.int32)]
)
"""Where everything is, and `now` for this call. port: where the batch came from. ups_in, ups_out: how many
hand-ups were ever put in and taken out. next_turn, turn: mutexes (polling.enter). event_fd wakes who takes
hand-ups, kick_fd the packet thread, whose clock is ahead_us ahead of the machine's (0, but for tests). The
kernel gets the address of this one row: unpacking thirty array arguments would cost more than a packet (5 us
a call), one integer costs 0.3."""


class TableFull(Exception):
    """No free row: the bound in Size is reached."""
