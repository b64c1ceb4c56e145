"""The compiled kernel and the same source as ordinary Python do the same, to the last byte and counter."""

import random

import numpy as np
import pytest

from sfu.fastpath import MediaKind, Outgoing
from sfu.fastpath.hash_table import HashTable
from sfu.fastpath.kernel.native import uncompiled
from sfu.fastpath.kernel.rtp import extension, payload_end, payload_start, unwrap
from sfu.fastpath.kernel.tables import TableFull
from sfu.fastpath.kernel.vp8 import parse_descriptor
from tests.support.fastpath_stage import LEVEL, RED_PT, TWCC, Stage, red, rtp
from tests.support.fastpath_stage import vp8 as picture

EXERCISED = "temporal_dropped red_recovered padding resent resend_refused late gated"
POINTERS = {"rx", "tx", "history", "kept"}


def run(stage: Stage, seed: int) -> tuple[list[Outgoing], list[tuple[int, int, int]]]:
    """A bad day in a hundred-odd steps: switches, mutes, losses, resends, strangers, nonsense. Returns what
    was sent, and the holes that were seen."""
    chance = random.Random(seed)
    fastpath = stage.fastpath
    cameras = [stage.publisher(layers=3) for _ in range(3)]
    microphones = [stage.publisher(MediaKind.AUDIO) for _ in range(3)]
    viewers = [stage.viewer() for _ in range(4)]
    tiles = [viewer.open_slot() for viewer in viewers for _ in range(2)]
    ears = [viewer.open_slot(MediaKind.AUDIO, level=6) for viewer in viewers]
    out: list[Outgoing] = []
    gaps: list[tuple[int, int, int]] = []
    seqs = {(camera.transport, i): chance.randrange(65536) for camera in cameras for i in range(3)}
    sound = chance.randrange(65536)
    for step in range(120):
        now = 1_000_000 + step * 20_000
        for camera in cameras:
            for i in range(3):
                packets = []
                key = chance.random() < 0.15
                for part in range(chance.randrange(4)):
                    seq = seqs[camera.transport, i] = seqs[camera.transport, i] + 1
                    twcc = ((TWCC, (seq & 0xFFFF).to_bytes(2, "big")),)
                    body = bytes(chance.randrange(1, 90))
                    payload = picture(
                        key=key,
                        start=part == 0,
                        picture=step,
                        tl0=step & 255,
                        tid=0 if key else step % 3,
                        sync=step % 4 == 1,
                        body=body,
                    )
                    packet = rtp(1000 + i, seq, payload, ts=step * 1800, extensions=twcc)
                    if chance.random() < 0.9:
                        packets.append(packet)
                    elif chance.random() < 0.5:
                        packets.append(rtp(2000 + i, seq, seq.to_bytes(8, "big")[6:] + payload))
                chance.shuffle(packets)
                camera.send(*packets, now=now)
        for microphone in microphones:
            sound += 1
            level = ((LEVEL, bytes([chance.randrange(256)])),)
            payload, pt = bytes(chance.randrange(60)), 96
            if chance.random() < 0.5:
                payload, pt = red(payload, *((960 * back, bytes([back])) for back in (3, 2, 1))), RED_PT
            if chance.random() < 0.9:
                packet = rtp(1000, sound, payload, ts=960 * sound, extensions=level, pt=pt)
                microphone.send(packet, now=now)
            microphone.send(rtp(chance.randrange(7), sound), now=now)
        fastpath.ingest(cameras[0].transport, [chance.randbytes(chance.randrange(60)) for _ in range(3)], now)
        fastpath.switch(chance.choice(tiles), chance.choice([*chance.choice(cameras).layers, None]))
        fastpath.switch(chance.choice(ears), chance.choice(microphones).layers[0])
        fastpath.set_gate(chance.choice(cameras + microphones).producer, chance.choice([0, 0, 0, 2]))
        fastpath.set_temporal(chance.choice(tiles), chance.randrange(3))
        fastpath.set_redundancy(chance.choice(ears), chance.randrange(4))
        slot = chance.choice(tiles)
        fastpath.send_padding(slot, chance.randrange(600), now)
        newest = int(fastpath.slots[slot]["out_seq"])
        fastpath.resend(slot, [newest - chance.randrange(20) for _ in range(5)], now, 30_000, 900)
        gaps += fastpath.take_gaps()
        out += fastpath.take_stream_out()
    return out, gaps


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(3))
def test_compiled_and_uncompiled_agree(seed: int) -> None:
    plain, fast = Stage(compiled=False), Stage(compiled=True)
    sent = run(plain, seed)
    assert len(sent[0]) > 300
    assert len(sent[1]) > 0
    assert min(plain.count(name) for name in EXERCISED.split()) > 0
    assert run(fast, seed) == sent
    assert plain.fastpath.counters.tolist() == fast.fastpath.counters.tolist()
    for name in ("transports", "producers", "layers", "slots"):
        one, other = getattr(plain.fastpath, name), getattr(fast.fastpath, name)
        for column in set(one.dtype.names) - POINTERS:
            assert one[column].tolist() == other[column].tolist(), (name, column)


