"""How orders and reports cross the recorder's Unix socket: msgpack frames, cut apart by sfu.wire.Deframer."""

import msgspec

from recorder import AnyOrder, AnyReport
from sfu.wire import LENGTH, MAX_FRAME_BYTES, BadFrame

_order: msgspec.msgpack.Decoder[AnyOrder] = msgspec.msgpack.Decoder(AnyOrder)
_report: msgspec.msgpack.Decoder[AnyReport] = msgspec.msgpack.Decoder(AnyReport)


def frame(message: AnyOrder | AnyReport) -> bytes:
    """Length and body, ready to be written. Raises ValueError when over the bound (our bug)."""
    body = msgspec.msgpack.encode(message)
    if len(body) > MAX_FRAME_BYTES:
        raise ValueError(f"frame of {len(body)} bytes")
    return LENGTH.pack(len(body)) + body


def decode_order(body: bytes) -> AnyOrder:
    """Raises BadFrame."""
    try:
        return _order.decode(body)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadFrame(str(error)) from None


def decode_report(body: bytes) -> AnyReport:
    """Raises BadFrame."""
    try:
        return _report.decode(body)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadFrame(str(error)) from None
