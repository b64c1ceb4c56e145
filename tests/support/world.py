"""A world without sockets or clocks: the real SFU cores on a virtual net, driven by one seed.

Time jumps from one event to the next. DTLS is left out (OpenSSL's timer runs on real time): both sides are
given their SRTP keys, everything else is the product's own. Lossy DTLS is tested in loopback/.
"""

import heapq
import random
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from sfu import AnyCommand, AnyEvent, AnyResult
from sfu.fastpath import STREAM, FastPath, HandUpKind, Outgoing, SrtpProfile
from sfu.plane.plane import MEND_S, Plane
from sfu.plane.pulse import TICK_S
from sfu.sdp import Candidate, Fingerprint, LocalTransport, RemoteTransport
from sfu.transport import AssociationListener
from sfu.transport.pacer import Leaving, Pacer
from sfu.voice import Ears
from tests.support.scripted_ears import ScriptedEars

UDP_BYTES = 28
"""Of the headers of IP and UDP, which take part of a line's rate."""
KEY_BYTES = 28
"""AES-128-GCM: 16 of key, 12 of salt."""
E = TypeVar("E", bound=AnyEvent)


@dataclass(slots=True)
class Path:
    """One direction of one participant's link."""

    loss: float = 0.0
    delay_s: float = 0.02
    jitter_s: float = 0.0
    duplicates: float = 0.0
    rate_bps: float = 0.0
    """0: no limit."""
    queue_s: float = 0.4
    """Packets that would wait longer at that rate are dropped."""
    dropped: int = 0
    waits: list[float] = field(default_factory=list)
    """How long each datagram stood in the queue."""
    free_at: float = 0.0
    stalled_until: float = 0.0
    """Nothing arrives before this."""
    holds: bool = True
    """What is sent during a stall arrives after it; otherwise it is lost."""


class FakeAssociation:
    """Stands in for ICE and DTLS that have succeeded."""

    path = "udp"

    def __init__(self, world: "World", listener: AssociationListener) -> None:
        self.listener = listener
        self.row = world.fastpath.open_transport()
        self.heard_at = world.now
        self.keys = (world.rng.randbytes(KEY_BYTES), world.rng.randbytes(KEY_BYTES))
        """To the server, from the server."""
        self._world = world
        self.pacer: Pacer | None = None
        self._voices: frozenset[int] = frozenset()
        self._waking = False

    def local_parameters(self) -> LocalTransport:
        return LocalTransport("ufrag", "p" * 24, Fingerprint("sha-256", ":".join(["AB"] * 32)))

    def start(self, remote: RemoteTransport) -> None:
        up, down = self.keys
        fastpath = self._world.fastpath
        fastpath.set_destination(self.row, STREAM, None)
        fastpath.set_keys(self.row, SrtpProfile.AEAD_AES_128_GCM, up, down)
        self._world.after(0.05, lambda: self.listener.on_connected("udp"))

    def restart(self, remote: RemoteTransport) -> LocalTransport:
        return self.local_parameters()

    def pace(self, bps: int, voices: frozenset[int] = frozenset()) -> None:
        self._voices = voices
        if bps <= 0:
            pacer, self.pacer = self.pacer, None
            for leaving in pacer.take_all() if pacer else ():
                self._leave(leaving)
        elif self.pacer is None:
            self.pacer = Pacer(bps, self._world.now)
        else:
            self.pacer.set_rate(bps, self._world.now)
            self._release()

    def withdraw(self, producers: Set[int]) -> None:
        if self.pacer is not None:
            self.pacer.withdraw(producers)

    def deliver(self, outgoing: Outgoing) -> None:
        """A protected packet on its way out."""
        _, datagram, producer = outgoing
        now = self._world.now
        urgent = 192 <= datagram[1] <= 223 or int.from_bytes(datagram[8:12], "big") in self._voices
        if self.pacer is None or urgent:
            if self.pacer is not None:
                self.pacer.charge(len(datagram), now)
            self._leave(Leaving(datagram, waited=False))
        else:
            self._note_sent(datagram, 0.0)
            self.pacer.put(datagram, now, producer)
            self._release()

    def _release(self) -> None:
        if self.pacer is None:
            return
        for leaving in self.pacer.take(self._world.now):
            self._leave(leaving)
        due = self.pacer.next_at()
        if due is not None and not self._waking:
            self._waking = True
            self._world.after(max(0.001, due - self._world.now), self._wake)

    def _wake(self) -> None:
        self._waking = False
        self._release()

    def _leave(self, leaving: Leaving) -> None:
        if self.pacer is not None:
            self._note_sent(leaving.packet, self._world.now)
        self._world.transmit(self.row, leaving.packet)

    def _note_sent(self, packet: bytes, at: float) -> None:
        if packet[0] & 0x10 and not 192 <= packet[1] <= 223:
            self._world.fastpath.note_sent(self.row, int.from_bytes(packet[17:19], "big"), int(at * 1e6))

    def last_heard(self) -> float:
        return self.heard_at

    def close(self) -> None:
        self.pacer = None
        self._world.associations.pop(self.row, None)
        self._world.fastpath.close_transport(self.row)


