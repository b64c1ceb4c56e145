"""RTCP in and out."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.errors import BadPacket
from sfu.rtp import rtcp
from sfu.rtp.ntp import middle, ntp_from_unix, unix_from_ntp
from sfu.rtp.rtcp import Bye, Fir, Nack, Pli, ReceiverReport, Remb, ReportBlock, SenderReport
from sfu.rtp.twcc import TwccFeedback

U32 = st.integers(0, 0xFFFFFFFF)
BLOCKS = st.builds(
    ReportBlock,
    ssrc=U32,
    fraction_lost=st.integers(0, 255),
    cumulative_lost=st.integers(-0x800000, 0x7FFFFF),
    highest_seq=U32,
    jitter=U32,
    lsr=U32,
    dlsr=U32,
)


@given(U32, st.integers(0, 2**64 - 1), U32, U32, U32, st.lists(BLOCKS, max_size=31))
def test_a_sender_report_is_read_back(
    ssrc: int, ntp: int, timestamp: int, packets: int, sent_bytes: int, blocks: list[ReportBlock]
) -> None:
    written = rtcp.sender_report(ssrc, ntp, timestamp, packets, sent_bytes, blocks)
    assert rtcp.parse_untrusted(written) == (
        SenderReport(ssrc, ntp, timestamp, packets, sent_bytes, tuple(blocks)),
    )


@given(U32, st.lists(BLOCKS, max_size=80))
def test_receiver_reports_carry_all_blocks_31_at_a_time(ssrc: int, blocks: list[ReportBlock]) -> None:
    parts = rtcp.parse_untrusted(rtcp.receiver_report(ssrc, blocks))
    found: list[ReportBlock] = []
    for part in parts:
        assert isinstance(part, ReceiverReport)
        assert part.ssrc == ssrc
        assert len(part.blocks) <= 31
        found += part.blocks
    assert found == blocks
    assert len(parts) == max(1, -(-len(blocks) // 31))


@pytest.mark.parametrize(
    ("asked", "items"),
    [
        ([5], 1),
        ([5, 6, 21], 1),
        ([5, 22], 2),
        ([65535, 65536], 1),  # the numbers are unwrapped: 0xFFFF is followed by 0
        ([7, 5, 5], 1),
        (list(range(100, 134)), 2),
    ],
)
def test_nacked_numbers_share_items(asked: list[int], items: int) -> None:
    written = rtcp.nack(1, 2, asked)
    assert len(written) == 12 + 4 * items
    assert rtcp.parse_untrusted(written) == (Nack(1, 2, tuple(n & 0xFFFF for n in sorted(set(asked)))),)


@given(st.lists(st.integers(0, 1 << 20), max_size=600))
def test_nacks_ask_for_each_number_once(asked: list[int]) -> None:
    written = rtcp.nack(1, 2, asked)
    found: list[int] = []
    while written:  # as on the wire: one datagram may not hold them all
        size = 4 + 4 * int.from_bytes(written[2:4], "big")
        (part,) = rtcp.parse_untrusted(written[:size])
        assert isinstance(part, Nack)
        found += part.seqs
        written = written[size:]
    assert found == [number & 0xFFFF for number in sorted(set(asked))]


def test_a_compound_of_everything_is_read_in_order() -> None:
    compound = (
        rtcp.sender_report(1, 2, 3, 4, 5)
        + rtcp.sdes_cname(1, "giaoban")
        + bytes.fromhex("80cf0001 00000001")  # an extended report, skipped
        + rtcp.pli(1, 2)
        + bytes.fromhex("84ce0004 00000001 00000000 00000009 05000000")  # FIR
        + bytes.fromhex("8fce0005 00000001 00000000 52454d42 0103f000 00000009")  # REMB
        + bytes.fromhex("81cb0001 00000001")  # BYE
    )
    assert rtcp.parse_untrusted(compound) == (
        SenderReport(1, 2, 3, 4, 5, ()),
        Pli(1, 2),
        Fir(1, (9,)),
        Remb(1, 0x3F000, (9,)),
        Bye((1,)),
    )


def test_a_chromium_like_remb_is_read() -> None:
    # 0x12 = exponent 4, mantissa 0x2_0000 + 0x86A0
    data = bytes.fromhex("8fce0006 00000001 00000000 52454d42 021286a0 11111111 22222222")
    (remb,) = rtcp.parse_untrusted(data)
    assert remb == Remb(1, 0x286A0 << 4, (0x11111111, 0x22222222))


def test_padding_of_the_last_packet_is_left_out() -> None:
    padded = bytes.fromhex("a1cd0004 00000001 00000002 00050000 00000004")
    assert rtcp.parse_untrusted(rtcp.pli(1, 2) + padded) == (Pli(1, 2), Nack(1, 2, (5,)))


@pytest.mark.parametrize(
    "compound",
    [
        b"",
        b"\x80\xc9",
        bytes.fromhex("40c90001 00000001"),  # version
        bytes.fromhex("80c90002 00000001"),  # longer than it is
        bytes.fromhex("81c90001 00000001"),  # one block announced, none there
        bytes.fromhex("80c80001 00000001"),
        bytes.fromhex("80c90000"),
        bytes.fromhex("82cb0001 00000001"),
        bytes.fromhex("81cd0001 00000001"),
        bytes.fromhex("81ce0001 00000001"),
        bytes.fromhex("84ce0003 00000001 00000002 00000003"),  # half a FIR item
        bytes.fromhex("8fce0004 00000001 00000000 52454d42 05000000"),  # five SSRCs announced
        bytes.fromhex("a1ce0002 00000001 000000ff"),  # padding longer than the packet
        bytes.fromhex("a1ce0002 00000001 00000000"),  # padding of nothing
        bytes.fromhex("a1ce0003 00000001 00000002 00000004") + rtcp.pli(1, 2),  # padding not at the end
        rtcp.pli(1, 2) + b"\0\0\0",
        rtcp.pli(1, 2) * 200,  # larger than any datagram
    ],
)
def test_a_damaged_compound_is_refused(compound: bytes) -> None:
    with pytest.raises(BadPacket):
        rtcp.parse_untrusted(compound)


def _framed(kind: int, count: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


@given(
    st.binary(max_size=200)
    | st.lists(
        st.builds(_framed, st.integers(198, 208), st.integers(0, 31), st.binary(max_size=120)), max_size=4
    ).map(b"".join)
)
def test_anything_is_read_or_refused(compound: bytes) -> None:
    try:
        parts = rtcp.parse_untrusted(compound)
    except BadPacket:
        return
    assert len(parts) <= len(compound) // 4


def test_a_cname_fills_its_words() -> None:
    for length in range(1, 12):
        assert len(rtcp.sdes_cname(1, "x" * length)) % 4 == 0


@given(st.floats(0, 2_000_000_000))
def test_ntp_instants_survive_the_round_trip(unix_s: float) -> None:
    assert abs(unix_from_ntp(ntp_from_unix(unix_s)) - unix_s) < 1e-6


def test_the_middle_of_an_instant_counts_in_65536ths() -> None:
    early, late = ntp_from_unix(1_700_000_000.0), ntp_from_unix(1_700_000_000.25)
    assert middle(late) - middle(early) == 65536 // 4


def test_a_compound_has_a_bounded_number_of_parts_and_one_transport_wide_feedback() -> None:
    def feedback(base: int) -> bytes:
        return struct.pack("!BBHIIHHIHH", 0x8F, 205, 5, 1, 1, base, 1, 0, 1, 0)

    (part,) = rtcp.parse_untrusted(feedback(7) + feedback(8) + feedback(9))
    assert isinstance(part, TwccFeedback)
    assert part.base == 9, "the newest"
    assert len(rtcp.parse_untrusted(rtcp.pli(1, 2) * rtcp.MAX_PARTS)) == rtcp.MAX_PARTS
    with pytest.raises(BadPacket):
        rtcp.parse_untrusted(rtcp.pli(1, 2) * (rtcp.MAX_PARTS + 1))


def test_of_a_request_for_thousands_a_bounded_number_is_read() -> None:
    items = b"".join(struct.pack("!HH", 17 * n & 0xFFFF, 0xFFFF) for n in range(400))
    packet = struct.pack("!BBHII", 0x81, 205, 2 + 400, 1, 2) + items
    (part,) = rtcp.parse_untrusted(packet)
    assert isinstance(part, rtcp.Nack)
    assert list(part.seqs[: rtcp.MAX_NACKED]) == list(range(rtcp.MAX_NACKED))
    assert len(part.seqs) < rtcp.MAX_NACKED + 17
