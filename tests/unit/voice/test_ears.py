"""The ears with real Opus: payloads that are not sound, missing ones, long ones, odd ones."""

import random
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from sfu.voice import Counts, InlineEars, Judgment, Sound, ThreadEars
from sfu.voice.ears import LISTENED, SILENCE_DBOV, SILENT
from sfu.voice.inline import MAX_EARS
from sfu.voice.judge import Judge
from tests.support.mix import noises
from tests.support.mix.opus import PACKET, encode
from tests.support.mix.speech import RATE, Samples


def gain(dbfs: float) -> float:
    return float(10 ** (dbfs / 20))


def babble(seconds: float, dbfs: float = -25.0) -> Samples:
    """Syllables of a deep voice, four per second, whose pitch glides: enough like speech for any judge."""
    time = np.arange(round(seconds * RATE)) / RATE
    turns = np.cumsum(120 * (1 + 0.2 * np.sin(2 * np.pi * 3.3 * time))) / RATE
    voice = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 20))
    return noises.loud(np.asarray(voice) * np.clip(np.sin(2 * np.pi * 2 * time), 0, None)) * gain(dbfs)


def packets(samples: Samples) -> list[bytes]:
    return [packet.data for packet in encode(samples)]


def tell(
    ears: InlineEars, payloads: Sequence[bytes], *, start: int = 0, microphone: int = 1
) -> list[Judgment]:
    said: list[Judgment] = []
    for number, payload in enumerate(payloads, start):
        ears.hear([Sound(microphone, number * PACKET & 0xFFFF_FFFF, payload)])
        said.append(ears.judgments().get(microphone, SILENT))
    return said


def test_speech_is_found_and_ends_half_a_second_after_the_voice() -> None:
    ears = InlineEars()
    said = tell(ears, packets(np.concatenate((babble(2), np.zeros(RATE)))))
    assert any(judgment.speaking for judgment in said[:20])
    assert all(judgment.speaking for judgment in said[30:95])
    assert not any(judgment.speaking for judgment in said[-15:])
    assert 20 < said[95].level_dbov < 35


def test_a_voice_is_quiet_between_its_syllables_and_never_in_them() -> None:
    sound = babble(4)
    said = tell(InlineEars(), packets(sound))
    loud = [np.sqrt(np.mean(sound[at : at + PACKET] ** 2)) > gain(-30) for at in range(0, len(sound), PACKET)]
    speaking = range(30, len(said))
    assert not any(said[number].quiet for number in speaking if loud[number] and loud[number - 1])
    for begun in range(30, len(said) - 50, 10):
        assert any(said[number].quiet for number in range(begun, begun + 50)), "at least once a second"


def test_silence_and_what_is_not_sent_are_quiet_at_once() -> None:
    voice = packets(babble(2))
    said = tell(InlineEars(), voice)
    until = max(number for number, judgment in enumerate(said) if not judgment.quiet) + 1
    ears = InlineEars()
    assert not tell(ears, voice[:until])[-1].quiet
    assert tell(ears, [b"\xf8"] * 3, start=until)[-1].quiet
    fan = tell(InlineEars(), packets(noises.fan(np.random.default_rng(2), 2) * gain(-30)))
    assert fan[-1].quiet, "nobody's words are cut"


def test_a_fan_is_noisy_after_some_seconds_and_until_it_is_switched_off() -> None:
    fan = noises.fan(np.random.default_rng(1), 6) * gain(-35)
    said = tell(InlineEars(), packets(np.concatenate((np.zeros(RATE), fan, np.zeros(2 * RATE)))))
    assert not any(judgment.noisy for judgment in said[: 50 + 150])
    assert all(judgment.noisy for judgment in said[50 + 220 : 50 + 290])
    assert not said[-1].noisy
    assert not any(judgment.speaking for judgment in said)


def test_a_tune_is_soon_no_speech_any_more_and_a_voice_after_it_is() -> None:
    tune = noises.music(np.random.default_rng(3), 8) * gain(-30)
    ears = InlineEars()
    said = tell(ears, packets(tune))
    assert not any(judgment.speaking for judgment in said[100:])
    voice = tell(ears, packets(np.concatenate((np.zeros(RATE), babble(3)))), start=400)
    assert voice[-1].speaking


def test_a_microphone_with_speech_is_not_called_noisy() -> None:
    said = tell(InlineEars(), packets(babble(8)))
    assert not any(judgment.noisy for judgment in said)


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x00", b"\xff\xff\xff\xff", b"no opus at all", bytes(512), bytes([0xFF, 63]) + bytes(100)],
)
def test_payloads_that_are_not_opus_are_silence_and_spoil_nothing_later(payload: bytes) -> None:
    ears = InlineEars()
    voice = packets(babble(2))
    tell(ears, voice)
    said = tell(ears, [payload] * 60, start=100)
    assert not said[-1].speaking
    assert tell(ears, voice, start=160)[-30].speaking


