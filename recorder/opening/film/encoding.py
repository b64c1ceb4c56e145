"""Encoding a film's frames into files: the parts of an export, the whole film, and a stream for a browser.

A part holds the picture as it will be in the whole film, and the sound uncompressed. So the parts' pictures
are only copied into the whole, and the sound is encoded once, without a seam.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, Protocol

import av
import av.error
import numpy as np
from av.container import InputContainer, OutputContainer
from av.video.frame import PictureType
from numpy.typing import NDArray

from recorder.opening.film.captions import Plane
from recorder.opening.film.composer import FilmFrame
from recorder.opening.film.edit_list import FPS, RATE, SAMPLES
from recorder.opening.film.mix import Sound
from recorder.opening.film.picture import HEIGHT, WIDTH

KEYFRAME_EVERY = 5 * FPS
LIVE_KEYFRAME_EVERY = 2 * FPS
PART_FORMAT = "nut"
_BT601 = 6
"""SMPTE 170M, for primaries, transfer and matrix alike."""
_LIMITED = 1

Pcm = NDArray[np.int16]


class CannotEncode(Exception):
    """The disk was full or the encoder failed; the message says which."""


class VideoCodec(StrEnum):
    """Encoders of the picture."""

    H264 = "libx264"
    VP8 = "libvpx"


class AudioCodec(StrEnum):
    """Encoders of the sound."""

    AAC = "aac"
    OPUS = "libopus"


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A kind of file."""

    container: str
    video: VideoCodec | None
    """None: only sound."""
    audio: AudioCodec


FILE_FORMATS = {
    ".mp4": FileFormat("mp4", VideoCodec.H264, AudioCodec.AAC),
    ".mkv": FileFormat("matroska", VideoCodec.H264, AudioCodec.OPUS),
    ".webm": FileFormat("webm", VideoCodec.VP8, AudioCodec.OPUS),
    ".m4a": FileFormat("ipod", None, AudioCodec.AAC),
    ".ogg": FileFormat("ogg", None, AudioCodec.OPUS),
    ".opus": FileFormat("ogg", None, AudioCodec.OPUS),
}
"""By file name suffix."""


class ByteSink(Protocol):
    def write(self, data: bytes) -> int: ...


class _VideoEncoder:
    """Numbers and encodes pictures: one packet for each, in the same order."""

    def __init__(self, out: OutputContainer, video: VideoCodec, *, live: bool) -> None:
        options = {
            VideoCodec.H264: {"preset": "superfast", "crf": "23", "bf": "0", "sc_threshold": "0"},
            VideoCodec.VP8: {
                "deadline": "realtime",
                "cpu-used": "14",
                "static-thresh": "100",
                "lag-in-frames": "0",
                "auto-alt-ref": "0",
            },
        }[video]
        stream = out.add_stream(str(video), rate=FPS, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, FPS)
        stream.gop_size = LIVE_KEYFRAME_EVERY if live else KEYFRAME_EVERY
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = _BT601
        context.color_range = _LIMITED
        if video is VideoCodec.VP8:
            context.bit_rate = 1_500_000
            context.thread_count = 1
        self._out = out
        self._stream = stream
        self._number = 0

    def put(self, picture: Plane) -> None:
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = self._number, Fraction(1, FPS)
        frame.colorspace = frame.color_primaries = frame.color_trc = _BT601
        frame.color_range = _LIMITED
        if self._number == 0:
            frame.pict_type = PictureType.I
        self._number += 1
        self._out.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._out.mux(self._stream.encode(None))


class _AudioEncoder:
    """Encodes sound in the packet size that its encoder wants."""

    def __init__(self, out: OutputContainer, codec: str) -> None:
        stream = out.add_stream(codec, rate=RATE)
        assert isinstance(stream, av.AudioStream)
        context = stream.codec_context
        context.layout = "mono"
        context.format = "fltp" if codec == AudioCodec.AAC else "s16"
        stream.time_base = context.time_base = Fraction(1, RATE)
        if codec in (AudioCodec.AAC, AudioCodec.OPUS):
            context.bit_rate = 80_000 if codec == AudioCodec.AAC else 48_000
        self._planar = codec == AudioCodec.AAC
        self._out = out
        self._stream = stream
        self._pts = 0
        self._rest: Pcm = np.zeros(0, np.int16)

    def put(self, sound: Pcm) -> None:
        size = self._stream.codec_context.frame_size or len(sound)
        sound = np.concatenate((self._rest, sound)) if len(self._rest) else sound
        whole = len(sound) // size * size if size else 0
        for start in range(0, whole, size):
            self._encode(sound[start : start + size])
        self._rest = sound[whole:]

    def finish(self) -> None:
        if len(self._rest):
            self._encode(self._rest)
        self._out.mux(self._stream.encode(None))

    def _encode(self, sound: Pcm) -> None:
        samples = sound[np.newaxis, :]
        if self._planar:
            data = np.ascontiguousarray(samples, np.float32) / np.float32(32768)
            frame = av.AudioFrame.from_ndarray(data, format="fltp", layout="mono")
        else:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._pts, Fraction(1, RATE)
        self._pts += len(sound)
        self._out.mux(self._stream.encode(frame))


