"""A station whose network lets only the relay's port pass: it joins through it, hears and is heard."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support import appliance as appliances
from tests.support import relay as relays
from tests.support.appliance import reachable_address
from tests.support.browser import Browser
from tests.support.gathering import Gathering

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

RELAY_ONLY = """(() => {
  const Native = RTCPeerConnection;
  globalThis.relayTest = [];
  globalThis.RTCPeerConnection = class extends Native {
    constructor(settings) {
      super({ ...settings, iceTransportPolicy: 'relay' });
      globalThis.relayTest.push(this);
    }
  };
})()"""
"""As if everything except the relay were blocked."""

CANDIDATE_IN_USE = """(async () => {
  const stats = await relayTest.at(-1).getStats();
  const transport = [...stats.values()].find((one) => one.type === 'transport');
  const local = stats.get(stats.get(transport?.selectedCandidatePairId)?.localCandidateId);
  return `${local?.candidateType} ${local?.relayProtocol}`;
})()"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gathered(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> AsyncIterator[Gathering]:
    """A meeting at an appliance that has a relay."""
    if why := relays.missing():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("turn")
    address = reachable_address()
    async with relays.relay(folder, address, peer=address) as relay:
        secret = folder / "turn-secret"
        secret.write_text(relays.SECRET)
        secret.chmod(0o600)
        urls = ", ".join(f'"{url}"' for url in relay.urls())
        (folder / "giaoban.toml").write_text(f'turn_urls = [{urls}]\nturn_secret_file = "{secret}"\n')
        async with appliances.running(folder) as appliance:
            gathering = await Gathering.call(appliance, {"chromium": chromium})
            yield gathering
            await gathering.part()


async def test_a_browser_that_reaches_only_the_relay_hears_sees_and_is_heard(gathered: Gathering) -> None:
    operator = await gathered.operator()
    delegate = await gathered.person("chromium")
    await delegate.page.add_init_script(RELAY_ONLY)
    await delegate.come_to_the_lobby()
    await operator.admit(delegate)
    for who in (operator, delegate):
        await who.switch("microphone", True)
        await who.switch("camera", True)
    for who, other in ((delegate, operator), (operator, delegate)):
        await who.hears(other)
        await who.sees(other)
    assert await delegate.page.evaluate(CANDIDATE_IN_USE, str) == "relay tcp"
    assert [who.page.errors for who in gathered.people] == [[], []]
