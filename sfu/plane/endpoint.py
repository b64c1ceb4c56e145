"""An Endpoint: one participant's presence in the media plane, its Producers and Slots on one Transport.

It is what the transport reports to (`AssociationListener`): strangers become layers, RTCP becomes
resends, keyframe requests and line figures. Everything here happens at human or RTCP rate.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Protocol

from sfu import EndpointId, EndpointState, GateReason, LineReport, SendPlan, Show, SlotKind, SlotLine, Source
from sfu.errors import BadPacket
from sfu.fastpath import FastPath, TableFull
from sfu.plane.downlink import Downlink
from sfu.plane.layer import ClockReport, Layer
from sfu.plane.line_watch import LineWatch
from sfu.plane.producer import OUR_SSRC, Producer
from sfu.plane.pulse import Pulse
from sfu.plane.reporting import note_made, reception_block, sender_reports
from sfu.plane.slot import Slot
from sfu.recovery.reports import GUESSED_RTT_S, LinkQuality, Made
from sfu.rtp import rtcp
from sfu.rtp.clocks import PublisherClock
from sfu.rtp.header import parse_header_untrusted
from sfu.rtp.twcc import FeedbackWriter, TwccFeedback
from sfu.sdp import LocalTransport, Offer, RemoteTransport

RED_FROM, RED_UNTIL = 0.03, 0.01
"""Loss on the way up at which a voice starts to be sent with redundancy, and below which it stops."""
AGAIN_SHARE = 0.7
"""Of the round trip, which varies: a client that asks again a little early has missed the first answer."""
MIN_RTT_S = 0.02


class Transport(Protocol):
    """One ICE + DTLS + SRTP association, as an endpoint uses it (see sfu.transport.Association)."""

    row: int
    """In the fast path."""

    def local_parameters(self) -> LocalTransport: ...
    def start(self, remote: RemoteTransport) -> None: ...
    def restart(self, remote: RemoteTransport) -> LocalTransport: ...
    def pace(self, bps: int, voices: frozenset[int] = ...) -> None: ...
    def withdraw(self, producers: Set[int]) -> None: ...
    def last_heard(self) -> float: ...
    def close(self) -> None: ...


class PlaneView(Protocol):
    """What an endpoint needs from the plane around it."""

    def now(self) -> float: ...
    def ntp(self, now: float) -> int: ...
    def draw(self, below: int) -> int: ...
    def endpoint_changed(self, endpoint: "Endpoint") -> None: ...
    def producer_of(self, endpoint: "Endpoint", slot: Slot) -> Producer | None: ...
    def slots_on(self, layer: Layer) -> list[Slot]: ...
    def made_in(self, row: int) -> Made | None: ...


class Endpoint:
    def __init__(
        self,
        endpoint: EndpointId,
        fastpath: FastPath,
        offer: Offer,
        gates: Mapping[Source, GateReason],
        plane: PlaneView,
        connect: "Callable[[Endpoint], Transport]",
        *,
        check: bool = False,
    ) -> None:
        """`check`: only its line is measured. Raises TableFull, leaving nothing behind."""
        self.id = endpoint
        self.offer = offer
        self.state = EndpointState.CONNECTING
        self.path = ""
        self.cname = f"{plane.draw(1 << 64):016x}"
        """Names the clock of its slots to the client (RFC 7022): ours, to which publishers' are converted."""
        self.check = check
        self.wish = Show(endpoint=endpoint)
        self.link, self.clock = LinkQuality(), PublisherClock()
        self._fastpath = fastpath
        self._plane = plane
        self._resend_bytes = 0
        self._red = False
        self._plan: SendPlan | None = None
        self._bytes_before = (0, 0)
        self._feedback = FeedbackWriter(OUR_SSRC)
        self.transport = connect(self)
        if check:
            fastpath.narrow(self.transport.row)
        try:
            row = self.transport.row
            self.producers = {
                line.source: Producer(fastpath, row, line, gates.get(line.source, GateReason.LOBBY))
                for line in offer.sending
            }
            self.slots = [
                Slot(fastpath, row, line, ssrc=_ssrc(plane), rtx_ssrc=_ssrc(plane))
                for line in offer.receiving
            ]
        except TableFull:
            self.transport.close()
            raise
        self.line_watch = LineWatch(self.producers)
        self._producer_by_mid = {producer.mid: producer for producer in self.producers.values()}
        self._slot_by_ssrc = {slot.ssrc: slot for slot in self.slots}
        self._in_step = _in_step(self.slots)
        twcc = any(line.extensions.twcc for line in offer.receiving)
        self.downlink = Downlink(fastpath, self.transport, self.slots, twcc=twcc, check=check)

    @property
    def heights(self) -> dict[int, int]:
        """The wished height of each video slot, by its index, in rows of pixels."""
        tiles = iter(self.wish.tiles)
        heights: dict[int, int] = {}
        for index, slot in enumerate(self.slots):
            if slot.kind is SlotKind.STAGE:
                heights[index] = self.wish.stage
            elif slot.kind is SlotKind.SCREEN:
                heights[index] = self.wish.screen
            elif slot.kind is SlotKind.TILE:
                tile = next(tiles, None)
                heights[index] = 0 if tile is None else tile.height
        return heights

    def rows_of(self, sources: Iterable[Source]) -> frozenset[int]:
        """Of its producers in the fast path."""
        return frozenset(self.producers[source].row for source in sources)

    def slot_lines(self) -> tuple[SlotLine, ...]:
        return tuple(SlotLine(mid=slot.mid, kind=slot.kind) for slot in self.slots)

    def close(self) -> None:
        self.state = EndpointState.CLOSED
        self.transport.close()

    # --- AssociationListener ---------------------------------------------------------------------

    def on_connected(self, path: str) -> None:
        self.path = path
        self._enter(EndpointState.CONNECTED)

    def on_moved(self, path: str) -> None:
        """A new address, perhaps a new network: packets in flight are lost, and both directions start
        afresh."""
        self.path = path
        self.downlink.moved()
        now = self._plane.now()
        for producer in self.producers.values():
            producer.ask_keyframes(now)
        self._refresh_slots(now)

    def on_closed(self, why: str) -> None:
        self._enter(EndpointState.CLOSED)

    def on_stranger(self, packet: bytes) -> None:
        """A packet of an unknown SSRC: its header extensions name its line and layer (RFC 8852)."""
        try:
            header = parse_header_untrusted(packet)
        except BadPacket:
            return
        names = self.offer.extensions
        mid = header.text(names.mid)
        repaired = header.text(names.rrid)
        producer = self._producer_by_mid.get(mid)
        if producer is None:
            return
        # Without layers (screens, aiortc) retransmissions carry no repaired rid, only their payload type.
        is_rtx = bool(repaired) or (producer.rtx_pt != 0 and header.pt == producer.rtx_pt)
        layer = producer.bind(header.ssrc, repaired or header.text(names.rid), rtx=is_rtx)
        if layer is None:
            return
        if not is_rtx:
            for slot in self._plane.slots_on(layer):  # a new encoder's numbers begin anywhere
                self._fastpath.switch(slot.row, None)
                self._fastpath.switch(slot.row, layer.row)
        self._fastpath.inject(self.transport.row, packet, int(self._plane.now() * 1e6))

    def on_rtcp(self, packet: bytes) -> None:
        try:
            parts = rtcp.parse_untrusted(packet)
        except BadPacket:
            return
        now = self._plane.now()
        for part in parts:
            match part:
                case rtcp.SenderReport():
                    self._sender_report(part, now)
                    self._blocks(part.blocks, now)
                case rtcp.ReceiverReport():
                    self._blocks(part.blocks, now)
                case rtcp.Nack():
                    self._nack(part, now)
                case rtcp.Pli():
                    self._keyframe(part.media_ssrc, now)
                case rtcp.Fir():
                    for ssrc in part.media_ssrcs:
                        self._keyframe(ssrc, now)
                case TwccFeedback():
                    self.downlink.feedback(part, now)
                case rtcp.Remb():
                    self.downlink.remb(part, now)
                case rtcp.Bye():
                    pass  # streams end by DTLS or by silence

    # --- reports ---------------------------------------------------------------------------------

    def refill(self) -> None:
        """Ticker: allow the next tenth of a second's worth of resends."""
        self._resend_bytes = self.downlink.resend_bytes

    def send_feedback(self) -> None:
        """Ticker: tell the publisher when its packets arrived; its bandwidth estimate depends on it."""
        bound = (layer.ssrc for producer in self.producers.values() for layer in producer.bound_layers())
        media_ssrc = next(bound, None)
        if media_ssrc is None:
            return
        arrivals = self._fastpath.take_arrivals(self.transport.row)
        # libwebrtc accepts feedback only if it names an SSRC that it sends (Chromium 156, 2026-11).
        for packet in self._feedback.write(media_ssrc, arrivals):
            self._fastpath.send_rtcp(self.transport.row, packet)

    def watch_line(self, pulse: Pulse) -> None:
        """Ticker: a line that has been silent for long is lost; a single packet brings it back."""
        lost = self.line_watch.is_lost(pulse.now - self.transport.last_heard(), self.path, pulse)
        if self.state is EndpointState.CONNECTED and lost:
            self._enter(EndpointState.LOST)
        elif self.state is EndpointState.LOST and not lost:
            self._enter(EndpointState.CONNECTED)

    def line_report(self, interval_s: float) -> LineReport:
        """How the line worked in the interval since the last call."""
        row = self._fastpath.transports[self.transport.row]
        up, down = int(row["rx_bytes"]), int(row["tx_bytes"])
        up_before, down_before = self._bytes_before
        self._bytes_before = (up, down)
        return LineReport(
            endpoint=self.id,
            rtt_ms=-1 if self.link.rtt_s is None else int(self.link.rtt_s * 1000),
            loss_up_permille=int(self.link.loss_up * 1000),
            loss_down_permille=int(self.link.loss_down * 1000),
            up_bps=int((up - up_before) * 8 / interval_s),
            down_bps=int((down - down_before) * 8 / interval_s),
            estimate_bps=self.downlink.estimator.bps,
            queue_ms=int(self.downlink.estimator.queue_s * 1000),
            pictures=self.downlink.allocation.pictures,
            path=self.path,
        )

    def send_reports(self, pulse: Pulse) -> None:
        """Ticker: our sender reports for the slots that carry something, and the receiver report, as one
        compound packet (RFC 3550 section 6.1)."""
        parts = self._sender_reports(self.slots, pulse)
        blocks: list[rtcp.ReportBlock] = []
        expected = lost = 0
        for producer in self.producers.values():
            for layer in producer.bound_layers():
                note_made(self._fastpath, layer, producer.source, self.clock)
                blocks.append(reception_block(self._fastpath, layer, producer.listeners_loss, pulse.now))
                expected += layer.reception.interval_expected
                lost += layer.reception.interval_lost
        self.link.settle(expected, lost)
        if blocks:
            parts.append(rtcp.receiver_report(OUR_SSRC, blocks))
        if parts:
            self._fastpath.send_rtcp(self.transport.row, b"".join(parts))

    def report_changes(self, pulse: Pulse) -> None:
        """Ticker: what is played in step and carries another layer than before has another clock, which its
        receiver needs soon."""
        layers = pulse.slot_layer
        changed = [slot for slot in self._in_step if layers[slot.row] not in (-1, slot.told_of)]
        if changed:
            self._fastpath.send_rtcp(self.transport.row, b"".join(self._sender_reports(changed, pulse)))

    def _sender_reports(self, slots: Iterable[Slot], pulse: Pulse) -> list[bytes]:
        for slot in slots:
            slot.told_of = pulse.slot_layer[slot.row]
        ntp = self._plane.ntp(pulse.now)
        return sender_reports(self._fastpath, slots, ntp, pulse, self._plane.made_in)

    def _sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        for producer in self.producers.values():
            for layer in producer.layers:
                if layer.ssrc == report.ssrc:
                    layer.reception.sender_report(report.ntp, now)
                    self.clock.report(report.ssrc, report.ntp, report.rtp_timestamp)
                    layer.reported = ClockReport(report.ntp, report.rtp_timestamp, int(now * 1e6))

    def _blocks(self, blocks: tuple[rtcp.ReportBlock, ...], now: float) -> None:
        for block in blocks:
            slot = self._slot_by_ssrc.get(block.ssrc)
            if slot is not None and slot.layer is not None:
                self.link.receiver_block(block, self._plane.ntp(now))

    def _nack(self, nack: rtcp.Nack, now: float) -> None:
        slot = self._slot_by_ssrc.get(nack.media_ssrc)
        if slot is None or self._resend_bytes <= 0:
            return
        rtt_s = GUESSED_RTT_S if self.link.rtt_s is None else max(self.link.rtt_s, MIN_RTT_S)
        stale = slot.stale
        self._resend_bytes -= self._fastpath.resend(
            slot.row, nack.seqs, int(now * 1e6), int(rtt_s * AGAIN_SHARE * 1e6), self._resend_bytes
        )
        if slot.stale != stale:
            self._refresh(slot, now)

    def ask_missing(self, now: float) -> bool:
        """Ask its publisher again for missing packets. True while some are still missing."""
        torn = False
        for producer in self.producers.values():
            for layer in producer.layers:
                if layer.missing:
                    producer.ask_missing(layer, now, self.link.rtt_s)
                    torn = torn or bool(layer.missing)
        return torn

    def plan(self, now: float) -> SendPlan | None:
        """Ticker: what its publisher is to send, if that has changed."""
        loss = self.link.loss_up
        self._red = loss >= (RED_UNTIL if self._red else RED_FROM)
        plan = SendPlan(
            endpoint=self.id,
            camera=self.producers[Source.CAMERA].plan(now),
            screen=self.producers[Source.SCREEN].plan(now),
            red=self._red,
        )
        if plan == self._plan:
            return None
        self._plan = plan
        return plan

    @property
    def planned(self) -> SendPlan | None:
        """The last plan that was sent."""
        return self._plan

    def _keyframe(self, ssrc: int, now: float) -> None:
        slot = self._slot_by_ssrc.get(ssrc)
        if slot is not None:
            self._refresh(slot, now)

    def _refresh(self, slot: Slot, now: float) -> None:
        producer = self._plane.producer_of(self, slot)
        if producer is not None and slot.layer is not None:
            slot.ask_keyframe(producer, slot.layer, now)

    def _refresh_slots(self, now: float) -> None:
        for slot in self.slots:
            self._refresh(slot, now)

    def _enter(self, state: EndpointState) -> None:
        if state is self.state or self.state is EndpointState.CLOSED:
            return
        self.state = state
        self._plane.endpoint_changed(self)
        if state is EndpointState.CONNECTED:
            self._refresh_slots(self._plane.now())


def _in_step(slots: Sequence[Slot]) -> list[Slot]:
    """The slots that a browser plays in step (sfu/sdp/answer.py)."""
    voices = [slot for slot in slots if slot.kind is SlotKind.AUDIO]
    return [*voices[:1], *(slot for slot in slots if slot.kind is SlotKind.STAGE)]


def _ssrc(plane: PlaneView) -> int:
    """Random, never 0 (RFC 3550 section 8)."""
    return plane.draw(0xFFFFFFFF) + 1
