"""A Producer: one incoming source (microphone, camera, screen), with its Layers.

It says which layers are available and at what cost, and which of them its publisher is to send. The packets
themselves do not pass through it (see sfu.fastpath).
"""

from collections.abc import Iterator

from sfu import GateReason, Source
from sfu.bandwidth import ENOUGH, Option
from sfu.fastpath import FastPath, MediaKind, ProducerFormat, TableFull
from sfu.plane.layer import ALL_TEMPORAL, Layer, nominal
from sfu.plane.pulse import Pulse
from sfu.rtp import rtcp
from sfu.sdp import SendLine

FLOW_TIMEOUT_S = {Source.MICROPHONE: 3.0, Source.CAMERA: 2.0, Source.SCREEN: 5.0}
"""Silence after which a source counts as stopped. Opus with DTX sends every 400 ms; a still screen may send
only one frame a second."""
OUR_SSRC = 1
"""The sender of our feedback: any number will do (RFC 8108 section 5), and browsers use 1 as well."""
MAX_REBIND = 16
"""How often a source may change its SSRC (a new encoder)."""
MIN_BPS = 30_000
"""No picture counts as cheaper: one that stands still may move in the next second."""


class Producer:
    """One sending line of an endpoint."""

    def __init__(self, fastpath: FastPath, transport: int, line: SendLine, gate: GateReason) -> None:
        """Raises TableFull."""
        self.source = line.source
        self.mid = line.mid
        self.rtx_pt = line.rtx_pt
        self.gate = gate
        self.flowing = False
        self.listeners_loss = 0.0
        """The worst loss among listeners without redundancy: its encoder is to add FEC against it."""
        self._fastpath = fastpath
        self._transport = transport
        self._rebinds = 0
        self._looked: Pulse | None = None
        """The pulse from which the options were made: forty slots ask for the same source in one tick."""
        self._options: tuple[Option, ...] = ()
        self._has_absent = False
        """One of its layers was asked for and did not come."""
        self._asleep = False
        """It flowed when its publisher was told to pause."""
        self._resumed_at = float("-inf")
        self._is_fresh = True
        """It was just opened, and nobody has seen yet whether it comes."""
        kind = MediaKind.AUDIO if line.source is Source.MICROPHONE else MediaKind.VIDEO
        self.kind = kind
        format = ProducerFormat(
            level_ext=line.extensions.level,
            twcc_ext=line.extensions.twcc,
            pt=line.pt,
            rtx_pt=line.rtx_pt,
            red_pt=line.red_pt,
        )
        self.row = fastpath.open_producer(transport, kind, int(gate), format)
        # Lowest first: the offer lists the rids in the order the client made them, smallest first.
        self.layers = [Layer(rid, fastpath.open_layer(self.row)) for rid in line.rids or ("",)]

    @property
    def is_open(self) -> bool:
        return not self.gate

    def set_gate(self, gate: GateReason) -> None:
        self._fastpath.set_gate(self.row, int(gate))
        self._is_fresh |= not gate and bool(self.gate)
        self._asleep &= not gate
        self.gate = gate
        if gate:
            for layer in self.layers:
                layer.missing.clear()

    def bind(self, ssrc: int, rid: str, *, rtx: bool) -> Layer | None:
        """A packet of a new SSRC named this producer. Returns its layer, or None when it has no such rid."""
        layer = next((x for x in self.layers if x.rid == rid), None)
        if layer is None or self._rebinds >= MAX_REBIND:
            return None
        old = layer.rtx_ssrc if rtx else layer.ssrc
        if old is not None:
            self._rebinds += 1
            self._fastpath.unbind_ssrc(self._transport, old)
        try:
            self._fastpath.bind_ssrc(self._transport, ssrc, layer.row, rtx=rtx)
        except TableFull:
            return None  # it stays unbound; its publisher has had more SSRCs than anybody needs
        if rtx:
            layer.rtx_ssrc = ssrc
        else:
            layer.ssrc = ssrc
            layer.reported = layer.made = None
            layer.missing.clear()
        return layer

    def bound_layers(self) -> Iterator[Layer]:
        return (layer for layer in self.layers if layer.ssrc is not None)

    def is_flowing(self, pulse: Pulse) -> bool:
        """It arrives, or it did until its publisher was told to pause because nobody looked."""
        timeout_s = FLOW_TIMEOUT_S[self.source]
        last_us = pulse.producer_last_us[self.row]
        if last_us > 0 and pulse.now - last_us / 1e6 < timeout_s:
            return True
        return self._asleep and (not self._is_planned or pulse.now - self._resumed_at < timeout_s)

    def comes(self, pulse: Pulse, within_s: float) -> bool:
        """It is open, asked for, and its last packet is no older than that."""
        last_us = pulse.producer_last_us[self.row]
        return self.is_open and self._is_planned and last_us > (pulse.now - within_s) * 1e6

    @property
    def _is_planned(self) -> bool:
        return any(layer.planned for layer in self.layers)

    # --- which layers ----------------------------------------------------------------------------

    def options(self, pulse: Pulse) -> tuple[Option, ...]:
        """What a slot may choose from, lowest first: each available layer, with all its frames or fewer."""
        if pulse is not self._looked:
            self._looked = pulse
            layers = [(i, layer) for i, layer in enumerate(self.layers) if layer.can_flow(pulse)]
            self._has_absent = len(layers) < len(self.layers)
            self._options = tuple(
                option for index, layer in layers for option in self._options_of(index, layer, pulse)
            )
        return self._options

    def _options_of(self, index: int, layer: Layer, pulse: Pulse) -> Iterator[Option]:
        height, rates = self.height(index, pulse), layer.rates
        total = rates.bps(ALL_TEMPORAL)
        guess = nominal(self.source, len(self.layers))[index]
        if not total:
            yield Option(index, ALL_TEMPORAL, height, guess.bps, guess.fps)
            return
        fps = rates.fps(ALL_TEMPORAL)
        for temporal in range(ALL_TEMPORAL):
            if 0 < rates.fps(temporal) < fps:
                cost = max(MIN_BPS, rates.bps(temporal))
                yield Option(index, temporal, height, cost, rates.fps(temporal))
        yield Option(index, ALL_TEMPORAL, height, max(MIN_BPS, total), fps)

    def height(self, index: int, pulse: Pulse) -> int:
        """Rows of a layer's picture: from its last keyframe, else from its neighbours, each twice as high as
        the one below."""
        for other in sorted(range(len(self.layers)), key=lambda at: abs(at - index)):
            rows = pulse.layer_height[self.layers[other].row]
            if rows:
                return max(1, int(rows * 2.0 ** (index - other)))
        return nominal(self.source, len(self.layers))[index].height

    def pick(self, wanted: int, has: Layer | None, pulse: Pulse) -> Layer | None:
        """The layer for a slot that was granted layer `wanted` and carries `has` now. While the wanted layer
        does not flow yet, a slot with a picture keeps it, and one without gets the nearest layer that flows,
        lower ones first. None until something has arrived."""
        layer = self.layers[wanted]
        if layer.ssrc is not None and layer.flows(pulse):
            return layer
        if layer.ssrc is not None and layer.can_flow(pulse) and has in self.layers and has.flows(pulse):
            return layer
        flowing = [x for x in self.bound_layers() if x.flows(pulse)]
        below = [x for x in flowing if self.layers.index(x) < wanted]
        if flowing:
            return below[-1] if below else flowing[0]
        if layer.ssrc is not None:
            return layer
        return max(self.bound_layers(), key=lambda x: pulse.layer_last_us[x.row], default=None)

    def want(self, index: int, now: float) -> None:
        """A slot was granted this layer."""
        self.layers[index].wanted_at = now

    def hope(self, height: int, pulse: Pulse) -> None:
        """A picture of this height would be shown if it came. Its layer stays asked for, because a weak
        uplink that becomes stronger sends it again by itself."""
        if not self.options(pulse):
            self.want(0, pulse.now)
        if not self._has_absent:
            return
        best = next(
            (i for i in range(len(self.layers)) if self.height(i, pulse) >= ENOUGH * height),
            len(self.layers) - 1,
        )
        if not self.layers[best].can_flow(pulse):
            self.want(best, pulse.now)

    def plan(self, now: float) -> tuple[str, ...]:
        """The rids to be sent: layers that somebody wants, or wanted a moment ago."""
        was_planned = self._is_planned
        for layer in self.layers:
            if self._is_fresh:
                layer.wanted_at = now
            layer.settle_plan(now)
        self._is_fresh = False
        if was_planned and not self._is_planned:
            self._asleep = self.flowing
        elif self._is_planned and not was_planned:
            self._resumed_at = now
        return tuple(layer.rid for layer in self.layers if layer.planned)

    def note_rates(self, pulse: Pulse) -> None:
        """Ticker: what each layer costs."""
        for layer in self.bound_layers():
            if layer.flows(pulse):
                row = layer.row
                payload, frames = pulse.layer_bytes, pulse.layer_frames
                layer.rates.update(
                    pulse.now,
                    (payload[0][row], payload[1][row], payload[2][row]),
                    (frames[0][row], frames[1][row], frames[2][row]),
                )

    # --- what the publisher is asked for ---------------------------------------------------------

    def ask_keyframe(self, layer: Layer, now: float) -> None:
        """Somebody cannot go on without one. Sends at most one request per interval."""
        if layer.ssrc is not None and self.kind is MediaKind.VIDEO and layer.keyframes.ask(now):
            self._send_pli(layer.ssrc)

    def ask_keyframes(self, now: float) -> None:
        """The publisher's path has changed: all its layers start afresh."""
        for layer in self.layers:
            layer.missing.clear()
            self.ask_keyframe(layer, now)

    def settle_keyframes(self, pulse: Pulse) -> None:
        """Ticker: notes the keyframes that came, and sends requests that were held back."""
        for layer in self.layers:
            seen = pulse.layer_keyframes[layer.row]
            if seen != layer.keyframes_seen:
                layer.keyframes_seen = seen
                layer.keyframes.came()
            elif layer.ssrc is not None and layer.keyframes.due(pulse.now):
                self._send_pli(layer.ssrc)

    def ask_missing(self, layer: Layer, now: float, rtt_s: float | None) -> None:
        """Fifty times a second while packets of the layer are missing: ask for those that are due."""
        if layer.ssrc is None:
            layer.missing.clear()
            return
        layer.missing.keep(self._fastpath.missing(layer.row, layer.missing.numbers()))
        due = layer.missing.due(now, rtt_s)
        if due:
            self._fastpath.send_rtcp(self._transport, rtcp.nack(OUR_SSRC, layer.ssrc, due))

    def _send_pli(self, ssrc: int) -> None:
        self._fastpath.send_rtcp(self._transport, rtcp.pli(OUR_SSRC, ssrc))
