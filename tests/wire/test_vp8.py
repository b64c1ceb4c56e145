"""The VP8 payload descriptor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.errors import BadPacket
from sfu.rtp import vp8

KEYFRAME = bytes.fromhex("100200 9d012a 4001 f000")


def test_a_chromium_descriptor_is_read() -> None:
    # X; I with 16 bits, L, T: picture 0x1234, TL0PICIDX 7, TID 1 with sync
    descriptor = vp8.parse_untrusted(bytes.fromhex("90e0 9234 07 60") + KEYFRAME)
    assert descriptor.starts_frame
    assert (descriptor.picture_id, descriptor.picture_id_bits, descriptor.picture_id_at) == (0x1234, 15, 2)
    assert (descriptor.tl0_picture_index, descriptor.tl0_at) == (7, 4)
    assert (descriptor.temporal_layer, descriptor.layer_sync) == (1, True)
    assert descriptor.length == 6


def test_a_short_picture_id_has_seven_bits() -> None:
    descriptor = vp8.parse_untrusted(bytes.fromhex("9080 7f 00"))
    assert (descriptor.picture_id, descriptor.picture_id_bits, descriptor.length) == (0x7F, 7, 3)


def test_a_descriptor_without_extension_is_one_byte() -> None:
    descriptor = vp8.parse_untrusted(b"\x10\x00")
    assert (descriptor.length, descriptor.picture_id, descriptor.tl0_picture_index) == (1, None, None)


def test_a_keyframe_contains_its_size() -> None:
    payload = b"\x10" + KEYFRAME
    descriptor = vp8.parse_untrusted(payload)
    assert vp8.starts_keyframe(payload, descriptor)
    assert vp8.keyframe_size(payload, descriptor) == vp8.PictureSize(320, 240)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"\x00" + KEYFRAME, "not the first packet of the frame"),
        (b"\x11" + KEYFRAME, "another partition"),
        (b"\x10\x11" + KEYFRAME[1:], "an interframe"),
        (b"\x10", "no payload"),
    ],
)
def test_nothing_else_is_a_keyframe(payload: bytes, why: str) -> None:
    descriptor = vp8.parse_untrusted(payload)
    assert not vp8.starts_keyframe(payload, descriptor), why
    assert vp8.keyframe_size(payload, descriptor) is None


@pytest.mark.parametrize(
    "payload", [b"", b"\x90", b"\x90\x80", b"\x90\x80\x80", b"\x90\x40", b"\x90\x20", b"\x90\x10"]
)
def test_a_short_descriptor_is_refused(payload: bytes) -> None:
    with pytest.raises(BadPacket):
        vp8.parse_untrusted(payload)


@given(st.binary(max_size=20))
def test_anything_is_read_or_refused(payload: bytes) -> None:
    try:
        descriptor = vp8.parse_untrusted(payload)
    except BadPacket:
        return
    assert 1 <= descriptor.length <= len(payload)
    vp8.keyframe_size(payload, descriptor)
