"""Blocks as Matroska: the format of one segment of a recording.

A file starts with `header` and continues with whole clusters, with padding between them where needed. Only
the outermost element has no known size, so a file that was cut anywhere can be read up to its last whole
cluster.

Source: RFC 8794 (EBML), RFC 9559 (Matroska), the codec mappings of VP8, Opus and S_TEXT/UTF8.
"""

import struct
from collections.abc import Iterable
from typing import Final

from recorder.format.blocks import Block, Track

EBML: Final = 0x1A45DFA3
DOC_TYPE: Final = 0x4282
SEGMENT: Final = 0x18538067
INFO: Final = 0x1549A966
TRACKS: Final = 0x1654AE6B
CLUSTER: Final = 0x1F43B675
TIMESTAMP: Final = 0xE7
SIMPLE_BLOCK: Final = 0xA3
BLOCK_GROUP: Final = 0xA0
BLOCK: Final = 0xA1
BLOCK_DURATION: Final = 0x9B
REFERENCE_BLOCK: Final = 0xFB
VOID: Final = 0xEC

MAX_LATE_MS = 30_000
"""A block stores its distance from the cluster's timestamp in 16 bits."""
WORDS_SHOWN_MS = 5_000
"""How long a player shows one line of the WORDS track."""
ENTRY_MS = 1
MAX_BLOCK_BYTES = 4 << 20
MAX_CLUSTER_BYTES = 16 << 20

_SIZE_UNKNOWN = b"\x01\xff\xff\xff\xff\xff\xff\xff"
_KEY = 0x80
_EPOCH_2001_MS = 978_307_200_000
_SEEK_PRE_ROLL_NS = 80_000_000
_OPUS_HEAD = struct.pack("<8sBBHIHB", b"OpusHead", 1, 2, 0, 48_000, 0, 0)
"""Stereo, as in WebRTC. No pre-skip: an instant in the file is the instant in the meeting."""
_VIDEO, _AUDIO, _SUBTITLE = 1, 2, 17

_NAMES = {
    Track.STAGE: "Màn hình chính",
    Track.SCREEN: "Trình chiếu",
    Track.VOICE_1: "Tiếng nói 1",
    Track.VOICE_2: "Tiếng nói 2",
    Track.VOICE_3: "Tiếng nói 3",
    Track.WORDS: "Diễn biến",
    Track.ENTRIES: "Diễn biến (JSON)",
}


def header(title: str, begun_ms: int) -> bytes:
    """Everything before the first cluster. `begun_ms` is the Unix time of timestamp 0."""
    ebml = element(
        EBML,
        unsigned(0x4286, 1)  # EBMLVersion
        + unsigned(0x42F7, 1)  # EBMLReadVersion
        + unsigned(0x42F2, 4)  # EBMLMaxIDLength
        + unsigned(0x42F3, 8)  # EBMLMaxSizeLength
        + element(DOC_TYPE, b"matroska")
        + unsigned(0x4287, 4)  # DocTypeVersion
        + unsigned(0x4285, 2),  # DocTypeReadVersion
    )
    info = element(
        INFO,
        unsigned(0x2AD7B1, 1_000_000)  # TimestampScale: 1 ms
        + element(
            0x4461, ((begun_ms - _EPOCH_2001_MS) * 1_000_000).to_bytes(8, "big", signed=True)
        )  # DateUTC
        + text(0x7BA9, title)
        + text(0x4D80, "Giao ban")  # MuxingApp
        + text(0x5741, "Giao ban"),  # WritingApp
    )
    tracks = element(TRACKS, b"".join(_track_entry(track) for track in Track))
    return ebml + SEGMENT.to_bytes(4, "big") + _SIZE_UNKNOWN + info + tracks


def cluster(at_ms: int, blocks: Iterable[Block]) -> bytes:
    """One whole cluster. A block that came late may lie before `at_ms`, by MAX_LATE_MS at most."""
    return element(CLUSTER, unsigned(TIMESTAMP, at_ms) + b"".join(_block(at_ms, block) for block in blocks))


def void(size: int) -> bytes:
    """An EBML Void of exactly `size` bytes, which every reader skips. Raises ValueError below 2."""
    if size < 2:
        raise ValueError(f"no element has {size} bytes")
    if size <= 128:
        return bytes([VOID, 0x80 | size - 2]) + bytes(size - 2)
    return bytes([VOID]) + (1 << 56 | size - 9).to_bytes(8, "big") + bytes(size - 9)


# --- elements -----------------------------------------------------------------------------------------


def element(name: int, body: bytes) -> bytes:
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + size_of(len(body)) + body


def unsigned(name: int, value: int) -> bytes:
    return element(name, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def text(name: int, value: str) -> bytes:
    return element(name, value.encode("utf-8", "replace"))


def size_of(length: int) -> bytes:
    """An element's size in as few bytes as possible; all ones is reserved for "unknown"."""
    width = next(width for width in range(1, 9) if length < (1 << 7 * width) - 1)
    return (1 << 7 * width | length).to_bytes(width, "big")


def _block(cluster_ms: int, block: Block) -> bytes:
    beside = max(-MAX_LATE_MS, min(MAX_LATE_MS, block.at_ms - cluster_ms))
    timed = block.track in (Track.WORDS, Track.ENTRIES)
    flags = _KEY if block.key and not timed else 0
    body = struct.pack(">BhB", 0x80 | block.track, beside, flags) + block.data
    if not timed:
        return element(SIMPLE_BLOCK, body)
    lasts = WORDS_SHOWN_MS if block.track is Track.WORDS else ENTRY_MS
    return element(BLOCK_GROUP, element(BLOCK, body) + unsigned(BLOCK_DURATION, lasts))


def _track_entry(track: Track) -> bytes:
    plays_by_itself = track is not Track.ENTRIES
    entry = (
        unsigned(0xD7, track)  # TrackNumber
        + unsigned(0x73C5, track)  # TrackUID
        + unsigned(0x9C, 0)  # FlagLacing
        + unsigned(0x88, plays_by_itself)  # FlagDefault
        + text(0x536E, _NAMES[track])
        + text(0x22B59C, "vie" if track is Track.WORDS else "und")  # Language
    )
    match track:
        case Track.STAGE | Track.SCREEN:
            # The size in each keyframe counts; these numbers only describe the file.
            size = unsigned(0xB0, 1280) + unsigned(0xBA, 720)
            entry += unsigned(0x83, _VIDEO) + text(0x86, "V_VP8") + element(0xE0, size)
        case Track.VOICE_1 | Track.VOICE_2 | Track.VOICE_3:
            sound = element(0xB5, struct.pack(">d", 48_000.0)) + unsigned(0x9F, 2)
            entry += unsigned(0x83, _AUDIO) + text(0x86, "A_OPUS") + element(0x63A2, _OPUS_HEAD)
            entry += unsigned(0x56BB, _SEEK_PRE_ROLL_NS) + element(0xE1, sound)
        case Track.WORDS | Track.ENTRIES:
            entry += unsigned(0x83, _SUBTITLE) + text(0x86, "S_TEXT/UTF8")
    return element(0xAE, entry)
