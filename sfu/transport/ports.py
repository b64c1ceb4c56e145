"""The worker's media ports: all packets come in and go out here.

A datagram goes to the fast path first. What that does not understand comes back as a HandUp and is sorted
here: STUN by the ufrag of its USERNAME, everything else by the transport row. Packets of TCP connections go
the same way through `ingest`. After each wake-up the packets for TCP clients are written out. There is no
domain logic: who is connected does not matter here.
"""

import asyncio
import ipaddress
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence, Set
from dataclasses import dataclass

from aiortc import RTCCertificate

from sfu.errors import BadPacket
from sfu.fastpath import NOWHERE, STREAM, FastPath, HandUp, HandUpKind, PacketThread
from sfu.sdp import Candidate
from sfu.transport import stun
from sfu.transport.association import Association, AssociationListener
from sfu.transport.ice import Credentials, Path
from sfu.transport.sites import Sites
from sfu.transport.tcp import TcpConnection, TcpConnections

CLAIM_AFTER_S = 10.0
"""An address belongs to the association that checked from it until it has been silent for two of Firefox's
intervals. Otherwise a participant with a forged source could take another's packets away."""
_UDP_TYPE_PREFERENCE = 126
_TCP_TYPE_PREFERENCE = 90
_PASSIVE = 2

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class PortCounters:
    """What was dropped here, by reason."""

    bad_stun: int = 0
    """Malformed, wrong password, or not a request. Those that name nobody do not come here."""
    refused_claims: int = 0
    unsent: int = 0
    """For a TCP connection or a socket of ours that no longer exists."""