def test_random_bytes_are_counted_and_stop_nothing() -> None:
    chance = random.Random(4)
    ears = InlineEars()
    noise = [chance.randbytes(chance.randint(0, 512)) for _ in range(2000)]
    tell(ears, noise)
    assert ears.counts.bad > 500
    assert ears.counts.bad + ears.counts.decoded == 2000
    other = tell(ears, packets(babble(1)), microphone=2)
    assert other[-1].speaking or other[-20].speaking


def test_an_absurdly_loud_sound_is_forgotten() -> None:
    judge = Judge()
    with np.errstate(all="ignore"):
        for value in (np.nan, np.inf, 1e30):
            judge.hear(np.full(PACKET, value, np.float32))
    assert judge.judgment.level_dbov == SILENCE_DBOV
    voice = babble(2).astype(np.float32)
    for start in range(0, 2 * RATE, PACKET):
        judge.hear(voice[start : start + PACKET])
    assert 15 < judge.judgment.level_dbov < 60


def test_one_microphones_speech_does_not_count_for_another() -> None:
    ears = InlineEars()
    for number, (voice, still) in enumerate(zip(packets(babble(1)), packets(np.zeros(RATE)), strict=True)):
        ears.hear([Sound(1, number * PACKET, voice), Sound(2, number * PACKET, still)])
    assert [ears.judgments()[m].speaking for m in (1, 2)] == [True, False]


def test_packets_of_other_lengths_are_judged_alike() -> None:
    """60 ms in one packet: code 3 of RFC 6716, three frames of 20 ms that follow each other."""
    short = packets(babble(3))
    long = [three(short[i : i + 3]) for i in range(0, 150, 3)]
    ears = InlineEars()
    for number, payload in enumerate(long):
        ears.hear([Sound(1, number * 3 * PACKET, payload)])
        if number == 20:
            assert ears.judgments()[1].speaking
    assert ears.counts == Counts(decoded=50)


def three(frames: Sequence[bytes]) -> bytes:
    """One packet of variable frame lengths (RFC 6716 section 3.2.5)."""
    assert len({frame[0] for frame in frames}) == 1
    sizes = b"".join(_size(len(frame) - 1) for frame in frames[:-1])
    return bytes([frames[0][0] | 3, 0x80 | 3]) + sizes + b"".join(frame[1:] for frame in frames)


def _size(length: int) -> bytes:
    if length < 252:
        return bytes([length])
    return bytes([252 + (length & 3), (length - 252 - (length & 3)) >> 2])


def test_a_gap_ends_speech_and_a_timestamp_that_jumps_ends_nothing_else() -> None:
    ears = InlineEars()
    voice = packets(babble(2))
    tell(ears, voice[:50])
    assert tell(ears, voice[50:52], start=2**31 // PACKET)[-1] == ears.judgments()[1]
    assert not ears.judgments()[1].speaking
    assert tell(ears, voice[52:], start=2**31 // PACKET + 2)[40].speaking


def test_the_short_packets_of_dtx_are_silence() -> None:
    ears = InlineEars()
    tell(ears, packets(babble(1)))
    said = tell(ears, [b"\xf8", b"\xf8\xff"] * 20, start=50)
    assert not said[-1].speaking
    assert ears.counts.bad == 0


def test_ears_are_bounded_and_free_again_when_somebody_is_forgotten() -> None:
    ears = InlineEars()
    still = packets(np.zeros(PACKET * 2))[0]
    ears.hear([Sound(microphone, 0, still) for microphone in range(MAX_EARS + 3)])
    assert len(ears.judgments()) == MAX_EARS
    assert ears.counts.dropped == 3
    ears.forget(0)
    ears.hear([Sound(MAX_EARS, 0, still)])
    assert MAX_EARS in ears.judgments()
    assert MAX_EARS > LISTENED


def test_the_thread_judges_as_the_inline_ears_do_and_forgets() -> None:
    ears = ThreadEars()
    voice = packets(babble(0.5))
    for number, payload in enumerate(voice):
        ears.hear([Sound(1, number * PACKET, payload)])
    ears.forget(2)
    ears.close()
    assert ears.counts == Counts(decoded=len(voice))
    assert ears.judgments() == {1: tell(InlineEars(), voice)[-1]}
    assert "ears" not in {thread.name for thread in threading.enumerate()}


def test_ears_that_fall_behind_drop_sound_and_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    held, working = threading.Event(), threading.Event()

    def hold(self: InlineEars, sounds: Sequence[Sound]) -> None:
        working.set()
        held.wait(10)

    monkeypatch.setattr(InlineEars, "hear", hold)
    ears = ThreadEars()
    ears.hear([Sound(1, 0, b"xxx")])
    assert working.wait(10)
    for number in range(200):
        ears.hear([Sound(1, number * PACKET, b"xxx")])
    assert ears.counts.dropped == 150
    held.set()
    ears.close()
