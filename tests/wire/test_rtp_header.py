"""The RTP header of a stranger."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.errors import BadPacket
from sfu.rtp.header import parse_header_untrusted

FIXED = struct.Struct("!BBHII")


def _packet(first: int, rest: bytes, *, second: int = 0x60) -> bytes:
    return FIXED.pack(first, second, 7, 9000, 0xCAFE) + rest


def _extended(profile: int, block: bytes, payload: bytes = b"payload") -> bytes:
    padded = block + bytes(-len(block) % 4)
    return _packet(0x90, struct.pack("!HH", profile, len(padded) // 4) + padded + payload)


def test_a_plain_packet_is_read() -> None:
    header = parse_header_untrusted(_packet(0x80, b"payload", second=0x80 | 96))
    assert (header.marker, header.pt, header.seq, header.timestamp, header.ssrc) == (
        True,
        96,
        7,
        9000,
        0xCAFE,
    )
    assert (header.payload_start, header.payload_end) == (12, 19)
    assert header.extensions == {}


def test_one_byte_extensions_name_mid_and_rid() -> None:
    header = parse_header_untrusted(_extended(0xBEDE, b"\x101\x00\x00\x20q\x31ab"))
    assert header.extensions == {1: b"1", 2: b"q", 3: b"ab"}
    assert header.text(1) == "1"
    assert header.text(2) == "q"
    assert header.text(9) == ""
    assert header.text(0) == ""


def test_two_byte_extensions_may_be_long_or_empty() -> None:
    header = parse_header_untrusted(_extended(0x1000, b"\x10\x14" + b"x" * 20 + b"\x02\x00"))
    assert header.extensions == {16: b"x" * 20, 2: b""}


def test_id_15_ends_a_one_byte_block() -> None:
    header = parse_header_untrusted(_extended(0xBEDE, b"\x101\xf0z\x20q"))
    assert header.extensions == {1: b"1"}


def test_text_that_is_not_ascii_names_nothing() -> None:
    assert parse_header_untrusted(_extended(0xBEDE, b"\x10\xff")).text(1) == ""


def test_padding_is_not_payload() -> None:
    header = parse_header_untrusted(_packet(0xA0, b"payload\0\0\3"))
    assert header.payload_end - header.payload_start == len(b"payload")


def test_contributing_sources_are_skipped() -> None:
    assert parse_header_untrusted(_packet(0x82, bytes(8) + b"payload")).payload_start == 20


def test_an_unknown_profile_is_skipped() -> None:
    header = parse_header_untrusted(_extended(0x1234, b"abcd"))
    assert header.extensions == {}
    assert header.payload_start == 20


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        bytes(11),
        _packet(0x40, b""),  # version 1
        _packet(0x8F, b""),  # 15 CSRCs that are not there
        _packet(0x90, b"\xbe"),
        _packet(0x90, b"\xbe\xde\0\5"),
        _packet(0xA0, b"\0"),  # padding of nothing
        _packet(0xA0, b"\x05"),  # more padding than payload
        _packet(0xA0, b""),  # padding, no payload
        _extended(0xBEDE, b"\x1f" + bytes(2)),
        _extended(0x1000, b"\x01\x09" + bytes(2)),
        _extended(0x1000, b"\0\0\0\x01"),
    ],
)
def test_a_damaged_header_is_refused(packet: bytes) -> None:
    with pytest.raises(BadPacket):
        parse_header_untrusted(packet)


@given(st.binary(max_size=120) | st.binary(max_size=80).map(lambda x: _extended(0xBEDE, x)))
def test_anything_is_read_or_refused(packet: bytes) -> None:
    try:
        header = parse_header_untrusted(packet)
    except BadPacket:
        return
    assert 12 <= header.payload_start <= header.payload_end <= len(packet)
    for ident in header.extensions:
        assert isinstance(header.text(ident), str)


@given(st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=14))
def test_one_byte_extensions_are_read_back(extensions: dict[int, bytes]) -> None:
    block = b"".join(bytes((ident << 4 | len(value) - 1,)) + value for ident, value in extensions.items())
    assert parse_header_untrusted(_extended(0xBEDE, block)).extensions == extensions
