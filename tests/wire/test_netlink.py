"""The kernel's answers about addresses: one that a real kernel gave, and anything else."""

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.addresses.netlink import (
    TENTATIVE,
    Answer,
    BadNetlink,
    CardAddress,
    parse_answer_untrusted,
)

# Linux 6.18: loopback; card 3 without a cable; card 5 on a line between two points, with 10.9.0.2 at the
# other end.
ANSWER = bytes.fromhex(
    "4c00000014000200010000005e4e0000020880fe01000000080001007f000001080002007f000001070003006c6f0000"
    "080008008000000014000600ffffffffffffffff58c5010058c501005000000014000200010000005e4e000002188000"
    "0300000008000100c000020108000200c0000201090003006e65617200000000080008008000000014000600ffffffff"
    "ffffffff58c5010058c501004c00000014000200010000005e4e00000220800005000000080001000a09000208000200"
    "0a0900010600030070000000080008008000000014000600ffffffffffffffff59c5010059c501005000000014000200"
    "010000005e4e00000a8080fe01000000140001000000000000000000000000000000000114000600ffffffffffffffff"
    "58c5010058c50100080008008000000005000b00010000004800000014000200010000005e4e00000a40c00003000000"
    "14000100fd00000100000000000000000000000114000600ffffffffffffffff58c5010058c5010008000800c0000000"
)
PERMANENT = 0x80
DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)


def test_an_answer_of_a_real_kernel_is_read() -> None:
    assert parse_answer_untrusted(ANSWER) == Answer(
        (
            CardAddress(ip_address("127.0.0.1"), 1, PERMANENT),
            CardAddress(ip_address("192.0.2.1"), 3, PERMANENT),
            CardAddress(ip_address("10.9.0.1"), 5, PERMANENT),
            CardAddress(ip_address("::1"), 1, PERMANENT),
            CardAddress(ip_address("fd00:1::1"), 3, PERMANENT | TENTATIVE),
        ),
        is_last=False,
        is_torn=False,
    )


def test_the_last_message_of_an_answer_says_so() -> None:
    assert parse_answer_untrusted(DONE).is_last
    assert parse_answer_untrusted(ANSWER + DONE).is_last
    assert len(parse_answer_untrusted(ANSWER + DONE).addresses) == 5


def test_an_answer_during_which_addresses_changed_says_so() -> None:
    torn = bytearray(ANSWER)
    torn[6] |= 0x10
    assert parse_answer_untrusted(bytes(torn)).is_torn


def test_an_address_of_another_family_is_passed_over() -> None:
    other = struct.pack("=IHHIIBBBBIHH6s2x", 36, 20, 2, 1, 0, 17, 0, 0, 0, 3, 10, 1, b"abcdef")
    assert parse_answer_untrusted(other + DONE).addresses == ()


@pytest.mark.parametrize(
    "datagram",
    [
        ANSWER[:-1],
        ANSWER[:10],
        struct.pack("=IHHII", 0, 20, 2, 1, 0),
        struct.pack("=IHHII", 15, 20, 2, 1, 0),
        struct.pack("=IHHII", 4000, 20, 2, 1, 0),
        struct.pack("=IHHIIi", 20, 2, 0, 1, 0, -1),
        struct.pack("=IHHII4x", 20, 20, 2, 1, 0),
        struct.pack("=IHHII8xHH", 28, 20, 2, 1, 0, 3, 1),
        struct.pack("=IHHII8xHH", 28, 20, 2, 1, 0, 5, 1),
        struct.pack("=IHHII8xHHH2x", 32, 20, 2, 1, 0, 6, 8, 1),
    ],
)
def test_an_answer_that_is_cut_off_or_lies_about_a_length_is_refused(datagram: bytes) -> None:
    with pytest.raises(BadNetlink):
        parse_answer_untrusted(datagram)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(datagram: bytes) -> None:
    _read_or_refused(datagram)


@given(st.data())
def test_any_change_of_a_real_answer_is_read_or_refused(data: st.DataObject) -> None:
    changed = bytearray(ANSWER + DONE)
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    _read_or_refused(bytes(changed[: data.draw(st.integers(0, len(changed)))]))


def _read_or_refused(datagram: bytes) -> None:
    """A message takes 16 bytes at least, so there are never more addresses than those."""
    try:
        answer = parse_answer_untrusted(datagram)
    except BadNetlink:
        return
    assert len(answer.addresses) <= len(datagram) / 16
