"""A tap: a consumer without a network. It takes what a delegate's slots would get, without a line that could
be too weak, and hands it to a recorder as frames of `sfu.tapline`.

Fifty times a second it reads the histories of layers, which the packet path keeps anyway, so a tap costs
nothing per packet. What came while a gate was shut is in no history; and what was read earlier is handed over
before the order to shut the gate is answered, so that nothing of that source crosses the line afterwards.
"""

from collections.abc import Callable, Sequence

from sfu import MAX_HEIGHT, EndpointId, SlotKind
from sfu.fastpath import FastPath, MediaKind, StoredPacket
from sfu.plane.assignment import RoomChoice, assign
from sfu.plane.following import Following
from sfu.plane.layer import ClockReport, Layer
from sfu.plane.producer import Producer
from sfu.plane.pulse import Pulse
from sfu.plane.slot import Feed
from sfu.tapline import TAP_SLOTS, FromTap, TapMedia, TapPacket, TapReport, TapSlot, TapSlots

FRESH_S = 2.0
"""How long the tap goes on asking for a keyframe that the recorder wanted; then it goes on without."""
_NOBODY = EndpointId("")


class Tap:
    """`send` takes what goes over the line, in order; it never waits."""

    def __init__(self, fastpath: FastPath, send: Callable[[Sequence[FromTap]], None]) -> None:
        self._fastpath = fastpath
        self._send = send
        self._lines = [_Line(fastpath, number, kind) for number, kind in enumerate(TAP_SLOTS)]
        self._told: tuple[TapSlot, ...] | None = None

    def arrange(
        self, choice: RoomChoice, producer_of: Callable[[Feed | None], Producer | None], pulse: Pulse
    ) -> None:
        """Bring every slot in step with the room's choice, the gates and the layers that flow."""
        plan = assign(_NOBODY, TAP_SLOTS, [line.feed for line in self._lines], choice, ())
        if plan != [line.feed for line in self._lines]:
            self.hand_over()
        for line, feed in zip(self._lines, plan, strict=True):
            if line.feed != feed:
                line.stop()
                line.feed = feed
        self._tell(pulse.now)
        for line in self._lines:
            line.arrange(producer_of(line.feed), pulse)

    def follow(self, now: float) -> set[EndpointId]:
        """Fifty times a second: read what came. Returns the endpoints with newly missing packets."""
        return {line.feed.endpoint for line in self._lines if line.follow(now) and line.feed is not None}

    def hand_over(self) -> None:
        """Send what was read."""
        messages = [message for line in self._lines for message in line.take()]
        if messages:
            self._send(messages)

    def ask_keyframes(self, now: float) -> None:
        """The recorder begins a new segment."""
        for line in self._lines:
            line.ask_keyframe(now)

    def forget(self, endpoint: EndpointId) -> None:
        """It leaves, and its rows will be reused."""
        self.hand_over()
        for line in self._lines:
            if line.feed is not None and line.feed.endpoint == endpoint:
                line.stop()

    def close_room(self, now: float) -> None:
        """Everybody is gone."""
        self.hand_over()
        for line in self._lines:
            line.stop()
            line.feed = None
        self._tell(now)

    def _tell(self, now: float) -> None:
        slots = tuple(
            TapSlot(None, None) if line.feed is None else TapSlot(line.feed.endpoint, line.feed.source)
            for line in self._lines
        )
        if slots != self._told:
            self._told = slots
            self._send([TapSlots(int(now * 1e6), slots)])