def pcm(sound: Sound) -> Pcm:
    return np.clip(np.round(sound * 32767), -32768, 32767).astype(np.int16)


def write_part(
    path: str, video: VideoCodec | None, frames: Iterable[FilmFrame], tell: Callable[[], None]
) -> None:
    """One part of a film, or only of its sound. `tell` is called for each frame. Raises CannotEncode."""
    with encoder_errors(), av.open(path, "w", format=PART_FORMAT) as out:
        pictures = _VideoEncoder(out, video, live=False) if video else None
        sounds = _AudioEncoder(out, "pcm_s16le")
        for frame in frames:
            if pictures is not None:
                pictures.put(frame.picture)
            sounds.put(pcm(frame.sound))
            tell()
        if pictures is not None:
            pictures.finish()
        sounds.finish()


def join_parts(
    paths: Sequence[str],
    path: str,
    file_format: FileFormat,
    title: str,
    chapters: Sequence[tuple[int, str]],
    tell: Callable[[int], None],
) -> None:
    """The whole film from its parts. `chapters` are (frame, title). `tell` is called with the number of
    frames done. Raises CannotEncode."""
    options = {"movflags": "+faststart"} if file_format.container in ("mp4", "ipod") else {}
    with encoder_errors(), av.open(path, "w", format=file_format.container, options=options) as out:
        out.metadata["title"] = title
        out.set_chapters(_chapters(chapters))
        whole: _JoinedFile | None = None
        for part in paths:
            with av.open(part, "r", format=PART_FORMAT) as source:
                whole = whole or _JoinedFile(out, file_format, source, tell)
                for packet in source.demux():
                    if packet.size:
                        whole.put(packet)
        if whole is not None:
            whole.sounds.finish()


class _JoinedFile:
    """The file that parts are copied into."""

    def __init__(
        self,
        out: OutputContainer,
        file_format: FileFormat,
        first: InputContainer,
        tell: Callable[[int], None],
    ) -> None:
        self._out = out
        self._tell = tell
        self._pictures: av.VideoStream | None = None
        if file_format.video is not None:
            self._pictures = out.add_stream_from_template(first.streams.video[0])
            self._pictures.time_base = Fraction(1, FPS)
        self.sounds = _AudioEncoder(out, str(file_format.audio))
        self._number = 0
        self._samples = 0

    def put(self, packet: "av.Packet[Any]") -> None:
        if packet.stream.type == "audio":
            sound = np.frombuffer(bytes(packet), np.int16)
            self._samples += len(sound)
            self.sounds.put(sound)
            self._tell(self._samples // SAMPLES)
        elif self._pictures is not None:
            packet.stream, packet.time_base = self._pictures, Fraction(1, FPS)
            packet.pts = packet.dts = self._number
            packet.duration = 1
            self._number += 1
            self._out.mux(packet)


def live(frames: Iterable[FilmFrame], sink: ByteSink) -> None:
    """A film for a browser to play while it is made: WebM, written to the sink in small clusters until the
    frames end. Raises CannotEncode."""
    options = {"live": "1", "cluster_time_limit": "1000", "flush_packets": "1"}
    with encoder_errors(), av.open(sink, "w", format="webm", options=options, buffer_size=4096) as out:
        pictures, sounds = (
            _VideoEncoder(out, VideoCodec.VP8, live=True),
            _AudioEncoder(out, str(AudioCodec.OPUS)),
        )
        for frame in frames:
            pictures.put(frame.picture)
            sounds.put(pcm(frame.sound))
        pictures.finish()
        sounds.finish()


@contextmanager
def encoder_errors() -> Iterator[None]:
    """Turns the library's errors into CannotEncode."""
    try:
        yield
    except av.error.FFmpegError as error:
        raise CannotEncode(error.strerror or str(error)) from None


def _chapters(chapters: Sequence[tuple[int, str]]) -> "list[av.container.core.Chapter]":
    base = Fraction(1, FPS)
    return [
        {
            "id": number,
            "start": frame,
            "end": chapters[number + 1][0] if number + 1 < len(chapters) else frame + 1,
            "time_base": base,
            "metadata": {"title": words},
        }
        for number, (frame, words) in enumerate(chapters)
    ]
