"""One client's Transport: its ICE-lite agent, its DTLS and its row in the fast path.

    open --start--> waiting for a check --nominated--> handshake --keys--> connected --close_notify--> over

It decides only where packets go; everything else is reported to its listener.
"""

import asyncio
from collections.abc import Callable, Coroutine, Set
from typing import Protocol

from aiortc import RTCCertificate

from sfu.errors import BadOffer, OfferFault
from sfu.fastpath import NOWHERE, STREAM, FastPath, Outgoing
from sfu.sdp import LocalTransport, RemoteTransport
from sfu.transport.dtls import Dtls, SrtpKeys, fingerprint_of
from sfu.transport.ice import Change, Checked, Credentials, IceLite, Path
from sfu.transport.pacer import Leaving, Pacer
from sfu.transport.stun import Verified

PATH_DEADLINE_S = 30.0
"""From start to the first valid check."""
NO_PATH = "no-path"
"""Why it closed, besides the reasons of dtls.End: no check ever came."""
PACE_STEP_S = 0.005
"""The timer for waiting packets wakes at most this often, and the pacer releases this much at a time."""
_RTCP = range(192, 224)
"""Second byte, RFC 5761 section 4."""
_TRANSPORT_NUMBER = 1
"""Length nibble of a one-byte extension of two bytes; the only one of those that we write is the
transport-wide number."""


class AssociationListener(Protocol):
    """Receives the association's events; calls come from the event loop, one at a time."""

    def on_connected(self, path: str) -> None:
        """DTLS is done, the keys are in the fast path. `path` is "udp" or "tcp"."""

    def on_moved(self, path: str) -> None:
        """The nominated address changed: packets in flight are lost, so ask for keyframes."""

    def on_rtcp(self, packet: bytes) -> None:
        """A plain, authenticated compound RTCP packet."""

    def on_stranger(self, packet: bytes) -> None:
        """A plain, authenticated RTP packet of an SSRC that is not bound."""

    def on_closed(self, why: str) -> None:
        """close_notify, or the handshake failed or timed out. Nothing more will come; close it."""


class Wires(Protocol):
    """What an association needs from the ports."""

    def send(self, path: Path, data: bytes, *, urgent: bool = True, producer: int = -1) -> None: ...
    def withdraw(self, path: Path, producers: Set[int]) -> None: ...
    def spawn(self, association: "Association", work: Coroutine[object, object, None]) -> None: ...
    def fresh_credentials(self, association: "Association") -> Credentials: ...
    def forget_ufrags(self, association: "Association", ufrags: tuple[str, ...]) -> None: ...
    def gone(self, association: "Association") -> None: ...


