"""Samples to Opus packets as a browser sends them, with what their level header would say."""

from dataclasses import dataclass

import av
import numpy as np

from tests.support.mix.speech import RATE, Samples

PACKET = RATE // 50
SILENCE_DBOV = 127


@dataclass(frozen=True, slots=True)
class Packet:
    """20 ms of sound. `level_dbov` as in RFC 6464: 0 is the loudest, 127 silence."""

    data: bytes
    level_dbov: int


def encode(samples: Samples, bit_rate: int = 32_000) -> list[Packet]:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate = RATE
    encoder.layout = "mono"
    encoder.format = "s16"
    encoder.bit_rate = bit_rate
    encoder.options = {"application": "voip", "frame_duration": "20", "compression_level": "4"}
    packets: list[Packet] = []
    for start in range(0, len(samples) - PACKET + 1, PACKET):
        block = samples[start : start + PACKET]
        whole = np.clip(np.round(block * 32767), -32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = start
        packets += [Packet(bytes(packet), level(block)) for packet in encoder.encode(frame)]
    return packets


def level(block: Samples) -> int:
    power = float(np.mean(block**2))
    return min(SILENCE_DBOV, max(0, round(-10 * np.log10(power)))) if power > 1e-13 else SILENCE_DBOV
