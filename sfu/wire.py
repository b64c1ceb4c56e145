"""How commands, results and events cross the process boundary: msgpack frames over a Unix socket.

A frame is a 4-byte big-endian length followed by that many bytes of msgpack. All processes are ours,
but a frame is still bounded: a bug on one side must not use up the other's memory. The recorder's
socket (`recorder.wire`) and the tap line (`sfu.tapline`) make their frames with `framed` and `decoded` too.
"""

import struct
from typing import TypeVar

import msgspec

from sfu import AnyCommand, AnyEvent, AnyResult

MAX_FRAME_BYTES = 1 << 20
LENGTH = struct.Struct("!I")

T = TypeVar("T")


class BadFrame(Exception):
    """The other process sent something that is not a frame of this protocol."""


def framed(message: msgspec.Struct) -> bytes:
    """Length and body, ready to be written. Raises ValueError when over the bound (our bug)."""
    body = msgspec.msgpack.encode(message)
    if len(body) > MAX_FRAME_BYTES:
        raise ValueError(f"frame of {len(body)} bytes")
    return LENGTH.pack(len(body)) + body


def decoded(decoder: "msgspec.msgpack.Decoder[T]", body: bytes) -> T:
    """Raises BadFrame."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadFrame(str(error)) from None


class ToWorker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One command. `id` is chosen by the control plane and comes back in the Reply."""

    id: int
    command: AnyCommand


class Reply(msgspec.Struct, frozen=True, tag="reply", forbid_unknown_fields=True):
    id: int
    result: AnyResult


class Notice(msgspec.Struct, frozen=True, tag="notice", forbid_unknown_fields=True):
    event: AnyEvent


_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_from_worker: msgspec.msgpack.Decoder[Reply | Notice] = msgspec.msgpack.Decoder(Reply | Notice)


def frame(message: ToWorker | Reply | Notice) -> bytes:
    """Raises ValueError when over the bound (our bug)."""
    return framed(message)


def decode_to_worker(body: bytes) -> ToWorker:
    """Raises BadFrame."""
    return decoded(_to_worker, body)


def decode_from_worker(body: bytes) -> Reply | Notice:
    """Raises BadFrame."""
    return decoded(_from_worker, body)


class Deframer:
    """Cuts a byte stream into frame bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Bodies completed by `data`, in order. Raises BadFrame when a length is over the bound."""
        self._buffer += data
        bodies: list[bytes] = []
        start = 0
        while len(self._buffer) - start >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer, start)
            if length > MAX_FRAME_BYTES:
                raise BadFrame(f"frame of {length} bytes")
            end = start + LENGTH.size + length
            if len(self._buffer) < end:
                break
            bodies.append(bytes(self._buffer[start + LENGTH.size : end]))
            start = end
        del self._buffer[:start]
        return bodies