@dataclass(order=True, slots=True)
class _Due:
    at: float
    order: int
    act: Callable[[], None] = field(compare=False)


class World:
    """Clock, net, plane. Also the plane's Ports."""

    def __init__(self, seed: int, ears: Ears | None = None) -> None:
        """ears: by default ears that read what scripted participants write."""
        self.rng = random.Random(seed)
        self.now = 1000.0
        self.events: list[AnyEvent] = []
        self.fastpath = FastPath()
        self.associations: dict[int, FakeAssociation] = {}
        self.receivers: dict[int, Callable[[bytes], None]] = {}
        self.down: dict[int, Path] = {}
        self.ears = ears or ScriptedEars()
        draw = random.Random(seed).randrange  # not rng: a new endpoint does not change the net's luck
        self.plane = Plane(
            self.fastpath, self, self.ears, self.events.append, lambda: self.now, 1_700_000_000.0, draw
        )
        self._due: list[_Due] = []
        self._order = count()
        self.after(TICK_S, self._tick)
        self.after(MEND_S, self._mend)

    # --- Ports -----------------------------------------------------------------------------------

    def candidates(self, *, local: bool) -> tuple[Candidate, ...]:
        return ()

    def open_association(self, listener: AssociationListener) -> FakeAssociation:
        association = FakeAssociation(self, listener)
        self.associations[association.row] = association
        self.receivers.pop(association.row, None)
        return association

    def flush_streams(self) -> None:
        for outgoing in self.fastpath.take_stream_out():
            association = self.associations.get(outgoing.transport)
            if association is not None:
                association.deliver(outgoing)

    def transmit(self, row: int, datagram: bytes) -> None:
        receive = self.receivers.get(row)
        if receive is not None:
            self.carry(self.down[row], datagram, receive)

    # --- the net ---------------------------------------------------------------------------------

    def carry(self, path: Path, datagram: bytes, deliver: Callable[[bytes], None]) -> None:
        if self.rng.random() < path.loss:
            path.dropped += 1
            return
        stalls = max(0.0, path.stalled_until - self.now)
        if stalls and not path.holds:
            path.dropped += 1
            return
        waits = 0.0
        if path.rate_bps:
            waits = max(0.0, path.free_at - self.now)
            if waits > path.queue_s:
                path.dropped += 1
                return
            waits += (len(datagram) + UDP_BYTES) * 8 / path.rate_bps
            path.free_at = self.now + waits
            path.waits.append(waits)
        for _ in range(2 if self.rng.random() < path.duplicates else 1):
            delay = stalls + waits + path.delay_s + self.rng.random() * path.jitter_s
            self.after(delay, lambda: deliver(datagram))

    def arrive(self, row: int, *datagrams: bytes) -> None:
        """Datagrams reach the server, together."""
        association = self.associations.get(row)
        if association is None:
            return
        association.heard_at = self.now
        for up in self.fastpath.ingest(row, datagrams, int(self.now * 1e6)):
            if up.kind is HandUpKind.RTCP:
                association.listener.on_rtcp(up.data)
            elif up.kind is HandUpKind.STRANGER:
                association.listener.on_stranger(up.data)
        self.flush_streams()

    # --- time ------------------------------------------------------------------------------------

    def after(self, delay_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, _Due(self.now + delay_s, next(self._order), act))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self._due and self._due[0].at <= end:
            due = heapq.heappop(self._due)
            self.now = due.at
            due.act()
        self.now = end

    def run_until(self, condition: Callable[[], bool], limit_s: float) -> float:
        """Seconds it took. Fails when the limit is over."""
        start = self.now
        while not condition():
            assert self.now - start < limit_s, f"not within {limit_s} s"
            self.run(0.01)
        return self.now - start

    def _tick(self) -> None:
        self.plane.tick()
        self.after(TICK_S, self._tick)

    def _mend(self) -> None:
        self.plane.mend()
        self.after(MEND_S, self._mend)

    # --- the control plane -----------------------------------------------------------------------

    def order(self, command: AnyCommand) -> AnyResult:
        return self.plane.apply(command)

    def heard(self, kind: type[E]) -> list[E]:
        """Events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]