class _Line:
    """One slot of a tap."""

    def __init__(self, fastpath: FastPath, number: int, kind: SlotKind) -> None:
        self.feed: Feed | None = None
        self._fastpath = fastpath
        self._number = number
        self._is_voice = kind is SlotKind.AUDIO
        self._producer: Producer | None = None
        self._layer: Layer | None = None
        """What is read."""
        self._reading: Following | None = None
        self._next_layer: Layer | None = None
        """What is read next, as soon as a keyframe of it begins."""
        self._coming: Following | None = None
        self._wanted_key: tuple[int, float] | None = None
        """The recorder wants a newer keyframe than this one (a count), until this time."""
        self._out: list[TapMedia | TapReport] = []
        self._packets: list[TapPacket] = []
        self._stream = -1
        self._shift = 0
        """Added to the packets' numbers on the line, which go on when a stream's numbers begin anew, and have
        no hole where a packet is empty."""
        self._last = -1
        """The newest number on the line."""
        self._arrival = (0, 0)
        self._reported: ClockReport | None = None

    # --- which layer -----------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop reading its feed; packets that were not handed over yet are dropped."""
        self._out.clear()
        self._packets.clear()
        self._producer = self._layer = self._next_layer = self._reading = self._coming = None
        self._wanted_key = None

    def arrange(self, producer: Producer | None, pulse: Pulse) -> None:
        """Ticker, and after each command."""
        layer = self._pick(producer, pulse)
        if producer is not self._producer or layer is None:
            self.stop()
        if producer is None or layer is None:
            return
        self._producer = producer
        if self._reading is None:
            self._layer, self._reading = layer, self._begin(layer)
        elif layer is self._layer:
            self._next_layer = self._coming = None
        elif layer is not self._next_layer:
            if self._is_voice:
                self._layer, self._reading = layer, self._begin(layer)
            else:
                self._next_layer, self._coming = layer, self._begin(layer)
        self._ask_needed_keyframes(producer, pulse)

    def _begin(self, layer: Layer) -> Following:
        return Following(self._fastpath, layer.row, MediaKind.AUDIO if self._is_voice else MediaKind.VIDEO)

    def _pick(self, producer: Producer | None, pulse: Pulse) -> Layer | None:
        """None while the gate is shut, or nothing has ever come."""
        if producer is None or not producer.is_open:
            return None
        if self._is_voice:
            return next(producer.bound_layers(), None)
        best = max((option.layer for option in producer.options(pulse)), default=0)
        producer.want(best, pulse.now)
        producer.hope(MAX_HEIGHT, pulse)
        return producer.pick(best, self._layer, pulse)

    def _ask_needed_keyframes(self, producer: Producer, pulse: Pulse) -> None:
        if self._next_layer is not None:
            producer.ask_keyframe(self._next_layer, pulse.now)
        if self._layer is None or self._reading is None:
            return
        if self._wanted_key is not None:
            seen, until = self._wanted_key
            if pulse.layer_keyframes[self._layer.row] != seen or pulse.now > until:
                self._wanted_key = None
        if self._reading.waits or self._wanted_key is not None:
            producer.ask_keyframe(self._layer, pulse.now)

    def ask_keyframe(self, now: float) -> None:
        if self._is_voice or self._layer is None or self._producer is None:
            return
        self._wanted_key = int(self._fastpath.layers["keyframes"][self._layer.row]), now + FRESH_S
        self._producer.ask_keyframe(self._layer, now)

    # --- packets ---------------------------------------------------------------------------------

    def follow(self, now: float) -> bool:
        """Read what came. True when packets of pictures were found missing."""
        if self._coming is not None and (found := self._coming.step(now)):
            self._layer, self._reading = self._next_layer, self._coming
            self._next_layer = self._coming = None
        elif self._reading is not None:
            found = self._reading.step(now)
        else:
            return False
        assert self._layer is not None
        assert self._reading is not None
        for first, last in self._reading.missing:
            self._layer.missing.add(first, last, now)
        if found:
            self._put(found, self._layer, self._reading.stream)
        return bool(self._reading.missing)

    def _put(self, found: Sequence[StoredPacket], layer: Layer, stream: int) -> None:
        if stream != self._stream:
            self._cut()
            self._stream, self._shift, self._last = stream, 0, -1
        elif found[0].number + self._shift <= self._last:
            self._shift = self._last + 2 - found[0].number
        if layer.reported is not None and layer.reported is not self._reported:
            self._report(layer.reported)
        for number, ts, marker, payload in found:
            if payload:
                self._packets.append(TapPacket(number + self._shift, ts, marker, payload))
            else:
                self._shift -= 1
        self._last = found[-1].number + self._shift
        self._arrival = self._fastpath.arrival(layer.row)

    def _report(self, report: ClockReport) -> None:
        self._reported = report
        if self.feed is not None:
            endpoint, source = self.feed.endpoint, self.feed.source
            self._out.append(TapReport(endpoint, source, self._stream, report.ntp, report.ts, report.at_us))

    def _cut(self) -> None:
        """Make a frame of what was read."""
        if self._packets and self.feed is not None:
            packets, self._packets = tuple(self._packets), []
            endpoint, source = self.feed.endpoint, self.feed.source
            self._out.append(TapMedia(self._number, endpoint, source, self._stream, *self._arrival, packets))

    def take(self) -> list[TapMedia | TapReport]:
        """What is to be handed over."""
        self._cut()
        out, self._out = self._out, []
        return out
