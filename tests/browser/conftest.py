"""One process of each browser and one appliance for the whole run, because starting them takes longest."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support import appliance as appliances
from tests.support import browser as browsers
from tests.support.appliance import Appliance
from tests.support.gathering import Gathering


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[browsers.Browser]:
    if why := browsers.missing("chromium"):
        pytest.skip(why)
    running = await browsers.launch("chromium")
    yield running
    await running.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def firefox() -> AsyncIterator[browsers.Browser]:
    if why := browsers.missing("firefox"):
        pytest.skip(why)
    running = await browsers.launch("firefox")
    yield running
    await running.close()


@pytest.fixture(params=browsers.NAMES)
def browser(request: pytest.FixtureRequest) -> browsers.Browser:
    """Tests that use it run once in every browser."""
    running = request.getfixturevalue(request.param)
    assert isinstance(running, browsers.Browser)
    return running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def appliance(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Appliance]:
    async with appliances.running(tmp_path_factory.mktemp("appliance")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def gathering(
    appliance: Appliance, chromium: browsers.Browser, firefox: browsers.Browser
) -> AsyncIterator[Gathering]:
    """A separate meeting for one test, with people who can be brought to it."""
    gathered = await Gathering.call(appliance, {"chromium": chromium, "firefox": firefox})
    yield gathered
    await gathered.part()
