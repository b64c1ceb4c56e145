"""A real relay with the settings that we document: media passes through it to us, and nothing else does."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import TurnClientTcpProtocol
from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from deploy.simulate.media import Media
from sfu import AUDIO_SLOTS, EndpointId, GateReason, Opened, OpenEndpoint, RoomId, Source
from sfu.transport import Association
from sfu.worker import WorkerConfig, open_plane, tick_until
from signaling.model.relay import VALID_S, IceServer
from tests.support import relay as relays
from tests.support.appliance import reachable_address
from tests.support.relay import Relay

pytestmark = pytest.mark.loopback
OPEN = dict.fromkeys(Source, GateReason.OPEN)
FORBIDDEN = 403
UNAUTHORIZED = 401
STEP_S = 20.0


@pytest.fixture
def address() -> str:
    if why := relays.missing():
        pytest.skip(why)
    return reachable_address()


@pytest.fixture
async def relay(tmp_path: Path, address: str) -> AsyncIterator[Relay]:
    async with relays.relay(tmp_path, address, peer=address) as running:
        yield running


@asynccontextmanager
async def allocated(
    relay: Relay, given: IceServer, context: ssl.SSLContext | None = None
) -> AsyncIterator[TurnClientTcpProtocol]:
    """A client of only the relay, with a relayed address."""
    port = relay.port if context is None else relay.tls_port
    transport, client = await asyncio.get_running_loop().create_connection(
        lambda: TurnClientTcpProtocol(
            (relay.address, port), given.username, given.credential, lifetime=600, channel_refresh_time=500
        ),
        relay.address,
        port,
        ssl=context,
    )
    try:
        await client.connect()
        yield client
        await client.delete()
    finally:
        transport.close()
        await asyncio.sleep(0)


def relayed(given: IceServer) -> RTCConfiguration:
    server = RTCIceServer(list(given.urls), username=given.username, credential=given.credential)
    return RTCConfiguration(iceServers=[server], iceTransportPolicy=RTCIceTransportPolicy.RELAY)


async def hears(client: RTCPeerConnection) -> None:
    """Until somebody's sound arrives on one of the lines for voices."""

    async def listen(number: int) -> None:
        track = client.getTransceivers()[number].receiver.track
        for _ in range(10):
            await track.recv()

    waiting = {asyncio.ensure_future(listen(3 + n)) for n in range(AUDIO_SLOTS)}
    async with asyncio.timeout(STEP_S):
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    results = await asyncio.gather(*done, *waiting, return_exceptions=True)
    assert None in results, results
    assert not any(isinstance(result, MediaStreamError) for result in results)


async def test_a_participant_who_reaches_only_the_relay_joins_through_it_and_hears_the_others(
    relay: Relay, address: str
) -> None:
    config = WorkerConfig(socket_path="", addresses=(address,), port=0)
    async with open_plane(config) as (plane, _, ports), asyncio.TaskGroup() as group:
        stop = asyncio.Event()
        group.create_task(tick_until(stop, plane))
        cha = Media(1)
        lan = RTCPeerConnection(relayed(relay.credentials()))
        try:
            for kind in ("audio", "video", "video"):
                lan.addTransceiver(kind, direction="sendonly")
            for kind in ["audio"] * AUDIO_SLOTS + ["video"] * 14:
                lan.addTransceiver(kind, direction="recvonly")
            await lan.setLocalDescription(await lan.createOffer())
            offers = {"lan": lan.localDescription.sdp, "cha": await cha.offer()}
            answers: dict[str, str] = {}
            for name, offer in offers.items():
                opened = plane.apply(
                    OpenEndpoint(
                        room=RoomId("room"), endpoint=EndpointId(name), offer=offer, gates=OPEN, local=True
                    )
                )
                assert isinstance(opened, Opened), opened
                answers[name] = opened.answer
            await lan.setRemoteDescription(RTCSessionDescription(answers["lan"], "answer"))
            await cha.accept(answers["cha"])
            cha.switch(Source.MICROPHONE, on=True)
            await hears(lan)
            paths = [association.ice.path for association in associations(ports)]
            used = [path.address for path in paths if path is not None]
            assert [port in relays.RELAYED for _, port in used] == [True, False]
        finally:
            await lan.close()
            await cha.close()
            stop.set()


def associations(ports: object) -> Iterator[Association]:
    yield from ports._by_row.values()  # type: ignore[attr-defined] # only to see where packets go


async def test_only_our_server_can_be_reached_through_the_relay(relay: Relay, address: str) -> None:
    async with allocated(relay, relay.credentials()) as client:
        await client.channel_bind(0x4000, (address, 8444))
        for number, denied in enumerate(
            ("127.0.0.1", "192.0.2.77", "10.0.0.1", "169.254.169.254", "224.0.0.1", "198.51.100.1")
        ):
            with pytest.raises(TransactionFailed) as refused:
                await client.channel_bind(0x4001 + number, (denied, 8444))
            assert refused.value.response.error_code == FORBIDDEN, denied


async def test_the_relay_does_not_lead_to_the_machine_it_runs_on(tmp_path: Path, address: str) -> None:
    """The relay on another machine than Giao ban: what runs beside it is denied, too."""
    async with (
        relays.relay(tmp_path, address, peer="198.51.100.10") as relay,
        allocated(relay, relay.credentials()) as client,
    ):
        await client.channel_bind(0x4000, ("198.51.100.10", 8444))
        with pytest.raises(TransactionFailed) as refused:
            await client.channel_bind(0x4001, (address, relay.port))
        assert refused.value.response.error_code == FORBIDDEN


async def test_the_relay_speaks_tls(relay: Relay, address: str) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    async with allocated(relay, relay.credentials(), context) as client:
        await client.channel_bind(0x4000, (address, 8444))


@pytest.mark.parametrize("wrong", ["expired", "secret", "account"])
async def test_without_valid_credentials_there_is_no_relay(relay: Relay, wrong: str) -> None:
    match wrong:
        case "expired":
            given = relay.credentials(age_s=VALID_S + 60)
        case "secret":
            given = relay.credentials(secret="another secret")
        case _:
            good = relay.credentials()
            given = IceServer(good.urls, good.username.replace("lan", "cha"), good.credential)
    with pytest.raises(TransactionFailed) as refused:
        async with allocated(relay, given):
            pass
    assert refused.value.response.error_code == UNAUTHORIZED


async def test_one_account_cannot_take_all_of_the_relay(relay: Relay) -> None:
    quota = int(next(x for x in relays.EXAMPLE.read_text().splitlines() if "user-quota" in x).split("=")[1])
    given = relay.credentials()
    async with asyncio.timeout(STEP_S):
        held = [allocated(relay, given) for _ in range(quota + 1)]
        for one in held[:quota]:
            await one.__aenter__()
        with pytest.raises(TransactionFailed):
            await held[quota].__aenter__()
        async with allocated(relay, relay.credentials("cha")):
            pass
        for one in held[:quota]:
            await one.__aexit__(None, None, None)
