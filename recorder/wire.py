"""How orders and reports cross the recorder's Unix socket: as msgpack frames, made by `sfu.wire`. Pure."""

import msgspec

from recorder import AnyOrder, AnyReport
from sfu.wire import decoded, framed

_order: msgspec.msgpack.Decoder[AnyOrder] = msgspec.msgpack.Decoder(AnyOrder)
_report: msgspec.msgpack.Decoder[AnyReport] = msgspec.msgpack.Decoder(AnyReport)


def frame(message: AnyOrder | AnyReport) -> bytes:
    """Raises ValueError if it is too large (our bug)."""
    return framed(message)


def decode_order(body: bytes) -> AnyOrder:
    """Raises BadFrame."""
    return decoded(_order, body)


def decode_report(body: bytes) -> AnyReport:
    """Raises BadFrame."""
    return decoded(_report, body)
