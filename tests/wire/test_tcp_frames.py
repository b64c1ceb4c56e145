"""Packets in a stream (RFC 4571)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.errors import BadPacket
from sfu.transport.tcp import MAX_FRAME_BYTES, PacketDeframer

PACKETS = st.lists(st.binary(max_size=50), max_size=8)


def _framed(packets: list[bytes]) -> bytes:
    return b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)


@given(PACKETS, st.lists(st.integers(0, 400), max_size=6))
def test_packets_survive_any_segmentation(packets: list[bytes], cuts: list[int]) -> None:
    stream = _framed(packets)
    deframer = PacketDeframer()
    found: list[bytes] = []
    before = 0
    for cut in [*sorted(cuts), len(stream)]:
        found += deframer.feed_untrusted(stream[before:cut])[0]
        before = max(before, min(cut, len(stream)))
    assert found == [packet for packet in packets if packet]


def test_a_frame_larger_than_any_packet_ends_the_stream() -> None:
    PacketDeframer().feed_untrusted(MAX_FRAME_BYTES.to_bytes(2, "big"))
    with pytest.raises(BadPacket):
        PacketDeframer().feed_untrusted((MAX_FRAME_BYTES + 1).to_bytes(2, "big"))


@given(st.lists(st.binary(max_size=80), max_size=10))
def test_any_stream_is_cut_or_refused(pieces: list[bytes]) -> None:
    deframer = PacketDeframer()
    try:
        found = [packet for piece in pieces for packet in deframer.feed_untrusted(piece)[0]]
    except BadPacket:
        return
    assert all(0 < len(packet) <= MAX_FRAME_BYTES for packet in found)
