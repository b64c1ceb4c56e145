"""The media plane of one worker: commands in, results and events out, and ten ticks a second.

All decisions are made here or below; nothing here touches a packet. The path of a packet is in
sfu/fastpath/kernel/entry_points.py.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, assert_never

from sfu import (
    AnyCommand,
    AnyEvent,
    AnyResult,
    CloseEndpoint,
    CloseRoom,
    Done,
    EndpointChanged,
    EndpointId,
    EndpointState,
    Failed,
    Failure,
    FlowChanged,
    GateReason,
    Opened,
    OpenEndpoint,
    Ping,
    Pong,
    RestartEndpoint,
    RoomId,
    SetGates,
    SetStage,
    Show,
    Source,
)
from sfu.errors import BadOffer
from sfu.fastpath import FastPath, TableFull
from sfu.plane.beats import Beats
from sfu.plane.endpoint import Endpoint, Transport
from sfu.plane.hearing import Hearing
from sfu.plane.layer import Layer
from sfu.plane.producer import Producer
from sfu.plane.pulse import TICK_S, Pulse, take_pulse
from sfu.plane.room_media import RoomMedia
from sfu.plane.slot import Slot
from sfu.plane.tap import Tap
from sfu.recovery.reports import Made
from sfu.rtp.ntp import ntp_from_unix
from sfu.sdp import Candidate, LocalTransport, Offer, SlotStream, parse_offer_untrusted, write_answer
from sfu.tapline import FromTap
from sfu.transport import AssociationListener
from sfu.voice import Ears

REPORT_TICKS = 10
LINE_TICKS = 20
CHECK_TICKS = 10
"""Shorter than LINE_TICKS: a person who waits for a line check wants to see that something happens."""
MAX_TAPS = 4
MEND_S = 0.02
"""How often missing packets are asked for: the time until the first request is our share of a repair."""


class Ports(Protocol):
    """What the plane needs from the media ports."""

    def candidates(self, *, local: bool) -> tuple[Candidate, ...]: ...
    def open_association(self, listener: AssociationListener) -> Transport: ...
    def flush_streams(self) -> None: ...


class Plane:
    def __init__(
        self,
        fastpath: FastPath,
        ports: Ports,
        ears: Ears,
        notify: Callable[[AnyEvent], None],
        clock: Callable[[], float],
        wall_offset_s: float,
        draw: Callable[[int], int],
    ) -> None:
        """`clock`: monotonic seconds, the clock that stamps packets; plus `wall_offset_s` it is Unix time.
        `draw`: an unpredictable number from 0 to below the one given."""
        self._fastpath = fastpath
        self._ports = ports
        self._hearing = Hearing(fastpath, ears)
        self._notify = notify
        self._clock = clock
        self._wall_offset_s = wall_offset_s
        self.draw = draw
        self.beats = Beats()
        self._rooms: dict[RoomId, RoomMedia] = {}
        self._room_of: dict[EndpointId, RoomMedia] = {}
        self._homes: dict[int, tuple[Endpoint, Layer]] = {}
        """The owner of each layer row in the fast path, and its layer."""
        self._torn: dict[EndpointId, Endpoint] = {}
        """Endpoints with missing packets."""
        self._taps: list[tuple[RoomId, Tap]] = []
        """They outlive their rooms."""
        self._ticks = 0

    # --- commands --------------------------------------------------------------------------------

    def apply(self, command: AnyCommand) -> AnyResult:
        """Carry out one command. It has taken effect when this returns."""
        result = self._apply(command)
        self._ports.flush_streams()
        return result

    def _apply(self, command: AnyCommand) -> AnyResult:
        match command:
            case OpenEndpoint():
                return self._open(command)
            case RestartEndpoint():
                return self._restart(command)
            case CloseEndpoint():
                self._close(command.endpoint)
                return Done()
            case CloseRoom():
                room = self._rooms.get(command.room)
                for endpoint in list(room.endpoints) if room else []:
                    self._close(endpoint)
                return Done()
            case SetGates():
                return self._set_gates(command)
            case Show():
                return self._show(command)
            case SetStage():
                return self._set_stage(command)
            case Ping():
                return self._pong()
            case _:
                assert_never(command)

    def _pong(self) -> Pong:
        counters = self._fastpath.counters
        return Pong(
            endpoints=len(self._room_of),
            copies=int(counters.copies),
            sent_bytes=int(counters.sent_bytes),
            resent_bytes=int(counters.resent_bytes),
            padding_bytes=int(counters.padding_bytes),
            tick=self.beats.tick,
            late=self.beats.late,
        )

    def _open(self, command: OpenEndpoint) -> AnyResult:
        try:
            offer = parse_offer_untrusted(command.offer)
        except BadOffer as error:
            return Failed(code=Failure.BAD_OFFER, detail=str(error))
        wish = self._close(command.endpoint)
        try:
            endpoint = Endpoint(
                command.endpoint,
                self._fastpath,
                offer,
                dict.fromkeys(Source, GateReason.LOBBY) if command.check else command.gates,
                self,
                self._ports.open_association,
                check=command.check,
            )
        except TableFull as error:
            return Failed(code=Failure.FULL, detail=str(error))
        endpoint.wish = wish
        room = self._rooms.get(command.room)
        if room is None:
            room = self._rooms[command.room] = RoomMedia(
                command.room, self._fastpath, self._hearing, self._notify
            )
            room.taps = [tap for where, tap in self._taps if where == command.room]
        room.add(endpoint)
        self._room_of[endpoint.id] = room
        self._homes |= {
            layer.row: (endpoint, layer)
            for producer in endpoint.producers.values()
            for layer in producer.layers
        }
        local = endpoint.transport.local_parameters()
        endpoint.transport.start(offer.remote)
        self._notify(EndpointChanged(endpoint=endpoint.id, state=endpoint.state))
        room.arrange(self._pulse())
        return self._opened(endpoint, offer, local, loopback=command.local)

    def _restart(self, command: RestartEndpoint) -> AnyResult:
        endpoint = self._find(command.endpoint)
        if endpoint is None:
            return Failed(code=Failure.UNKNOWN_ENDPOINT)
        try:
            offer = parse_offer_untrusted(command.offer)
        except BadOffer as error:
            return Failed(code=Failure.BAD_OFFER, detail=str(error))
        if not _continues(offer, endpoint.offer):
            return Failed(code=Failure.BAD_OFFER, detail="not the same lines and certificate")
        local = endpoint.transport.restart(offer.remote)
        return self._opened(endpoint, offer, local, loopback=command.local)

    def _opened(self, endpoint: Endpoint, offer: Offer, local: LocalTransport, *, loopback: bool) -> Opened:
        streams = [SlotStream(slot.ssrc, slot.rtx_ssrc, endpoint.cname) for slot in endpoint.slots]
        answer = write_answer(offer, local, streams, self._ports.candidates(local=loopback))
        return Opened(answer=answer, slots=endpoint.slot_lines())

    def _close(self, endpoint: EndpointId) -> Show:
        """Forget an endpoint. Returns what it wished to see, in case it is opened again."""
        room = self._room_of.pop(endpoint, None)
        gone = room.remove(endpoint) if room else None
        if room is None or gone is None:
            return Show(endpoint=endpoint)
        self._withdraw(room, gone.rows_of(gone.producers))
        gone.close()
        self._torn.pop(endpoint, None)
        self._homes = {row: home for row, home in self._homes.items() if home[0] is not gone}
        if not room.endpoints:
            del self._rooms[room.room]
            for tap in room.taps:
                tap.close_room(self._clock())
        return gone.wish

    def _set_gates(self, command: SetGates) -> AnyResult:
        endpoint = self._find(command.endpoint)
        if endpoint is None:
            return Failed(code=Failure.UNKNOWN_ENDPOINT)
        for source, gate in command.gates.items():
            endpoint.producers[source].set_gate(gate)
        if not endpoint.producers[Source.MICROPHONE].is_open:
            self._hearing.forget(endpoint.id)
        room = self._room_of[endpoint.id]
        shut = endpoint.rows_of(source for source, gate in command.gates.items() if gate)
        self._withdraw(room, shut)
        room.hand_over_taps()
        room.arrange(self._pulse())
        return Done()

    def _withdraw(self, room: RoomMedia, producers: frozenset[int]) -> None:
        """What is still on its way through the server from these producers reaches nobody."""
        if producers:
            self._ports.flush_streams()
            for endpoint in room.endpoints.values():
                endpoint.transport.withdraw(producers)

    def _show(self, command: Show) -> AnyResult:
        endpoint = self._find(command.endpoint)
        if endpoint is None:
            return Failed(code=Failure.UNKNOWN_ENDPOINT)
        endpoint.wish = command
        room, pulse = self._room_of[endpoint.id], self._pulse()
        room.arrange(pulse)
        room.plan(pulse)  # now, so that a layer that was paused comes sooner
        return Done()

    def _set_stage(self, command: SetStage) -> AnyResult:
        room = self._rooms.get(command.room)
        if room is not None:
            room.fixed_stage = command.endpoint
        return Done()

    # --- taps ------------------------------------------------------------------------------------

    def open_tap(self, room: RoomId, send: Callable[[Sequence[FromTap]], None]) -> Tap:
        """From now on `send` gets what a recorder of this room is to have, whether the room is open yet or
        not. Raises TableFull."""
        if len(self._taps) >= MAX_TAPS:
            raise TableFull("taps")
        tap = Tap(self._fastpath, send)
        self._taps.append((room, tap))
        if room in self._rooms:
            self._rooms[room].taps.append(tap)
            self._rooms[room].arrange(self._pulse())
            self._ports.flush_streams()
        return tap

    def close_tap(self, tap: Tap) -> None:
        """Nothing is sent any more."""
        self._taps = [(room, other) for room, other in self._taps if other is not tap]
        for room in self._rooms.values():
            room.taps = [other for other in room.taps if other is not tap]

    def refresh_tap(self, tap: Tap) -> None:
        """Its recorder wants keyframes."""
        tap.ask_keyframes(self._clock())
        self._ports.flush_streams()

    def _follow_taps(self, room: RoomMedia, now: float) -> None:
        self._torn |= {endpoint.id: endpoint for endpoint in room.follow_taps(now)}

    # --- what endpoints ask ----------------------------------------------------------------------

    def now(self) -> float:
        return self._clock()

    def ntp(self, now: float) -> int:
        """The NTP instant of our clock, as sender reports carry it."""
        return ntp_from_unix(now + self._wall_offset_s)

    def endpoint_changed(self, endpoint: Endpoint) -> None:
        self._notify(_standing(endpoint))
        if endpoint.state is EndpointState.CONNECTED:
            self._notify(self._room_of[endpoint.id].slots_changed(endpoint))

    def producer_of(self, endpoint: Endpoint, slot: Slot) -> Producer | None:
        return self._room_of[endpoint.id].producer(slot.feed)

    def slots_on(self, layer: Layer) -> list[Slot]:
        return [
            slot
            for room in self._rooms.values()
            for endpoint in room.endpoints.values()
            for slot in endpoint.slots
            if slot.layer is layer
        ]

    def made_in(self, row: int) -> Made | None:
        """Which timestamp of the layer in this row was made when."""
        home = self._homes.get(row)
        return None if home is None else home[1].made

    # --- the ticker ------------------------------------------------------------------------------

    def tick(self) -> None:
        """Called every TICK_S."""
        self._ticks += 1
        pulse = self._pulse()
        open_microphones = [found for room in self._rooms.values() for found in room.microphones(pulse)]
        self._hearing.attend(open_microphones, pulse.now)
        for room in self._rooms.values():
            room.listen(pulse)
            for endpoint in room.endpoints.values():
                for producer in endpoint.producers.values():
                    producer.note_rates(pulse)
            room.arrange(pulse)
            room.plan(pulse)
            room.hand_over_taps()
            for phase, endpoint in enumerate(room.endpoints.values()):
                self._tend(endpoint, pulse, self._ticks + phase)
            room.watch_flow(pulse)
        self._ports.flush_streams()
        self.beats.ticked(self._clock() - pulse.now)

    def mend(self) -> None:
        """Called every MEND_S, for what cannot wait for a tick: publishers are asked for missing packets, and
        ears and taps get those that came."""
        now = self._clock()
        if self._hearing.hand_over(now):
            for room in self._rooms.values():
                room.tell_voices()
        for room in self._rooms.values():
            self._follow_taps(room, now)
        torn: dict[EndpointId, Endpoint] = self._torn
        for row, first, last in self._fastpath.take_gaps():
            home = self._homes.get(row)
            if home is not None:
                endpoint, layer = home
                layer.missing.add(first, last, now)
                torn[endpoint.id] = endpoint
        if not torn:
            return
        self._torn = {endpoint.id: endpoint for endpoint in torn.values() if endpoint.ask_missing(now)}
        self._ports.flush_streams()

    def snapshot(self) -> list[AnyEvent]:
        """Everything that a newly connected control plane must know."""
        events: list[AnyEvent] = []
        for room in self._rooms.values():
            for endpoint in room.endpoints.values():
                events.append(_standing(endpoint))
                events.append(room.slots_changed(endpoint))
                if endpoint.planned is not None:
                    events.append(endpoint.planned)
                events += [
                    FlowChanged(endpoint=endpoint.id, source=producer.source, flowing=True)
                    for producer in endpoint.producers.values()
                    if producer.flowing
                ]
            events += [room.speakers, room.voices]
        return events

    def _tend(self, endpoint: Endpoint, pulse: Pulse, beat: int) -> None:
        """`beat` counts ticks, shifted for each endpoint so that reports do not all fall into one tick."""
        endpoint.refill()
        for producer in endpoint.producers.values():
            producer.settle_keyframes(pulse)
        if endpoint.state not in (EndpointState.CONNECTED, EndpointState.LOST):
            return
        endpoint.watch_line(pulse)
        endpoint.send_feedback()
        endpoint.downlink.tick(pulse)
        if beat % REPORT_TICKS == 0:
            endpoint.send_reports(pulse)
        else:
            endpoint.report_changes(pulse)
        line_ticks = CHECK_TICKS if endpoint.check else LINE_TICKS
        if beat % line_ticks == 0:
            self._notify(endpoint.line_report(line_ticks * TICK_S))

    def _find(self, endpoint: EndpointId) -> Endpoint | None:
        room = self._room_of.get(endpoint)
        return room.endpoints.get(endpoint) if room else None

    def _pulse(self) -> Pulse:
        return take_pulse(self._fastpath, self._clock())


def _standing(endpoint: Endpoint) -> EndpointChanged:
    return EndpointChanged(endpoint.id, endpoint.state, endpoint.path, endpoint.line_watch.silent_s)


def _continues(offer: Offer, before: Offer) -> bool:
    """An ICE restart may change only the credentials: lines and certificate stay."""
    return (
        offer.sending == before.sending
        and offer.receiving == before.receiving
        and offer.remote.fingerprints == before.remote.fingerprints
    )
