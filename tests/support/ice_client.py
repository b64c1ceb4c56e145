"""A small controlling ICE client with DTLS: what a browser does on the wire, step by step and on command.

It uses our STUN messages in the client role. The vectors in tests/wire and aiortc's own ICE in tests/loopback
rule out that both sides share a mistake.
"""

import asyncio
import secrets
import socket

from aiortc import RTCCertificate, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint

from sfu.sdp import Fingerprint, LocalTransport, RemoteTransport
from sfu.transport import stun
from sfu.transport.stun import Attribute, Kind
from sfu.transport.tcp import PacketDeframer

WAIT_S = 5.0
"""For an answer that must come."""
SILENCE_S = 0.2
"""For an answer that must not come."""


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, client: "IceClient") -> None:
        self._client = client

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._client.take(data)


class _Tcp(asyncio.Protocol):
    def __init__(self, client: "IceClient") -> None:
        self._client = client
        self._deframer = PacketDeframer()
        self.lost = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        for packet in self._deframer.feed_untrusted(data)[0]:
            self._client.take(packet)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()


class IceClient:
    """One association from the other side; it may use several sockets, one after the other."""

    role = "controlling"

    def __init__(self, server: LocalTransport) -> None:
        self.server = server
        self.ufrag, self.pwd = secrets.token_hex(4), secrets.token_hex(12)
        self.certificate = RTCCertificate.generateCertificate()
        self.dtls = RTCDtlsTransport(self, [self.certificate])  # type: ignore[arg-type]  # duck-typed
        self.dtls._set_role("client")
        self.answers: asyncio.Queue[stun.Message] = asyncio.Queue()
        self.media: asyncio.Queue[bytes] = asyncio.Queue()
        self.tcp: _Tcp | None = None
        self.local: str | None = None
        """The address that TCP connections come from; None: as the system chooses."""
        self.lose: list[bool] = []
        """Scripted loss of DTLS datagrams in both directions, in order; then none."""
        self._flights: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._datagrams: asyncio.DatagramTransport | None = None
        self.stream: asyncio.Transport | None = None

    def remote(self, fingerprint: str | None = None) -> RemoteTransport:
        """What our offer would say."""
        mine = next(x.value for x in self.certificate.getFingerprints() if x.algorithm == "sha-256")
        return RemoteTransport(self.ufrag, self.pwd, (Fingerprint("sha-256", fingerprint or mine),))

    # --- sockets ---------------------------------------------------------------------------------

    async def by_udp(self, address: str, port: int) -> tuple[str, int]:
        """Go on from a fresh UDP socket. Returns its address."""
        self.close_socket()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Udp(self), remote_addr=(address, port), family=family
        )
        name: tuple[str, int] = self._datagrams.get_extra_info("sockname")
        return name[0], name[1]

    async def by_tcp(self, address: str, port: int) -> _Tcp:
        """Go on over a fresh TCP connection."""
        self.close_socket()
        self.stream, self.tcp = await asyncio.get_running_loop().create_connection(
            lambda: _Tcp(self), address, port, local_addr=(self.local, 0) if self.local else None
        )
        return self.tcp

    def close_socket(self) -> None:
        for transport in (self._datagrams, self.stream):
            if transport is not None:
                transport.abort()
        self._datagrams = self.stream = None

    def send(self, data: bytes) -> None:
        if self._datagrams is not None:
            self._datagrams.sendto(data)
        elif self.stream is not None:
            self.stream.write(len(data).to_bytes(2, "big") + data)

    def take(self, data: bytes) -> None:
        if data[0] < 4:
            self.answers.put_nowait(stun.parse_untrusted(data))
        elif data[0] < 64:
            if not self._is_lost():
                self._flights.put_nowait(data)
        else:
            self.media.put_nowait(data)

    # --- ICE -------------------------------------------------------------------------------------

    def request(
        self,
        *,
        nominate: bool = True,
        pwd: str | None = None,
        extra: tuple[tuple[int, bytes], ...] = (),
        role: Attribute = Attribute.ICE_CONTROLLING,
    ) -> bytes:
        username = f"{self.server.ufrag}:{self.ufrag}".encode()
        attributes = [(int(Attribute.USERNAME), username), (int(role), secrets.token_bytes(8))]
        attributes.append((int(Attribute.PRIORITY), bytes(4)))
        if nominate:
            attributes.append((int(Attribute.USE_CANDIDATE), b""))
        key = (self.server.pwd if pwd is None else pwd).encode()
        return stun.build(Kind.REQUEST, secrets.token_bytes(12), [*attributes, *extra], key)

    async def check(self, *, nominate: bool = True) -> stun.Message:
        """One connectivity check and its answer, which is verified."""
        self.send(self.request(nominate=nominate))
        answer = await asyncio.wait_for(self.answers.get(), WAIT_S)
        return stun.verify(answer, self.server.pwd.encode()).message

    async def unanswered(self) -> bool:
        """True when nothing comes for a while."""
        try:
            await asyncio.wait_for(self.answers.get(), SILENCE_S)
        except TimeoutError:
            return True
        return False

    # --- DTLS and SRTP ---------------------------------------------------------------------------

    async def handshake(self) -> str:
        """Run DTLS as client. Returns aiortc's state: "connected" or "failed"."""
        mine = self.server.fingerprint
        theirs = RTCDtlsParameters([RTCDtlsFingerprint(mine.algorithm, mine.value)])
        await asyncio.wait_for(self.dtls.start(theirs), WAIT_S)
        return self.dtls.state

    def protect(self, packet: bytes) -> bytes:
        return bytes(self.dtls._tx_srtp.protect(packet))

    def protect_rtcp(self, packet: bytes) -> bytes:
        return bytes(self.dtls._tx_srtp.protect_rtcp(packet))

    async def rtcp(self) -> bytes:
        """The next RTCP packet that arrives, plain."""
        return bytes(self.dtls._rx_srtp.unprotect_rtcp(await asyncio.wait_for(self.media.get(), WAIT_S)))

    async def goodbye(self) -> None:
        """close_notify."""
        await self.dtls.stop()

    async def close(self) -> None:
        """Without saying goodbye."""
        self._flights.put_nowait(None)
        if self.dtls._task is not None:
            await asyncio.wait([self.dtls._task])
        self.close_socket()
        await asyncio.sleep(0)  # the loop closes sockets on its next pass

    # --- what RTCDtlsTransport wants of an ICE transport -----------------------------------------

    async def _recv(self) -> bytes:
        data = await self._flights.get()
        if data is None:
            raise ConnectionError
        return data

    async def _send(self, data: bytes) -> None:
        if not self._is_lost():
            self.send(data)

    def _is_lost(self) -> bool:
        return bool(self.lose) and self.lose.pop(0)
