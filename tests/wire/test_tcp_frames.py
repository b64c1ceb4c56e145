"""Packets in a stream (RFC 4571), and those that wait for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.errors import BadPacket
from sfu.transport.tcp import LONGEST_WAIT_S, MAX_FRAME_BYTES, WAIT_LIMIT_BYTES, Deframer, SendQueue

PACKETS = st.lists(st.binary(max_size=50), max_size=8)


def _framed(packets: list[bytes]) -> bytes:
    return b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)


@given(PACKETS, st.lists(st.integers(0, 400), max_size=6))
def test_packets_survive_any_segmentation(packets: list[bytes], cuts: list[int]) -> None:
    stream = _framed(packets)
    deframer = Deframer()
    found: list[bytes] = []
    before = 0
    for cut in [*sorted(cuts), len(stream)]:
        found += deframer.feed_untrusted(stream[before:cut])
        before = max(before, min(cut, len(stream)))
    assert found == [packet for packet in packets if packet]


def test_a_frame_larger_than_any_packet_ends_the_stream() -> None:
    Deframer().feed_untrusted(MAX_FRAME_BYTES.to_bytes(2, "big"))
    with pytest.raises(BadPacket):
        Deframer().feed_untrusted((MAX_FRAME_BYTES + 1).to_bytes(2, "big"))


@given(st.lists(st.binary(max_size=80), max_size=10))
def test_any_stream_is_cut_or_refused(pieces: list[bytes]) -> None:
    deframer = Deframer()
    try:
        found = [packet for piece in pieces for packet in deframer.feed_untrusted(piece)]
    except BadPacket:
        return
    assert all(0 < len(packet) <= MAX_FRAME_BYTES for packet in found)


def _taken(queue: SendQueue, now: float) -> list[bytes]:
    taken: list[bytes] = []
    while (packet := queue.take(now)) is not None:
        taken.append(packet)
    return taken


def test_a_voice_overtakes_the_pictures_that_wait() -> None:
    queue = SendQueue()
    for packet, urgent in ((b"p1", False), (b"v1", True), (b"p2", False), (b"v2", True)):
        queue.put(packet, urgent, 0.0)
    assert _taken(queue, 0.1) == [b"v1", b"v2", b"p1", b"p2"]


def test_what_has_waited_too_long_is_dropped_and_counted() -> None:
    queue = SendQueue()
    for n in range(10):
        queue.put(bytes([n]), n % 2 == 0, n / 10)
    assert _taken(queue, 0.55 + LONGEST_WAIT_S) == [b"\x06", b"\x08", b"\x07", b"\x09"]
    assert queue.dropped == 6
    assert len(queue) == 0


@given(st.lists(st.tuples(st.floats(0, 0.2), st.booleans(), st.integers(1, 2000)), max_size=200))
def test_what_waits_is_bounded_and_nothing_is_lost_uncounted(puts: list[tuple[float, bool, int]]) -> None:
    queue = SendQueue()
    now = 0.0
    for pause, urgent, size in puts:
        now += pause
        queue.put(bytes(size), urgent, now)
    waiting = _taken(queue, now)
    assert sum(len(packet) for packet in waiting) <= WAIT_LIMIT_BYTES
    assert len(waiting) + queue.dropped == len(puts)
