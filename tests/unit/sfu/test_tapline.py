"""What crosses the tap line comes out as it went in, and anything else is a BadFrame."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu import EndpointId, RoomId, Source
from sfu.tapline import (
    TAP_SLOTS,
    AskKeyframes,
    FromTap,
    TapMedia,
    TapPacket,
    TapReport,
    TapRoom,
    TapSlot,
    TapSlots,
    decode_from_tap,
    decode_to_tap,
    frame,
)
from sfu.wire import MAX_FRAME_BYTES, BadFrame, Deframer

pytestmark = pytest.mark.record

LAN = EndpointId("lan")
PACKET = TapPacket(1 << 40, 0xFFFF_FFFF, True, b"\x90\x80")
BROUGHT: tuple[FromTap, ...] = (
    TapSlots(5, (TapSlot(LAN, Source.CAMERA), *(TapSlot(None, None),) * (len(TAP_SLOTS) - 1))),
    TapMedia(4, LAN, Source.MICROPHONE, 0xFFFF_FFFF, 7, 1 << 50, (PACKET, PACKET)),
    TapReport(LAN, Source.SCREEN, 9, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF, 1 << 50),
)


@pytest.mark.parametrize("message", BROUGHT)
def test_messages_to_a_recorder_come_out_as_they_went_in(message: FromTap) -> None:
    [body] = Deframer().feed(frame(message))
    assert decode_from_tap(body) == message


@pytest.mark.parametrize("message", [TapRoom(RoomId("room")), AskKeyframes()])
def test_messages_from_a_recorder_come_out_as_they_went_in(message: TapRoom | AskKeyframes) -> None:
    [body] = Deframer().feed(frame(message))
    assert decode_to_tap(body) == message


def test_a_frame_over_the_bound_is_not_made() -> None:
    with pytest.raises(ValueError, match="frame of"):
        frame(TapRoom(RoomId("x" * MAX_FRAME_BYTES)))


@given(body=st.binary(max_size=200))
def test_noise_is_a_bad_frame_or_a_message(body: bytes) -> None:
    for decode in (decode_to_tap, decode_from_tap):
        with contextlib.suppress(BadFrame):
            decode(body)


@given(which=st.sampled_from(BROUGHT), at=st.integers(0, 200), byte=st.integers(0, 255))
def test_a_damaged_frame_is_a_bad_frame_or_a_message(which: FromTap, at: int, byte: int) -> None:
    body = bytearray(frame(which)[4:])
    body[at % len(body)] = byte
    with contextlib.suppress(BadFrame):
        decode_from_tap(bytes(body))
