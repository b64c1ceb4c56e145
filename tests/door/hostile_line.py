"""A media line whose owner sends whatever bytes it likes. It is opened as every page opens its own: an offer
over the WebSocket, a check, a handshake."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction

from deploy.simulate.loops import Loop
from sfu.sdp import Fingerprint, LocalTransport
from signaling.model.words import SeatState
from signaling.protocol import Answer, CheckLine, Knock, Offer, SeatChanged
from tests.door.flood import Flood
from tests.door.target import Target
from tests.support.enemy import Enemy
from tests.support.ice_client import IceClient
from tests.support.offer import our_offer

_SILENCE = Loop((), Fraction(1, 50))


class Line:
    """Checked, keyed and connected, unless told otherwise."""

    def __init__(self, answer: str, client: IceClient, address: tuple[str, int]) -> None:
        self.client = client
        self.slots = [int(ssrc) for ssrc in dict.fromkeys(re.findall(r"a=ssrc:(\d+) cname", answer))]
        """The SSRCs that the server sends, with those of its retransmissions."""
        self.address = address

    @property
    def socket(self) -> socket.socket:
        """Connected to the server."""
        assert self.client._datagrams is not None
        found: socket.socket = self.client._datagrams.get_extra_info("socket")
        return socket.socket(fileno=socket.dup(found.fileno()))

    async def flood(self, packets: Sequence[bytes], rate: float, seconds: float) -> int:
        """Returns how many were sent."""
        return await asyncio.to_thread(Flood([self.socket], packets, rate, seconds).run)

    def sealed(self, packets: Iterator[bytes]) -> list[bytes]:
        """RTP or RTCP, protected with this line's keys."""
        return [
            self.client.protect_rtcp(packet) if 192 <= packet[1] <= 223 else self.client.protect(packet)
            for packet in packets
        ]


@asynccontextmanager
async def hostile_line(
    target: Target, attacker: int = 0, *, check: bool = False, over_tcp: bool = False
) -> AsyncIterator[Line]:
    """Of a participant who was admitted, or a line check that nobody was asked about."""
    tls = ssl.create_default_context(cafile=target.ca_file)
    server = f"https://{target.address}:{target.https_port}"
    enemy = Enemy(server, target.meeting, target.logins[attacker], target.tokens[attacker], tls, _SILENCE)
    async with enemy:
        welcome = await enemy.connect()
        if not check and welcome.seat is not SeatState.ADMITTED:
            await enemy.say(Knock("test-noi", "Attacker"))
            while (await enemy.hear(SeatChanged)).seat is not SeatState.ADMITTED:
                pass

        async def negotiate(offer: str) -> str:
            await enemy.say(CheckLine(offer) if check else Offer(offer))
            return (await enemy.hear(Answer)).sdp

        address = (target.address, target.media_port)
        line = await opened(negotiate, address, over_tcp=over_tcp)
        try:
            yield line
        finally:
            await line.client.close()


async def opened(
    negotiate: Callable[[str], Awaitable[str]], address: tuple[str, int], *, over_tcp: bool = False
) -> Line:
    """negotiate: an offer in, its answer out."""
    client = IceClient(LocalTransport("", "", Fingerprint("sha-256", "")))
    answer = await negotiate(offer_of(client))
    client.server = local_of(answer)
    await (client.by_tcp(*address) if over_tcp else client.by_udp(*address))
    await client.check()
    await client.handshake()
    return Line(answer, client, address)


def offer_of(client: IceClient) -> str:
    """Our client's offer, with this one's certificate and password."""
    remote = client.remote()
    return (
        our_offer()
        .replace("a=ice-ufrag:test", f"a=ice-ufrag:{remote.ufrag}")
        .replace("a=ice-pwd:" + "x" * 24, f"a=ice-pwd:{remote.pwd}")
        .replace(":".join(["CD"] * 32), remote.fingerprints[0].value)
    )


def local_of(answer: str) -> LocalTransport:
    """What an answer says of the server's side."""

    def line(name: str) -> str:
        found = re.search(rf"a={name}:(\S+)", answer)
        assert found is not None
        return found[1]

    fingerprint = re.search(r"a=fingerprint:(\S+) (\S+)", answer)
    assert fingerprint is not None
    return LocalTransport(line("ice-ufrag"), line("ice-pwd"), Fingerprint(fingerprint[1], fingerprint[2]))
