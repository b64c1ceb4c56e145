"""Prepared voices with room for a stamp in each packet."""

import numpy as np

from deploy.simulate.loops import voice_loop
from tests.briefing.sending import STAMP
from tests.briefing.tables import SOUND, Voices

LOOPS = 12


def stampable(packet: bytes) -> bytes:
    """The same sound as an Opus packet of code 3: one frame, and padding for a stamp (RFC 6716 3.2.5). Raises
    ValueError when it holds more than one frame."""
    if packet[0] & 3:
        raise ValueError("more than one frame")
    return bytes((packet[0] | 3, 0x40 | 1, STAMP)) + packet[1:] + bytes(STAMP)


def prepared(loops: int = LOOPS) -> Voices:
    """Half a second of CPU for each."""
    sounds = [voice_loop(index).pieces for index in range(loops)]
    count = len(sounds[0])
    made = np.zeros((loops, count, SOUND), np.uint8)
    sizes, levels = np.zeros((loops, count), np.int64), np.zeros((loops, count), np.int64)
    for number, pieces in enumerate(sounds):
        for place, piece in enumerate(pieces):
            packet = stampable(piece.data)
            made[number, place, : len(packet)] = np.frombuffer(packet, np.uint8)
            sizes[number, place] = len(packet)
            levels[number, place] = -piece.level_dbov
    return Voices(made, sizes, levels)
