"""Turns of speech by espeak-ng, Vietnamese and English, as different people say them."""

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
"""Shapes: mono, 48 kHz, in [-1, 1]."""

RATE = 48_000
WINDOW_S = 0.01
ONSET_DB = 25.0
"""Speech begins where it first is less than this below its own mean: before that there is the synthesizer's
silence, and breath that nobody would call a word."""
VIETNAMESE = (
    "Kính thưa đồng chí chủ trì, trạm y tế xin báo cáo.",
    "Trong đêm qua có hai ca cấp cứu, một ca chuyển tuyến trên.",
    "Hiện tại đơn vị đang theo dõi bảy bệnh nhân sốt xuất huyết.",
    "Không có gì đặc biệt, tình hình ổn định.",
    "Đề nghị phòng cấp cứu bổ sung thuốc và vật tư tiêu hao.",
    "Xe cứu thương số hai đã sửa xong và hoạt động bình thường.",
    "Xin hết.",
    "Chúng tôi đã tiêm chủng cho một trăm hai mươi cháu.",
    "Báo cáo lãnh đạo, trực đêm đủ quân số.",
    "Sáng nay mất điện từ năm giờ đến sáu giờ.",
)
ENGLISH = (
    "Good morning, this is the night shift reporting.",
    "Two patients were transferred to the provincial hospital.",
    "We have nothing special to report.",
    "The ambulance is back in service since yesterday evening.",
    "Please send more vaccine before Friday.",
    "One child with high fever is still under observation.",
    "That is all from our side.",
    "The power failed for an hour and came back at six.",
)
VOICES = ("vi", "vi-vn-x-central", "vi-vn-x-south", "en-us", "en-gb+f3", "vi+f2", "vi+m3", "en-us+m7")


class NoSynthesizer(Exception):
    """espeak-ng is not installed (deploy/make/browsers.sh brings it)."""


@dataclass(frozen=True, slots=True)
class Utterance:
    voice: str
    text: str
    pitch: int
    """0 to 99."""
    words_a_minute: int


def draw(random: np.random.Generator) -> Utterance:
    """Somebody says something."""
    voice = str(random.choice(VOICES))
    texts = VIETNAMESE if voice.startswith("vi") else ENGLISH
    return Utterance(
        voice, str(random.choice(texts)), int(random.integers(15, 80)), int(random.integers(130, 200))
    )


@cache
def say(utterance: Utterance) -> Samples:
    """From its onset to its end, RMS 1. Raises NoSynthesizer."""
    if shutil.which("espeak-ng") is None:
        raise NoSynthesizer("espeak-ng is missing: make browsers brings it")
    command = ["espeak-ng", "-v", utterance.voice, "-p", str(utterance.pitch)]
    command += ["-s", str(utterance.words_a_minute), "--stdout", utterance.text]
    wave = subprocess.run(command, check=True, capture_output=True, timeout=20).stdout
    # A WAV header of 44 bytes; written to a pipe, its lengths mean nothing.
    rate = int.from_bytes(wave[24:28], "little")
    narrow = np.frombuffer(wave[44 : len(wave) // 2 * 2], "<i2") / 32768
    wide = np.interp(np.arange(0, len(narrow) / rate, 1 / RATE), np.arange(len(narrow)) / rate, narrow)
    return _trim(wide)


def _trim(samples: Samples) -> Samples:
    size = round(WINDOW_S * RATE)
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    power = (windows**2).mean(axis=1)
    mean = power[power > power.max() / 1000].mean()
    loud = np.flatnonzero(power > mean * 10 ** (-ONSET_DB / 10))
    said = samples[loud[0] * size : (loud[-1] + 1) * size]
    return np.asarray(said / np.sqrt(mean))
