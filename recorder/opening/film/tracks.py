"""The tracks of a recording as they are, in one Matroska file with an index for any player, and its words as
subtitles. Nothing is decoded.

The file keeps the recording's time: pauses keep their length.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from io import BytesIO
from typing import TextIO

import av

from recorder.format import matroska
from recorder.format.blocks import Block, Track
from recorder.instants import clock
from recorder.opening.faults import Fault
from recorder.opening.film.contents import MAX_AT_MS
from recorder.opening.film.encoding import encoder_errors

MAX_SHOWN_MS = 5000
"""How long a subtitle is shown, unless another comes."""
_MS = Fraction(1, 1000)


def write_tracks(
    blocks: Iterable[Block | Fault], path: str, title: str, begun_ms: int, tell: Callable[[int], None]
) -> list[tuple[int, str]]:
    """Copy all of a recording. `tell` is called with the instant reached. Returns the words with their
    instants. Raises CannotEncode."""
    head = matroska.header(title, begun_ms)
    newest: dict[Track, int] = {}
    words: list[tuple[int, str]] = []
    with (
        encoder_errors(),
        av.open(BytesIO(head + matroska.cluster(0, ())), "r", format="matroska") as template,
        av.open(path, "w", format="matroska") as out,
    ):
        out.metadata["title"] = title
        streams = {
            track: out.add_stream_from_template(template.streams[track - Track.STAGE])
            for track in Track
            if track is not Track.ENTRIES
        }
        for item in blocks:
            if isinstance(item, Fault) or item.track not in streams or not _plausible(item):
                continue
            packet = av.Packet(item.data)
            packet.stream, packet.time_base = streams[item.track], _MS
            packet.pts = packet.dts = max(item.at_ms, newest.get(item.track, -1) + 1)
            packet.is_keyframe = item.key
            if item.track is Track.WORDS:
                packet.duration = MAX_SHOWN_MS
                words.append((item.at_ms, " ".join(item.data.decode("utf-8", "replace").split())))
            newest[item.track] = packet.pts
            out.mux(packet)
            tell(item.at_ms)
    return words


def write_words(words: Iterable[tuple[int, str]], file: TextIO) -> None:
    """Write the words, as (at_ms, text), as SubRip subtitles. Raises OSError."""
    number = 0
    before: tuple[int, str] | None = None
    for at_ms, text in [*words, (MAX_AT_MS + MAX_SHOWN_MS, "")]:
        if before is not None:
            number += 1
            until_ms = min(at_ms, before[0] + MAX_SHOWN_MS)
            file.write(f"{number}\n{stamp(before[0])} --> {stamp(until_ms)}\n{before[1]}\n\n")
        before = at_ms, text


def stamp(at_ms: int) -> str:
    """
    >>> stamp(3_723_004)
    '01:02:03,004'
    """
    return f"{clock(at_ms)},{at_ms % 1000:03}"


def _plausible(block: Block) -> bool:
    return 0 <= block.at_ms <= MAX_AT_MS and bool(block.data)
