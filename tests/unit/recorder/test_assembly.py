"""Only whole, decodable pictures come out, whatever was lost."""

import random

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.format.matroska import MAX_BLOCK_BYTES
from recorder.muxing.assembly import MAX_SOUND_BYTES, Assembler, EncodedFrame
from sfu import EndpointId, Source
from sfu.tapline import TapMedia, TapPacket
from tests.support.publishers import picture_packets
from tests.support.recorded import counter_of, pictures

pytestmark = pytest.mark.record

A = EndpointId("a")


def media(*packets: TapPacket, source: Source = Source.CAMERA, stream: int = 1) -> TapMedia:
    return TapMedia(0, A, source, stream, 0, 0, packets)


def stream_of(keys: str, parts: int = 3) -> list[TapPacket]:
    """K is a keyframe, p another picture; packet numbers without a gap."""
    return [
        packet
        for at, kind in enumerate(keys)
        for packet in picture_packets(at * parts, at * 3000, at, kind == "K", parts=parts)
    ]


def layered(pattern: str, missing: str = "") -> list[int]:
    """Which pictures come out of: K keyframe, 0 lowest layer, 1 and 2 above; a - after one means that it
    starts again from the lowest. `missing` are the lost ones, by position."""
    assembler = Assembler()
    tl0 = 0
    out: list[int] = []
    for at, (kind, sync) in enumerate(zip(pattern[::2], pattern[1::2], strict=True)):
        layer = 0 if kind == "K" else int(kind)
        tl0 += layer == 0
        packets = picture_packets(at * 3, at * 3000, at, kind == "K", temporal=(layer, tl0, sync == "-"))
        if str(at) not in missing.split():
            out += [whole.ts // 3000 for whole in assembler.take(media(*packets))]
    return out


def test_packets_become_pictures_however_they_are_split_into_messages() -> None:
    packets = stream_of("KppKp")
    for size in range(1, 16):
        assembler = Assembler()
        found = [
            whole
            for at in range(0, len(packets), size)
            for whole in assembler.take(media(*packets[at : at + size]))
        ]
        assert [(whole.ts // 3000, whole.key) for whole in found] == [
            (0, True),
            (1, False),
            (2, False),
            (3, True),
            (4, False),
        ]


def test_nothing_comes_out_before_a_keyframe() -> None:
    assembler = Assembler()
    assert not assembler.wants_keyframe
    assert [whole.ts for whole in assembler.take(media(*stream_of("ppKp")))] == [6000, 9000]
    assert not assembler.wants_keyframe
    assert not assembler.take(media(*stream_of("pp"), stream=2))
    assert assembler.wants_keyframe
    assembler.stop()
    assert not assembler.wants_keyframe


@pytest.mark.parametrize("lost", range(3, 9))
def test_after_a_lost_packet_nothing_comes_out_until_a_keyframe(lost: int) -> None:
    packets = stream_of("KppppKp")
    assembler = Assembler()
    found = assembler.take(media(*packets[:lost], *packets[lost + 1 :]))
    assert [whole.ts // 3000 for whole in found] == [*range(lost // 3), 5, 6]


def test_a_loss_in_a_higher_layer_costs_only_what_depends_on_it() -> None:
    pattern = "K 2-1-2 0 2 1 2 0 2-1-2 0 2 1 2 "
    assert layered(pattern) == list(range(16))
    # A picture that nothing depends on: only it is missing, and its layer until that starts again.
    assert layered(pattern, missing="5") == [0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15]
    # The middle layer: the layers above are lost with it.
    assert layered(pattern, missing="6") == [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15]
    # The lowest layer: everything until a keyframe.
    assert layered(pattern, missing="8") == list(range(8))
    assert layered(pattern + "K 2-", missing="8") == [*range(8), 16, 17]


def test_the_output_after_losses_can_really_be_decoded() -> None:
    dice = random.Random(3)
    blocks = pictures(120, 15, keyframe_every=12)
    assembler, eye = Assembler(), av.CodecContext.create("vp8", "r")
    number, packets = 0, []
    for at, block in enumerate(blocks):
        pieces = [block.data[begin : begin + 300] for begin in range(0, len(block.data), 300)]
        for place, piece in enumerate(pieces):
            head = b"\x00" if place else b"\x10"
            packets.append(TapPacket(number, at * 6000, place == len(pieces) - 1, head + piece))
            number += 1
    kept = [packet for packet in packets if dice.random() > 0.03]
    found = assembler.take(media(*kept))
    assert 30 < len(found) < 115
    for whole in found:
        assert whole.data == blocks[whole.ts // 6000].data
        (frame,) = eye.decode(av.Packet(whole.data))
        assert counter_of(frame) == whole.ts // 6000 % 100


def test_sounds_are_passed_on_unchanged() -> None:
    packets = [TapPacket(number, number * 960, False, bytes([number])) for number in (1, 2, 5)]
    found = Assembler().take(media(*packets, source=Source.MICROPHONE))
    assert found == [
        EncodedFrame(960, b"\1", True),
        EncodedFrame(1920, b"\2", True),
        EncodedFrame(4800, b"\5", True),
    ]


def test_anything_too_large_is_dropped() -> None:
    sound = TapPacket(1, 0, False, bytes(MAX_SOUND_BYTES + 1))
    assert not Assembler().take(media(sound, TapPacket(2, 0, False, b""), source=Source.MICROPHONE))
    first, _, third = picture_packets(0, 0, 0, True)
    many = [
        TapPacket(at, 0, False, b"\x00" + bytes(60_000)) for at in range(1, 3 + MAX_BLOCK_BYTES // 60_000)
    ]
    last = TapPacket(len(many) + 1, 0, True, third.payload)
    assert not Assembler().take(media(first, *many, last))


PACKETS = st.builds(
    TapPacket, st.integers(0, 12), st.sampled_from((0, 3000, 6000)), st.booleans(), st.binary(max_size=40)
)


@given(st.lists(PACKETS, max_size=30), st.sampled_from(list(Source)))
def test_arbitrary_packets_are_accepted(packets: list[TapPacket], source: Source) -> None:
    found = Assembler().take(media(*packets, source=source))
    assert len(found) <= len(packets)
    if source is not Source.MICROPHONE and found:
        assert found[0].key
