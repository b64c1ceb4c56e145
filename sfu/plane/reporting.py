"""An endpoint's RTCP reports, written from the fast path's rows."""

from collections.abc import Sequence
from dataclasses import replace

from sfu import SlotKind
from sfu.fastpath import FastPath
from sfu.plane.layer import Layer
from sfu.plane.pulse import Pulse
from sfu.plane.slot import Slot
from sfu.rtp import rtcp


def sender_reports(fastpath: FastPath, slots: Sequence[Slot], ntp: int, pulse: Pulse) -> list[bytes]:
    """One for each slot that carries something, with its timestamp at the instant `ntp`."""
    parts: list[bytes] = []
    for slot in slots:
        if pulse.slot_layer[slot.row] < 0:
            continue
        row = fastpath.slots[slot.row]
        clock_hz = 48_000 if slot.kind is SlotKind.AUDIO else 90_000
        elapsed = max(0.0, pulse.now - int(row["last_us"]) / 1e6)
        ts = (int(row["out_ts"]) + int(elapsed * clock_hz)) & 0xFFFFFFFF
        parts.append(
            rtcp.sender_report(
                slot.ssrc, ntp, ts, int(row["sent"]) & 0xFFFFFFFF, int(row["sent_bytes"]) & 0xFFFFFFFF
            )
        )
    return parts


def reception_block(fastpath: FastPath, layer: Layer, listeners_loss: float, now: float) -> rtcp.ReportBlock:
    """What a publisher is told about one of its layers."""
    assert layer.ssrc is not None
    row = fastpath.layers[layer.row]
    block = layer.reception.block(
        layer.ssrc,
        first_seq=int(row["first_seq"]),
        max_seq=int(row["max_seq"]),
        received=int(row["packets"]),
        jitter=int(row["jitter"]),
        now=now,
    )
    # Its Opus encoder sets in-band FEC by this figure alone, and the loss that matters is the listeners'.
    fraction = max(block.fraction_lost, int(listeners_loss * 256))
    return replace(block, fraction_lost=min(255, fraction))