class Association:
    def __init__(
        self,
        row: int,
        fastpath: FastPath,
        wires: Wires,
        certificate: RTCCertificate,
        listener: AssociationListener,
        clock: Callable[[], float],
    ) -> None:
        self.row = row
        """The fast path's transport row."""
        self.listener = listener
        self.ice = IceLite(wires.fresh_credentials(self))
        self.is_closed = False
        self._fastpath = fastpath
        self._wires = wires
        self._fingerprint = fingerprint_of(certificate)
        self._dtls = Dtls(certificate, self._send_dtls)
        self._remote: RemoteTransport | None = None
        self._is_connected = False
        self._clock = clock
        self._opened = clock()
        self._deadline: asyncio.TimerHandle | None = None
        self._pacer: Pacer | None = None
        self._pace_timer: asyncio.TimerHandle | None = None
        self._voices: frozenset[int] = frozenset()
        self._late_before = 0

    @property
    def path(self) -> str:
        """udp or tcp; empty before the first valid check."""
        return "" if self.ice.path is None else self.ice.path.protocol

    def local_parameters(self) -> LocalTransport:
        mine = self.ice.credentials
        return LocalTransport(mine.ufrag, mine.pwd, self._fingerprint)

    def start(self, remote: RemoteTransport) -> None:
        """The offer is known. DTLS begins with the first valid check."""
        assert self._remote is None
        self._remote = remote
        self._deadline = asyncio.get_running_loop().call_later(PATH_DEADLINE_S, self._no_path)
        if self.ice.path is not None:
            self._handshake(remote)

    def restart(self, remote: RemoteTransport) -> LocalTransport:
        """An ICE restart: new credentials. The old ones stay valid; DTLS and media are untouched.

        An offer with the ufrag that we know already is not a restart and changes nothing. Raises BadOffer
        when the certificate changed: that would be another association.
        """
        assert self._remote is not None
        if set(remote.fingerprints) != set(self._remote.fingerprints):
            raise BadOffer(OfferFault.CHANGED, "fingerprint")
        if remote.ufrag != self._remote.ufrag:
            self._remote = remote
            self._wires.forget_ufrags(self, self.ice.restart(self._wires.fresh_credentials(self)))
        return self.local_parameters()

    def last_heard(self) -> float:
        """When the last authenticated STUN, SRTP or SRTCP packet came, by the clock of the ports; before the
        first, when it was opened."""
        return max(self._opened, self.ice.last_heard() or 0.0, self._media_at())

    def _media_at(self) -> float:
        return int(self._fastpath.transports[self.row]["last_us"]) / 1e6

    # --- pacing ----------------------------------------------------------------------------------

    def pace(self, bps: int, voices: frozenset[int] = frozenset()) -> None:
        """Send pictures no faster than this; 0: as they come, and over UDP by the fast path itself. Packets
        of the SSRCs in `voices`, and RTCP, never wait. May be called at every tick."""
        if voices is not self._voices:
            self._voices = voices
        pacer = self._pacer
        if bps <= 0:
            if pacer is not None:
                self._end_pacing(pacer)
        elif pacer is None:
            if not self.is_closed:
                self._pacer = Pacer(bps, self._clock())
                self._aim()
        elif pacer.bps != bps:
            now = self._clock()
            pacer.set_rate(bps, now)
            self._stop_timer()  # it remembers the old rate
            self._release(pacer, now)

    @property
    def backlog_s(self) -> float:
        """How long the packets that wait now will take to leave."""
        return 0.0 if self._pacer is None else self._pacer.backlog_s

    @property
    def late(self) -> int:
        """Packets dropped because they had waited too long."""
        return self._late_before + (0 if self._pacer is None else self._pacer.dropped)

    def deliver(self, outgoing: Outgoing) -> None:
        """A protected packet that the fast path has kept for us."""
        _, packet, producer = outgoing
        urgent = packet[1] in _RTCP or int.from_bytes(packet[8:12], "big") in self._voices
        pacer = self._pacer
        if pacer is None:
            self._send(packet, urgent, producer)
            return
        now = self._clock()
        if urgent:
            pacer.charge(len(packet), now)
            self._send(packet, urgent, producer)
        else:
            # Until it leaves it is not sent, and feedback that misses it says nothing of the line.
            self._note_sent(packet, 0.0)
            pacer.put(packet, now, producer)
            self._release(pacer, now)

    def withdraw(self, producers: Set[int]) -> None:
        """Nothing that waits of these producers leaves any more: a gate has shut."""
        if self._pacer is not None:
            self._pacer.withdraw(producers)
        if self.ice.path is not None:
            self._wires.withdraw(self.ice.path, producers)

    def _release(self, pacer: Pacer, now: float) -> None:
        """Send what is due. The timer runs only while something waits."""
        for leaving in pacer.take(now):
            self._leave(leaving, now)
        due = pacer.next_at()
        if due is None:
            self._stop_timer()
        elif self._pace_timer is None:
            wait_s = max(due - now, PACE_STEP_S)
            self._pace_timer = asyncio.get_running_loop().call_later(wait_s, self._pace_due)

    def _stop_timer(self) -> None:
        if self._pace_timer is not None:
            self._pace_timer.cancel()
            self._pace_timer = None

    def _pace_due(self) -> None:
        self._pace_timer = None
        if self._pacer is not None:
            self._release(self._pacer, self._clock())

    def _leave(self, leaving: Leaving, now: float) -> None:
        # Feedback is compared with the time a packet left, not the time it was made.
        self._note_sent(leaving.packet, now)
        self._send(leaving.packet, urgent=False, producer=leaving.producer)

    def _note_sent(self, packet: bytes, now: float) -> None:
        """The packet is one that we made, so its transport-wide number is the first extension."""
        if packet[0] & 0x10 and packet[16] & 15 == _TRANSPORT_NUMBER:
            self._fastpath.note_sent(self.row, packet[17] << 8 | packet[18], int(now * 1e6))

    def _end_pacing(self, pacer: Pacer) -> None:
        now = self._clock()
        for leaving in pacer.take_all():
            self._leave(leaving, now)
        self._late_before += pacer.dropped
        self._pacer = None
        self._stop_timer()
        self._aim()

    def _aim(self) -> None:
        """Tell the fast path where to send: straight to the nominated path, or through us."""
        path = self.ice.path
        if path is None:
            return
        if path.port == NOWHERE:
            self._fastpath.set_destination(self.row, NOWHERE, None)
        elif path.protocol == "tcp" or self._pacer is not None:
            self._fastpath.set_destination(self.row, STREAM, None)
        else:
            self._fastpath.set_destination(self.row, path.port, path.address)

    def _send(self, packet: bytes, urgent: bool, producer: int = -1) -> None:
        if self.ice.path is not None:
            self._wires.send(self.ice.path, packet, urgent=urgent, producer=producer)

    # --- end -------------------------------------------------------------------------------------

    def close(self) -> None:
        """Say goodbye and give everything back. Closing twice is harmless."""
        if self.is_closed:
            return
        self.is_closed = True
        self._pacer = None
        self._stop_timer()
        if self._deadline is not None:
            self._deadline.cancel()
        self._dtls.close()
        self._wires.gone(self)
        self._fastpath.close_transport(self.row)

    # --- from the ports --------------------------------------------------------------------------

    def on_check(self, request: Verified, key: bytes, path: Path, now: float) -> Checked:
        """A valid check. Returns what the agent says; destination and handshake are already set."""
        checked = self.ice.on_check(request, key, path, now, self._media_at())
        if checked.change is Change.NONE:
            return checked
        self._aim()  # what waits to be sent goes to the new address
        if checked.change is Change.NOMINATED and self._remote is not None:
            self._handshake(self._remote)
        elif self._is_connected:
            self.listener.on_moved(path.protocol)
        return checked

    def leave(self, port: int) -> None:
        """The socket of that index has been closed: nothing is sent there, until a check comes by another."""
        if self.ice.lose(port):
            self._aim()

    def on_dtls(self, datagram: bytes) -> None:
        self._dtls.feed(datagram)

    def end(self, why: str) -> None:
        """The other side ended it, or a fault of ours did."""
        if not self.is_closed:
            self.listener.on_closed(why)

    # --- handshake -------------------------------------------------------------------------------

    def _handshake(self, remote: RemoteTransport) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._wires.spawn(self, self._run(remote))

    async def _run(self, remote: RemoteTransport) -> None:
        self.end(await self._dtls.run(remote, self._keyed))

    def _keyed(self, keys: SrtpKeys) -> None:
        if self.is_closed:
            return
        self._fastpath.set_keys(self.row, keys.profile, keys.rx, keys.tx)
        self._is_connected = True
        self.listener.on_connected(self.path)

    def _no_path(self) -> None:
        self.end(NO_PATH)

    def _send_dtls(self, datagram: bytes) -> None:
        self._send(datagram, urgent=True)
