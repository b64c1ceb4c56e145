"""STUN: the vectors of RFC 5769, and what an attacker may try."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.errors import BadPacket
from sfu.transport import stun
from sfu.transport.stun import Attribute, Kind

# RFC 5769 section 2.1: sample request. The password is the short-term one of sections 2.1 to 2.3.
PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
# Section 2.2: IPv4 response.
RESPONSE_V4 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
# Section 2.3: IPv6 response.
RESPONSE_V6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c"
)
# Section 2.4: request with a long-term credential; its key is MD5 of user:realm:password.
LONG_TERM = bytes.fromhex(
    "000100602112a44278ad3433c6ad72c029da412e"
    "00060012e3839ee38388e383aae38383e382af"
    "e382b90000"
    "0015001c662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b6578616d706c652e6f72670000080014"
    "f67024656dd64a3e02b8e0712e85c9a28ca89666"
)
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")


def test_rfc5769_request_is_read_and_verified() -> None:
    message = stun.parse_untrusted(REQUEST)
    assert message.kind is Kind.REQUEST
    assert message.transaction == TRANSACTION
    assert message.username == ("evtj", "h6vY")
    assert message.attributes[Attribute.PRIORITY] == bytes.fromhex("6e0001ff")
    assert message.has_fingerprint
    assert stun.verify(message, PASSWORD).message is message


@pytest.mark.parametrize(
    ("data", "address"), [(RESPONSE_V4, "192.0.2.1"), (RESPONSE_V6, "2001:db8:1234:5678:11:2233:4455:6677")]
)
def test_rfc5769_responses_carry_the_mapped_address(data: bytes, address: str) -> None:
    message = stun.parse_untrusted(data)
    stun.verify(message, PASSWORD)
    value = message.attributes[Attribute.XOR_MAPPED_ADDRESS]
    assert stun.unxor_address_untrusted(value, TRANSACTION) == (address, 32853)
    assert stun.xor_address((address, 32853), TRANSACTION) == value


def test_rfc5769_long_term_request_is_verified_with_its_md5_key() -> None:
    message = stun.parse_untrusted(LONG_TERM)
    assert not message.has_fingerprint
    key = hashlib.md5("\u30de\u30c8\u30ea\u30c3\u30af\u30b9:example.org:TheMatrIX".encode()).digest()  # noqa: S324
    stun.verify(message, key)


def test_a_message_without_integrity_is_never_verified() -> None:
    naked = stun.build(Kind.REQUEST, TRANSACTION, [(Attribute.USERNAME, b"a:b")], None)
    with pytest.raises(BadPacket):
        stun.verify(stun.parse_untrusted(naked), b"")


def test_a_wrong_password_is_not_authentic() -> None:
    with pytest.raises(BadPacket):
        stun.verify(stun.parse_untrusted(REQUEST), PASSWORD + b"x")


@pytest.mark.parametrize("at", range(len(REQUEST)))
def test_no_bit_of_a_request_can_be_changed_unnoticed(at: int) -> None:
    for bit in range(8):
        damaged = bytearray(REQUEST)
        damaged[at] ^= 1 << bit
        with pytest.raises(BadPacket):
            _accepted(bytes(damaged))


def test_attributes_after_the_mac_are_not_believed() -> None:
    signed = stun.build(Kind.REQUEST, TRANSACTION, [(Attribute.USERNAME, b"a:b")], b"key")
    forged = signed[:-8] + Attribute.USE_CANDIDATE.to_bytes(2, "big") + b"\0\0"
    forged = forged[:2] + (len(forged) - 20).to_bytes(2, "big") + forged[4:]
    message = stun.verify(stun.parse_untrusted(forged), b"key").message
    assert Attribute.USE_CANDIDATE not in message.attributes


def test_attributes_that_must_be_understood_are_named() -> None:
    message = stun.parse_untrusted(
        stun.build(Kind.REQUEST, TRANSACTION, [(0x7FFE, b""), (0xC057, b"x")], b"k")
    )
    assert message.unknown() == (0x7FFE,)


def test_an_error_says_why() -> None:
    request = stun.verify(stun.parse_untrusted(REQUEST), PASSWORD)
    message = stun.parse_untrusted(stun.error(request, 487, "Role Conflict", PASSWORD))
    stun.verify(message, PASSWORD)
    assert message.kind is Kind.ERROR
    assert message.attributes[Attribute.ERROR_CODE] == b"\0\0\x04\x57Role Conflict"


@given(st.binary(max_size=200) | st.binary(max_size=120).map(lambda x: REQUEST[:8] + x))
def test_anything_is_read_or_refused(data: bytes) -> None:
    try:
        message = stun.parse_untrusted(data)
    except BadPacket:
        return
    message.unknown()
    _ = message.username
    with pytest.raises(BadPacket):
        stun.verify(message, b"not the key")


@given(st.binary(min_size=4, max_size=100), st.integers(0, 0x7FFF))
def test_a_damaged_request_is_read_or_refused(noise: bytes, at: int) -> None:
    at %= len(REQUEST)
    data = (REQUEST[:at] + noise)[: len(REQUEST)]
    data += REQUEST[len(data) :]
    try:
        _accepted(data)
    except BadPacket:
        return
    assert data == REQUEST


def _accepted(data: bytes) -> None:
    """What the ports require of a check; a fingerprint whose type was damaged is an unknown attribute."""
    message = stun.parse_untrusted(data)
    stun.verify(message, PASSWORD)
    if not message.has_fingerprint:
        raise BadPacket


@given(
    st.ip_addresses().map(str),
    st.integers(0, 65535),
    st.binary(min_size=12, max_size=12),
)
def test_addresses_survive_the_xor(ip: str, port: int, transaction: bytes) -> None:
    value = stun.xor_address((ip, port), transaction)
    assert stun.unxor_address_untrusted(value, transaction) == (ip, port)


@given(st.binary(max_size=24))
def test_any_address_value_is_read_or_refused(value: bytes) -> None:
    try:
        stun.unxor_address_untrusted(value, TRANSACTION)
    except BadPacket:
        return


@given(
    st.lists(st.tuples(st.integers(0xC100, 0xFFFF), st.binary(max_size=20)), max_size=10),
    st.binary(min_size=1, max_size=30),
)
def test_messages_that_we_build_are_read_back(attributes: list[tuple[int, bytes]], key: bytes) -> None:
    message = stun.verify(
        stun.parse_untrusted(stun.build(Kind.SUCCESS, TRANSACTION, attributes, key)), key
    ).message
    assert message.has_fingerprint
    assert dict(message.attributes) == dict(reversed(attributes))
