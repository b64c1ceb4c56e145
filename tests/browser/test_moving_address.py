"""The server's address that a page's media go to disappears: the page goes on over another by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support import appliance as appliances
from tests.support.browser import Browser, launch, missing
from tests.support.gathering import RETURN_S, Gathering, Person
from tests.support.network import Network, in_own_network

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
PAGES, LAN, VPN = "203.0.113.1", "192.0.2.1", "198.51.100.1"

SERVER_ADDRESS = """(async () => {
  const stats = [...(await probe.connection().getStats()).values()];
  const chosen = stats.find((one) => one.type === 'transport')?.selectedCandidatePairId;
  const pair = stats.find((one) => one.id === chosen || (one.type === 'candidate-pair' && one.selected));
  return stats.find((one) => one.id === pair?.remoteCandidateId)?.address ?? '';
})()"""
"""The address of ours that this page's media go to."""


@asynccontextmanager
async def browser(name: str) -> AsyncIterator[Browser]:
    """One on the scene's own machine."""
    running = await launch(name)
    try:
        yield running
    finally:
        await running.close()


async def see_and_hear_each_other(one: Person, other: Person, deadline_s: float) -> None:
    for who, whom in ((one, other), (other, one)):
        await who.sees(whom, deadline_s)
        await who.hears(whom, deadline_s)


def test_pages_whose_media_address_goes_come_over_another_that_came_later(tmp_path: Path) -> None:
    for name in ("chromium", "firefox"):
        if why := missing(name):
            pytest.skip(why)

    async def scene(network: Network) -> None:
        network.plug_in("pages", f"{PAGES}/24")
        network.plug_in("lan", f"{LAN}/24")
        configured = (f"--media-addresses={LAN}", f"--media-addresses={VPN}", "--media-addresses=127.0.0.1")
        network.plug_in("vpn", f"{VPN}/24")
        async with (
            browser("chromium") as chromium,
            browser("firefox") as firefox,
            appliances.running(tmp_path, *configured) as appliance,
        ):
            appliance.address = PAGES
            network.take("vpn", f"{VPN}/24")
            gathering = await Gathering.call(appliance, {"chromium": chromium, "firefox": firefox})
            operator = await gathering.operator()
            delegate = await gathering.person("firefox")
            await delegate.come_to_the_lobby()
            await operator.admit(delegate)
            for who in (operator, delegate):
                await who.switch("camera", True)
                await who.switch("microphone", True)
            await see_and_hear_each_other(operator, delegate, RETURN_S)
            assert await operator.page.evaluate(SERVER_ADDRESS, str) == LAN
            assert await delegate.page.evaluate(SERVER_ADDRESS, str) == LAN
            network.give("vpn", f"{VPN}/24")
            network.take("lan", f"{LAN}/24")
            for who in (operator, delegate):
                await who.page.wait_for(f"{SERVER_ADDRESS}.then((address) => address === '{VPN}')", RETURN_S)
            await see_and_hear_each_other(operator, delegate, RETURN_S)
            await gathering.part()

    in_own_network(scene)
