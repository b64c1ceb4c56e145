"""A whole appliance on a machine whose addresses come and go while it runs."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from deploy.run.pki import names_of
from signaling.model.words import Role
from tests.support.appliance import PASSWORD, Appliance, running
from tests.support.network import Network, in_own_network
from tests.support.offer import our_offer

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(180)]
LAN, VPN, SIX = "192.0.2.1", "198.51.100.1", "fd00:1::1"


class Page:
    """Somebody in the meeting, who asks for media again and again."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self._line = line

    async def enter(self) -> None:
        await self._line.send_json({"type": "hello", "protocol": 2, "meeting": "giao-ban"})
        seat = ""
        while seat != "admitted":
            message = await self._line.receive_json()
            seat = message.get("seat", seat)
            if message["type"] == "welcome" and seat == "outside":
                unit = message["units"][0]["id"]
                await self._line.send_json({"type": "knock", "unit": unit, "name": "YS. G.A.P."})

    async def offered(self) -> set[str]:
        """The addresses in the answer to an offer of now."""
        await self._line.send_json({"type": "offer", "sdp": our_offer()})
        while (message := await self._line.receive_json())["type"] != "answer":
            pass
        lines = message["sdp"].splitlines()
        return {line.split()[4] for line in lines if line.startswith("a=candidate")}

    async def until_offered(self, addresses: set[str]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                while await self.offered() != addresses:  # noqa: ASYNC110 - another process follows
                    await asyncio.sleep(0.1)
        assert await self.offered() == addresses


@asynccontextmanager
async def operator(appliance: Appliance) -> AsyncIterator[Page]:
    login = await appliance.add_account(Role.OPERATOR)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(appliance.url, cookie_jar=jar) as http:
        who = {"account": login, "password": PASSWORD}
        async with http.post("/api/session", json=who, ssl=False) as answer:
            answer.raise_for_status()
        async with http.ws_connect("/ws", ssl=False, origin=appliance.url) as line:
            page = Page(line)
            await page.enter()
            yield page


async def certified(appliance: Appliance, host: str) -> frozenset[str]:
    """The names in the certificate that is shown at this address."""
    context = ssl._create_unverified_context()  # noqa: S323 - only read
    _, writer = await asyncio.open_connection(host, appliance.https_port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return names_of(x509.load_der_x509_certificate(der))


def test_a_meeting_goes_on_while_addresses_come_and_go_and_the_media_worker_dies(tmp_path: Path) -> None:
    async def scene(network: Network) -> None:
        network.plug_in("lan", f"{LAN}/24", f"{SIX}/64", cable=False)
        async with running(tmp_path) as appliance, operator(appliance) as page:
            await page.until_offered({LAN})
            network.plug_in("vpn", f"{VPN}/24")
            await page.until_offered({LAN, VPN})
            network.take("vpn", f"{VPN}/24")
            await appliance.kill("media-0")
            await page.until_offered({LAN})
            network.ip("link set dev lan-far up")
            network.give("vpn", f"{VPN}/24")
            await page.until_offered({LAN, SIX, VPN})
            while not {LAN, SIX, VPN} <= await certified(appliance, VPN):  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.2)

    in_own_network(scene)


def test_configured_addresses_that_go_are_waited_for_by_every_process(tmp_path: Path) -> None:
    async def scene(network: Network) -> None:
        network.plug_in("lan", f"{LAN}/24")
        network.plug_in("vpn", f"{VPN}/24")
        flags = [f"--host={LAN}", f"--host={VPN}", f"--media-addresses={LAN}", f"--media-addresses={VPN}"]
        async with running(tmp_path, *flags) as appliance:
            network.take("vpn", f"{VPN}/24")
            await appliance.kill("media-0")
            await appliance.kill("control")
            async with operator(appliance) as page:
                await page.until_offered({LAN})
                network.give("vpn", f"{VPN}/24")
                await page.until_offered({LAN, VPN})
            appliance.address = VPN
            assert await appliance.healthy()

    in_own_network(scene)
