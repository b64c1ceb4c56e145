"""aiortc as the client: an ICE agent, a DTLS client and an SDP reader that are not ours."""

import asyncio
import socket

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from sfu.sdp import SlotStream, parse_offer_untrusted, write_answer
from tests.support.media_ports import Heard, media_ports

pytestmark = pytest.mark.loopback


def _own_address(family: socket.AddressFamily, elsewhere: str) -> str:
    """aiortc does not use the loopback."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            address: str = probe.getsockname()[0]
    except OSError:
        pytest.skip(f"no {family.name} network here")
    return address


@pytest.mark.parametrize(
    ("family", "elsewhere"), [(socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1")]
)
async def test_aiortc_connects_with_our_answer(family: socket.AddressFamily, elsewhere: str) -> None:
    async with media_ports(_own_address(family, elsewhere)) as (_, ports):
        client = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        for kind, direction in [("audio", "sendonly")] + [("video", "sendonly")] * 2:
            client.addTransceiver(kind, direction=direction)
        for kind in ["audio"] * 3 + ["video"] * 4:
            client.addTransceiver(kind, direction="recvonly")
        await client.setLocalDescription(await client.createOffer())
        offer = parse_offer_untrusted(client.localDescription.sdp)

        heard = Heard()
        association = ports.open_association(heard)
        association.start(offer.remote)
        slots = [SlotStream(1000 + 2 * n, 1001 + 2 * n, "giaoban") for n in range(len(offer.receiving))]
        answer = write_answer(offer, association.local_parameters(), slots, ports.candidates(local=False))
        connected = asyncio.Event()

        def state_changed() -> None:
            if client.connectionState == "connected":
                connected.set()

        client.on("connectionstatechange", state_changed)
        await client.setRemoteDescription(RTCSessionDescription(answer, "answer"))

        assert await heard.next() == ("connected", "udp")
        await asyncio.wait_for(connected.wait(), 5)
        await client.close()
        assert await heard.next() == ("closed", "close-notify")
