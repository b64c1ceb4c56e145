"""Blocks from one segment's Matroska, even if it was cut short or forged. Without I/O.

Reads only what recorder.format.matroska writes: anything that such a file never contains is an error and not
guessed at. Memory is bounded by one cluster.
"""

from collections.abc import Iterator
from typing import Protocol

from recorder.format.blocks import Block, Track
from recorder.format.matroska import (
    BLOCK,
    BLOCK_DURATION,
    BLOCK_GROUP,
    CLUSTER,
    DOC_TYPE,
    EBML,
    INFO,
    MAX_BLOCK_BYTES,
    MAX_CLUSTER_BYTES,
    REFERENCE_BLOCK,
    SEGMENT,
    SIMPLE_BLOCK,
    TIMESTAMP,
    TRACKS,
    VOID,
)

MAX_HEADER_BYTES = 1 << 20
MAX_AT_MS = 1 << 48
_PIECE = 1 << 16
_UNKNOWN = -1
_TRACKS = {int(track): track for track in Track}


class BadMatroska(Exception):
    """Not a segment of a recording, or damaged. The blocks read before it are good."""


class CutShort(Exception):
    """The segment ends in the middle. The blocks read before it are good, and all there are."""


class ByteStream(Protocol):
    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""
        ...


def demux(stream: ByteStream) -> Iterator[Block]:
    """All whole blocks, in file order. Raises BadMatroska, CutShort and whatever `stream` raises."""
    _begin(stream)
    while (head := _head(stream)) is not None:
        name, size = head
        if size == _UNKNOWN:
            raise BadMatroska(f"element {name:x} without a size")
        if name == CLUSTER:
            if size > MAX_CLUSTER_BYTES:
                raise BadMatroska(f"cluster of {size} bytes")
            body = _read(stream, size)
            yield from _blocks(body, cut=len(body) < size)
        elif name in (VOID, INFO, TRACKS):
            _skip(stream, size)
        else:
            raise BadMatroska(f"element {name:x} between clusters")


def _begin(stream: ByteStream) -> None:
    head = _head(stream)
    if head is None:
        raise CutShort("nothing at all")
    name, size = head
    if name != EBML or not 0 <= size <= MAX_HEADER_BYTES:
        raise BadMatroska("no Matroska")
    body = _read(stream, size)
    if len(body) < size:
        raise CutShort("inside the header")
    if (DOC_TYPE, b"matroska") not in [(name, body[at:end]) for name, at, end in _children(body)]:
        raise BadMatroska("not of the type Matroska")
    head = _head(stream)
    if head is None:
        raise CutShort("behind the header")
    if head != (SEGMENT, _UNKNOWN):
        raise BadMatroska("no segment")


def _blocks(body: bytes, cut: bool) -> Iterator[Block]:
    """From one cluster's body, which may be cut short."""
    cluster_ms = _UNKNOWN
    for name, at, end in _children(body, cut):
        if name == TIMESTAMP:
            cluster_ms = int.from_bytes(body[at:end], "big")
            if cluster_ms > MAX_AT_MS:
                raise BadMatroska(f"cluster at {cluster_ms} ms")
        elif cluster_ms == _UNKNOWN:
            raise BadMatroska("cluster without a timestamp")
        elif name == SIMPLE_BLOCK:
            yield _block(body[at:end], cluster_ms, None)
        elif name == BLOCK_GROUP:
            yield _group(body[at:end], cluster_ms)
        elif name != VOID:
            raise BadMatroska(f"element {name:x} in a cluster")


def _group(body: bytes, cluster_ms: int) -> Block:
    found: bytes | None = None
    key = True
    for name, at, end in _children(body):
        if name == BLOCK and found is None:
            found = body[at:end]
        elif name == REFERENCE_BLOCK:
            key = False
        elif name != BLOCK_DURATION:
            raise BadMatroska(f"element {name:x} in a group")
    if found is None:
        raise BadMatroska("a group without a block")
    return _block(found, cluster_ms, key)


def _block(body: bytes, cluster_ms: int, key: bool | None) -> Block:
    if not 4 <= len(body) <= MAX_BLOCK_BYTES + 4:
        raise BadMatroska(f"block of {len(body)} bytes")
    track = _TRACKS.get(body[0] & 0x7F) if body[0] & 0x80 else None
    if track is None:
        raise BadMatroska("block of an unknown track")
    at_ms = cluster_ms + int.from_bytes(body[1:3], "big", signed=True)
    flags = body[3]
    if flags & ~0x80:
        raise BadMatroska(f"block with flags {flags:x}")
    if at_ms < 0:
        raise BadMatroska("block before the beginning")
    return Block(track, at_ms, body[4:], bool(flags & 0x80) if key is None else key)


# --- elements -----------------------------------------------------------------------------------------


def _children(body: bytes, cut: bool = False) -> Iterator[tuple[int, int, int]]:
    """(name, begin, end) of each element in `body`. If one extends beyond the end: CutShort if `cut`, else
    BadMatroska."""
    at, total = 0, len(body)
    while at < total:
        name_width = _name_width(body[at])
        size_at = at + name_width
        size_width = _size_width(body[size_at]) if size_at < total else 1
        begin = size_at + size_width
        end = begin
        if begin <= total:
            size = _size(body[size_at:begin])
            if size == _UNKNOWN:
                raise BadMatroska("element without a size")
            end = begin + size
        if end > total or begin > total:
            if cut:
                raise CutShort("inside a cluster")
            raise BadMatroska("element longer than what it is in")
        yield int.from_bytes(body[at:size_at], "big"), begin, end
        at = end
    if cut:
        raise CutShort("inside a cluster")


def _head(stream: ByteStream) -> tuple[int, int] | None:
    """Name and size of the next element; None at the end of the stream."""
    first = _read(stream, 1)
    if not first:
        return None
    name = first + _whole(stream, _name_width(first[0]) - 1)
    size = _whole(stream, 1)
    size += _whole(stream, _size_width(size[0]) - 1)
    return int.from_bytes(name, "big"), _size(size)


def _name_width(first: int) -> int:
    width = 9 - first.bit_length()
    if width > 4:
        raise BadMatroska("no element where one was to begin")
    return width


def _size_width(first: int) -> int:
    if not first:
        raise BadMatroska("a size of more than 8 bytes")
    return 9 - first.bit_length()


def _size(coded: bytes) -> int:
    value = int.from_bytes(coded, "big") & ((1 << 7 * len(coded)) - 1)
    return _UNKNOWN if value == (1 << 7 * len(coded)) - 1 else value


def _whole(stream: ByteStream, size: int) -> bytes:
    data = _read(stream, size)
    if len(data) < size:
        raise CutShort("inside an element's head")
    return data


def _read(stream: ByteStream, size: int) -> bytes:
    """Exactly this many bytes, fewer only at the end of the stream."""
    pieces: list[bytes] = []
    missing = size
    while missing:
        piece = stream.read(min(missing, _PIECE))
        if not piece:
            break
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _skip(stream: ByteStream, size: int) -> None:
    missing = size
    while missing:
        piece = stream.read(min(missing, _PIECE))
        if not piece:
            raise CutShort("inside what is skipped")
        missing -= len(piece)
