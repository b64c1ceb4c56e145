"""What simulated bridge points send can be decoded, read and heard."""

import asyncio
from fractions import Fraction

import av
import numpy as np
import pytest

from deploy.simulate import picture, speech
from deploy.simulate.loops import COUNTER_STEP, FPS, PICTURE_LOOP_S, Loop, Piece, picture_loop, voice_loop
from deploy.simulate.media import LoopTrack


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_every_counter_can_be_read_at_any_size(scale: int) -> None:
    for counter in range(100):
        image = picture.draw(counter, counter, counter / 99)
        assert picture.read_counter(image.repeat(scale, axis=0).repeat(scale, axis=1)) == counter


def test_a_picture_without_a_counter_gives_none() -> None:
    assert picture.read_counter(np.full((180, 320, 3), 90, np.uint8)) is None
    noise = np.random.default_rng(1).integers(0, 255, (180, 320, 3)).astype(np.uint8)
    assert picture.read_counter(noise) is None


def test_the_picture_loop_is_vp8_whose_counter_and_colour_survive() -> None:
    loop = picture_loop(1)
    assert len(loop.pieces) == FPS * PICTURE_LOOP_S
    decoder = av.CodecContext.create("vp8", "r")
    images = [
        frame.to_ndarray(format="rgb24").astype(np.uint8)
        for piece in loop.pieces
        for frame in decoder.decode(av.Packet(piece.data))
    ]
    assert [picture.read_counter(image) for image in images] == [
        position // COUNTER_STEP for position in range(len(loop.pieces))
    ]
    corner = images[-1][:8, -40:].reshape(-1, 3).mean(axis=0)
    assert np.abs(corner - picture.colour_of(1)).max() < 12


def test_a_picture_loop_can_be_entered_at_each_keyframe() -> None:
    loop = picture_loop(1)
    for wanted in (0, 1, 50, len(loop.pieces) - 1):
        position = loop.next_keyframe(wanted)
        assert (position - wanted) % len(loop.pieces) < FPS
        decoder = av.CodecContext.create("vp8", "r")
        assert len(decoder.decode(av.Packet(loop.pieces[position].data))) == 1


def test_the_voice_loop_is_opus_that_is_loud_while_it_talks_and_silent_afterwards() -> None:
    loop = voice_loop(0)
    assert len(loop.pieces) * loop.period == speech.LOOP_S
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate = speech.RATE
    decoder.layout = "mono"
    decoder.format = "s16"
    sound = np.concatenate(
        [
            frame.to_ndarray().ravel()
            for piece in loop.pieces
            for frame in decoder.decode(av.Packet(piece.data))
        ]
    )
    sound = sound.astype(np.float32) / 32768
    talking, silent = sound[: int(speech.TALK_S * speech.RATE)], sound[int(5 * speech.RATE) :]
    assert float(np.sqrt(np.mean(talking**2))) > 0.03
    assert float(np.abs(silent).max()) < 0.001


def test_the_level_in_the_header_tells_speech_from_silence() -> None:
    levels = np.array([piece.level_dbov for piece in voice_loop(0).pieces])
    talking = levels[: int(speech.TALK_S * 50)]
    assert np.median(talking) > -40
    assert set(levels[5 * 50 :]) == {-127}


def test_points_speak_at_different_pitches() -> None:
    def pitch(index: int) -> float:
        sound = speech.speak(index)[round(0.15 * speech.RATE) : round(0.30 * speech.RATE)]
        strength = np.correlate(sound, sound, "full")[len(sound) :]
        shortest = speech.RATE // 260
        return speech.RATE / (shortest + int(np.argmax(strength[shortest : speech.RATE // 90])) + 1)

    assert len({round(pitch(index) / 5) for index in range(5)}) == 5


@pytest.mark.parametrize("index", [0, 5])
def test_a_picture_loop_has_no_higher_rate_than_a_cameras_small_layer(index: int) -> None:
    headers = 46  # RTP with its extensions, VP8's descriptor, SRTP's tag
    sent_bytes = sum(
        len(piece.data) + headers * -(-len(piece.data) // 1100) for piece in picture_loop(index).pieces
    )
    assert sent_bytes * 8 / PICTURE_LOOP_S <= 110_000


@pytest.mark.real_world("a track keeps the time of its loop")
async def test_a_camera_sends_only_while_received_and_resumes_with_a_keyframe() -> None:
    loop = Loop(tuple(Piece(bytes([n]), keyframe=n % 4 == 0) for n in range(8)), Fraction(1, 10_000))
    track = LoopTrack("video", loop)
    track.switch(on=True)
    assert [bytes(await track.recv()) for _ in range(2)] == [b"\x00", b"\x01"]
    track.want(wanted=False)
    waiting = asyncio.ensure_future(track.recv())
    await asyncio.sleep(0)
    assert not waiting.done()
    track.switch(on=True)
    await asyncio.sleep(0)
    assert not waiting.done()
    track.want(wanted=True)
    assert bytes(await waiting) == b"\x04"
    track.stop()