@pytest.mark.parametrize(
    ("wire", "newest", "expected"),
    [
        (5, 4, 5),
        (0, 65535, 65536),
        (65535, 65536, 65535),
        (1, 65536 + 65530, 2 * 65536 + 1),
        (32768, 65536, 32768),
        (32767, 65536, 65536 + 32767),
    ],
)
def test_unwrapping_takes_the_nearest_number(wire: int, newest: int, expected: int) -> None:
    assert uncompiled(unwrap)(wire, newest) == expected


def array(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(data, np.uint8)


@pytest.mark.parametrize(
    ("flags", "byte", "expected"),
    [
        (0x20, 0x00, (0, 0)),
        (0x20, 0x60, (1, 1)),
        (0x30, 0x9F, (2, 0)),
        (0x20, 0xE0, (2, 1)),
        (0x10, 0xE0, (-1, 0)),
    ],
)
def test_the_temporal_layer_and_its_sync_bit_are_read(
    flags: int, byte: int, expected: tuple[int, int]
) -> None:
    payload = array(bytes([0x90, flags, byte]) + b"\x11\0\0")
    assert uncompiled(parse_descriptor)(payload)[5:] == (*expected, 1)


def test_both_forms_of_header_extensions_are_read() -> None:
    one = rtp(1, 1, extensions=((3, b"\x01\x02"), (9, b"z")))
    two = b"\x90" + one[1:12] + bytes.fromhex("10000003 03020102 00 0901 7a 00000000")
    for packet in (one, two):
        start = uncompiled(payload_start)(array(packet), len(packet))
        at = uncompiled(extension)(array(packet), start, 3)
        assert packet[at : at + 2] == b"\x01\x02"
        assert packet[uncompiled(extension)(array(packet), start, 9)] == ord("z")
        assert uncompiled(extension)(array(packet), start, 4) == -1


def test_padding_may_be_the_whole_payload_but_not_more() -> None:
    packet = rtp(1, 1, b"", padding=5)
    assert uncompiled(payload_end)(array(packet), 12, len(packet)) == 12
    assert uncompiled(payload_end)(array(packet[:-1] + b"\x06"), 12, len(packet)) == -1
    assert uncompiled(payload_end)(array(packet[:-1] + b"\x00"), 12, len(packet)) == -1


@pytest.mark.parametrize("cut", range(6))
def test_a_descriptor_that_is_cut_short_is_noticed(cut: int) -> None:
    whole = picture(key=True)
    assert uncompiled(parse_descriptor)(array(whole)) == (6, 2, 15, 4, 1, 0, 0, 1)
    assert uncompiled(parse_descriptor)(array(whole[:cut]))[0] == -1


def test_the_address_table_finds_what_was_put_and_forgets_what_was_removed() -> None:
    chance = random.Random(1)
    table, model = HashTable("addresses", 40, keys=5), dict[tuple[int, ...], int]()
    keys = [tuple(chance.randrange(4) for _ in range(5)) for _ in range(60)]
    for step in range(3000):
        key = chance.choice(keys)
        if chance.random() < 0.5:
            table.remove(key)
            model.pop(key, None)
        elif len(model) < 40 or key in model:
            table.put(key, step)
            model[key] = step
        else:
            with pytest.raises(TableFull):
                table.put(key, step)
        other = chance.choice(keys)
        assert table.get(other) == model.get(other, -1)
