"""An endpoint's RTCP reports, written from the fast path's rows."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from sfu import Source
from sfu.fastpath import FastPath
from sfu.plane.layer import Layer
from sfu.plane.pulse import Pulse
from sfu.plane.slot import Slot
from sfu.recovery.reports import Made
from sfu.rtp import rtcp
from sfu.rtp.clocks import PublisherClock

MAX_LATE_US = 250_000
"""Nothing is said to have been made longer than this before it came. A browser lets the voice wait for the
picture, and a weak uplink must not hold up a voice for everybody: then the two part."""


def note_made(fastpath: FastPath, layer: Layer, source: Source, clock: PublisherClock) -> None:
    """Once a second: when the newest packet of a layer was made, by its publisher's clock."""
    assert layer.ssrc is not None
    ts, arrived_us = fastpath.arrival(layer.row)
    if arrived_us <= 0 or (layer.made is not None and layer.made.ts == ts):
        return
    clock.sample(source, layer.ssrc, ts, arrived_us)
    layer.made = Made(ts, max(clock.at_us(layer.ssrc, ts), arrived_us - MAX_LATE_US))


def sender_reports(
    fastpath: FastPath,
    slots: Iterable[Slot],
    ntp: int,
    pulse: Pulse,
    made_in: Callable[[int], Made | None],
) -> list[bytes]:
    """One for each slot that carries something: its timestamp for what is made at the instant `ntp`, which is
    now. `made_in`: what is known of a layer, by its row."""
    parts: list[bytes] = []
    for slot in slots:
        carried = pulse.slot_layer[slot.row]
        if carried < 0:
            continue
        row = fastpath.slots[slot.row]
        shift = int(row["ts_off"])
        # Not known yet: as if it had been made when it was sent on.
        made = made_in(carried) or Made(int(row["out_ts"]) - shift, int(row["last_us"]))
        ts = made.timestamp(int(pulse.now * 1e6), shift, int(row["khz"]) * 1000)
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
