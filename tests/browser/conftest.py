"""One process of each browser for the whole run: starting one costs more than most tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support import browser as browsers


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
    """Each test that asks for it runs once in every browser."""
    running = request.getfixturevalue(request.param)
    assert isinstance(running, browsers.Browser)
    return running