class MediaPorts:
    """Open with `start`, once; needs a running loop."""

    def __init__(
        self,
        fastpath: FastPath,
        addresses: Sequence[str],
        port: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        advertise: Sequence[str] = (),
    ) -> None:
        """`addresses` are local ones at the start and get a socket each; `advertise` are those that lead here
        through a NAT with the same port number, and are given to clients instead."""
        self.port = port
        self.counters = PortCounters()
        self._fastpath = fastpath
        self._addresses = tuple(addresses)
        self._advertise = tuple(advertise)
        self._clock = clock
        self._certificate = RTCCertificate.generateCertificate()
        self._connections = TcpConnections(self)
        self._sites = Sites(fastpath, self._connections, self)
        self._packets = PacketThread(fastpath, self._told)
        self._by_ufrag: dict[str, Association] = {}
        self._by_row: dict[int, Association] = {}
        self._by_path: dict[Path, Association] = {}
        self._tasks: dict[Association, asyncio.Task[None]] = {}
        self._ended: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the sockets where that can be done. Raises PortTaken when somebody else has the number on all
        addresses."""
        self.port = await self._sites.start(self._addresses, self.port, self._clock())
        self._packets.start()

    async def follow(self, addresses: Sequence[str]) -> dict[str, str]:
        """These are the machine's addresses now, the best first: new ones get sockets, those that have gone
        lose theirs after a while, and candidates follow. Clients of the others notice nothing. Returns the
        addresses that could not be opened, and why; they are tried again next time."""
        return await self._sites.follow(addresses, self.port, self._clock())

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those of the machine that clients can reach us at now, the best first."""
        return self._sites.told

    async def watch(self) -> None:
        """Until cancelled. Raises PacketsEnded when nothing is forwarded any more."""
        await self._packets.watch()

    async def close(self) -> None:
        """Say goodbye to everybody and close the sockets."""
        for association in list(self._by_row.values()):
            association.close()
        await asyncio.gather(*self._tasks.values(), *self._ended, return_exceptions=True)
        self._packets.stop()
        await self._sites.close()

    def candidates(self, *, local: bool) -> tuple[Candidate, ...]:
        """Where clients reach us, in order of preference; a client on this machine is given all addresses."""
        own = [address for address in self.addresses if local or not _is_loopback(address)]
        if self._advertise:
            own = [*self._advertise, *(own if local else ())]
        found: list[Candidate] = []
        for index, address in enumerate(dict.fromkeys(own)):
            # RFC 8445 section 5.1.2.1; RFC 6544 section 4.2: the direction leads the local preference.
            udp = _UDP_TYPE_PREFERENCE << 24 | (0xFFFF - index) << 8 | 255
            tcp = _TCP_TYPE_PREFERENCE << 24 | (_PASSIVE << 13 | (0x1FFF - index)) << 8 | 255
            loopback = _is_loopback(address)
            found.append(Candidate(f"{2 * index + 1}", udp, "udp", address, self.port, loopback))
            found.append(Candidate(f"{2 * index + 2}", tcp, "tcp", address, self.port, loopback))
        return tuple(found)

    def open_association(self, listener: AssociationListener) -> Association:
        """A Transport for one more client. Raises TableFull."""
        row = self._fastpath.open_transport()
        association = Association(row, self._fastpath, self, self._certificate, listener, self._clock)
        self._by_row[row] = association
        return association

    def flush_streams(self) -> None:
        """Send what the fast path has for TCP clients and for paced ones: after send_rtcp, resend or
        inject."""
        for outgoing in self._fastpath.take_stream_out():
            association = self._by_row.get(outgoing.transport)
            if association is None:
                self.counters.unsent += 1
            else:
                association.deliver(outgoing)

    # --- what an association needs (Wires) -------------------------------------------------------

    def send(self, path: Path, data: bytes, *, urgent: bool = True, producer: int = -1) -> None:
        """One STUN, DTLS or protected packet; over TCP an urgent one overtakes waiting pictures. producer:
        whose picture or sound it is."""
        if path.protocol == "udp" and path.port != NOWHERE:
            self._fastpath.send_plain(path.port, path.address, data)
            return
        connection = self._connections.get(path.connection)
        if connection is None:
            self.counters.unsent += 1
        else:
            connection.send(data, urgent=urgent, producer=producer)

    def withdraw(self, path: Path, producers: Set[int]) -> None:
        """Nothing that waits of these producers is written any more."""
        connection = self._connections.get(path.connection)
        if connection is not None:
            connection.withdraw(producers)

    def spawn(self, association: Association, work: Coroutine[object, object, None]) -> None:
        """Run an association's handshake; the ports own the task until it has ended."""
        task = asyncio.get_running_loop().create_task(work, name=f"dtls-{association.row}")
        self._tasks[association] = task
        task.add_done_callback(lambda done: self._task_ended(association, done))

    def fresh_credentials(self, association: Association) -> Credentials:
        """Random, and no ufrag twice at the same time."""
        ufrag = secrets.token_hex(4)
        while ufrag in self._by_ufrag:
            ufrag = secrets.token_hex(4)
        self._by_ufrag[ufrag] = association
        self._fastpath.bind_ufrag(association.row, ufrag)
        return Credentials(ufrag, secrets.token_hex(16))

    def forget_ufrags(self, association: Association, ufrags: tuple[str, ...]) -> None:
        for ufrag in ufrags:
            self._by_ufrag.pop(ufrag, None)
            self._fastpath.unbind_ufrag(association.row, ufrag)

    def gone(self, association: Association) -> None:
        """It has closed: nothing may lead to it any more."""
        self._by_row.pop(association.row, None)
        self._by_ufrag = {ufrag: x for ufrag, x in self._by_ufrag.items() if x is not association}
        for path in list(association.ice.paths):
            self._release(path, association)
        task = self._tasks.pop(association, None)
        if task is not None and not task.done():
            self._ended.add(task)
            task.cancel()

    def _task_ended(self, association: Association, task: asyncio.Task[None]) -> None:
        self._ended.discard(task)
        self._tasks.pop(association, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("dtls-failed row=%d", association.row, exc_info=error)
            association.end("fault")

    # --- in --------------------------------------------------------------------------------------

    def _told(self) -> None:
        """The packet thread has something for us."""
        now = self._clock()
        for hand_up in self._fastpath.take_hand_ups():
            self._take(hand_up, now)
        self.flush_streams()

    def on_packets(self, connection: TcpConnection, packets: list[bytes]) -> None:
        """Packets of a TCP connection (PacketTaker)."""
        now = self._clock()
        path = Path(STREAM, connection.address, connection.number)
        owner = self._by_path.get(path)
        row = -1 if owner is None else owner.row
        for hand_up in self._fastpath.ingest(row, packets, int(now * 1e6)):
            if hand_up.kind is not HandUpKind.STUN or hand_up.port != STREAM:
                self._take(hand_up, now)
            elif self._check(path, hand_up.data, now):
                connection.prove()
        self.flush_streams()

    def on_lost(self, connection: TcpConnection) -> None:
        """A TCP connection ended (PacketTaker)."""
        path = Path(STREAM, connection.address, connection.number)
        association = self._by_path.pop(path, None)
        if association is not None:
            association.ice.forget(path)

    def on_site_closed(self, port: int) -> None:
        """An address of ours has gone: a client that came over it must come over another (SiteOwner)."""
        self._by_path = {path: x for path, x in self._by_path.items() if path.port != port}
        for association in list(self._by_row.values()):
            association.leave(port)

    def _take(self, hand_up: HandUp, now: float) -> None:
        if hand_up.kind is HandUpKind.STUN:
            self._check(Path(hand_up.port, hand_up.address), hand_up.data, now)
            return
        association = self._by_row.get(hand_up.transport)
        if association is None:
            return
        match hand_up.kind:
            case HandUpKind.DTLS:
                association.on_dtls(hand_up.data)
            case HandUpKind.STRANGER:
                association.listener.on_stranger(hand_up.data)
            case HandUpKind.RTCP:
                association.listener.on_rtcp(hand_up.data)

    # --- checks ----------------------------------------------------------------------------------

    def _check(self, path: Path, data: bytes, now: float) -> bool:
        """A STUN message. True when its sender proved to know an association's password.

        An unknown ufrag or a wrong password gets no answer: strangers learn nothing.
        """
        try:
            message = stun.parse_untrusted(data)
            ours, _ = message.username or ("", "")
            association = self._by_ufrag.get(ours)
            key = None if association is None else association.ice.password(ours)
            if association is None or key is None or message.kind is not stun.Kind.REQUEST:
                raise BadPacket("STUN: not for us")
            if not message.has_fingerprint:
                raise BadPacket("STUN: no fingerprint")  # RFC 8445 section 7.1
            request = stun.verify(message, key)
        except BadPacket:
            self.counters.bad_stun += 1
            return False
        if not self._may_claim(path, association, now):
            self.counters.refused_claims += 1
            return False
        checked = association.on_check(request, key, path, now)
        self.send(path, checked.reply)
        if checked.forgotten is not None:
            self._release(checked.forgotten, association)
        if checked.accepted and not association.is_closed:
            self._bind(path, association)
        return True

    def _may_claim(self, path: Path, association: Association, now: float) -> bool:
        owner = self._by_path.get(path)
        if owner is None or owner is association:
            return True
        heard = owner.ice.last_check(path)
        if path.connection:
            return False
        # After a power cut a station's router assigns its ports anew: a client that moved on blocks nobody.
        return heard is None or now - heard > CLAIM_AFTER_S or owner.ice.has_left(path)

    def _bind(self, path: Path, association: Association) -> None:
        owner = self._by_path.get(path)
        if owner is association:
            return
        if owner is not None:
            owner.ice.forget(path)
            self._release(path, owner)
        self._by_path[path] = association
        if path.protocol == "udp":
            self._fastpath.bind_address(association.row, path.port, path.address)

    def _release(self, path: Path, association: Association) -> None:
        if self._by_path.get(path) is not association:
            return
        del self._by_path[path]
        if path.protocol == "udp":
            self._fastpath.unbind_address(path.port, path.address)
        elif (connection := self._connections.get(path.connection)) is not None:
            connection.close()


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback
