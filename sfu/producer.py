"""A Producer: one source that comes in (microphone, camera, screen), with its Layers.

It decides which of its layers a slot gets; the packets themselves pass it by (see sfu.fastpath).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sfu import GateReason, Source
from sfu.fastpath import FastPath, MediaKind, TableFull
from sfu.keyframes import KeyframeRequests
from sfu.pulse import Pulse
from sfu.reports import Reception
from sfu.rtp import rtcp
from sfu.sdp import SendLine

FLOW_TIMEOUT_S = {Source.MICROPHONE: 3.0, Source.CAMERA: 2.0, Source.SCREEN: 5.0}
"""Silence after which a source counts as stopped. Opus with DTX sends every 400 ms; a still screen may send
only a frame a second."""
LAYER_TIMEOUT_S = 1.0
"""A layer that has been quiet for longer is not chosen: browsers stop the upper ones on a weak uplink."""
OUR_SSRC = 1
"""Who our feedback comes from: any number will do (RFC 8108 section 5), browsers use 1 as well."""
REBIND_LIMIT = 16
"""A source may change its SSRC (a new encoder); not endlessly."""


@dataclass(slots=True)
class Layer:
    """One simulcast encoding. `row` is its row in the fast path."""

    rid: str
    row: int
    ssrc: int | None = None
    rtx_ssrc: int | None = None
    keyframes: KeyframeRequests = field(default_factory=KeyframeRequests)
    keyframes_seen: int = 0
    reception: Reception = field(default_factory=Reception)


class Producer:
    """One sending line of an endpoint."""

    def __init__(self, fastpath: FastPath, transport: int, line: SendLine, gate: GateReason) -> None:
        """Raises TableFull."""
        self.source = line.source
        self.mid = line.mid
        self.rtx_pt = line.rtx_pt
        self.gate = gate
        self.flowing = False
        self._fastpath = fastpath
        self._transport = transport
        self._rebinds = 0
        self._looked: Pulse | None = None
        """The pulse the next two were chosen by: forty slots ask for the same source in one tick."""
        self._lowest: Layer | None = None
        self._highest: Layer | None = None
        kind = MediaKind.AUDIO if line.source is Source.MICROPHONE else MediaKind.VIDEO
        self.kind = kind
        self.row = fastpath.open_producer(
            transport, kind, int(gate), level_ext=line.extensions.level, twcc_ext=line.extensions.twcc
        )
        # Lowest first: the offer lists the rids in the order the client made them, smallest first.
        self.layers = [Layer(rid, fastpath.open_layer(self.row)) for rid in line.rids or ("",)]

    @property
    def is_open(self) -> bool:
        return not self.gate

    def set_gate(self, gate: GateReason) -> None:
        self._fastpath.set_gate(self.row, int(gate))
        self.gate = gate

    def bind(self, ssrc: int, rid: str, *, rtx: bool) -> Layer | None:
        """A packet of a new SSRC named this producer. Returns its layer, or None when it has no such rid."""
        layer = next((x for x in self.layers if x.rid == rid), None)
        if layer is None or self._rebinds >= REBIND_LIMIT:
            return None
        old = layer.rtx_ssrc if rtx else layer.ssrc
        if old is not None:
            self._rebinds += 1
            self._fastpath.unbind_ssrc(self._transport, old)
        try:
            self._fastpath.bind_ssrc(self._transport, ssrc, layer.row, rtx=rtx)
        except TableFull:
            return None  # it stays a stranger; its publisher has had more SSRCs than anybody needs
        if rtx:
            layer.rtx_ssrc = ssrc
        else:
            layer.ssrc = ssrc
        return layer

    def bound_layers(self) -> Iterator[Layer]:
        return (layer for layer in self.layers if layer.ssrc is not None)

    def is_flowing(self, pulse: Pulse) -> bool:
        last_us = pulse.producer_last_us[self.row]
        return last_us > 0 and pulse.now - last_us / 1e6 < FLOW_TIMEOUT_S[self.source]

    def choose(self, pulse: Pulse, *, high: bool) -> Layer | None:
        """The layer a slot should get: the highest or lowest that flows now, else the last that did.

        None while nothing has ever arrived, or the gate is shut: a slot is then detached, so that its
        numbering goes on without a hole when the gate opens.
        """
        if not self.is_open:
            return None
        if pulse is not self._looked:
            self._looked = pulse
            self._lowest, self._highest = self._extremes(pulse)
        return self._highest if high else self._lowest

    def _extremes(self, pulse: Pulse) -> tuple[Layer | None, Layer | None]:
        bound = list(self.bound_layers())
        since_us = (pulse.now - LAYER_TIMEOUT_S) * 1e6
        flowing = [layer for layer in bound if pulse.layer_last_us[layer.row] > since_us]
        if flowing:
            return flowing[0], flowing[-1]
        last = max(bound, key=lambda layer: pulse.layer_last_us[layer.row], default=None)
        return last, last

    def ask_keyframe(self, layer: Layer, now: float) -> None:
        """Somebody cannot go on without one. Sends at most one request an interval."""
        if layer.ssrc is not None and self.kind is MediaKind.VIDEO and layer.keyframes.ask(now):
            self._send_pli(layer.ssrc)

    def ask_keyframes(self, now: float) -> None:
        """The publisher's path has changed: all its layers start afresh."""
        for layer in self.layers:
            self.ask_keyframe(layer, now)

    def settle_keyframes(self, pulse: Pulse) -> None:
        """Ticker: notes the keyframes that came, and sends what was held back."""
        for layer in self.layers:
            seen = pulse.layer_keyframes[layer.row]
            if seen != layer.keyframes_seen:
                layer.keyframes_seen = seen
                layer.keyframes.came()
            elif layer.ssrc is not None and layer.keyframes.due(pulse.now):
                self._send_pli(layer.ssrc)

    def _send_pli(self, ssrc: int) -> None:
        self._fastpath.send_rtcp(self._transport, rtcp.pli(OUR_SSRC, ssrc))
