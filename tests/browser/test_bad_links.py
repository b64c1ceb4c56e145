"""A commune's link, in short: losses, a narrow line, a cut, no UDP, a new address. The long form is
`make bench-links`.

Bounds are wide, for two cores that have other work too; without what they hold they are far off.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
import pytest_asyncio

from tests.support.appliance import Appliance
from tests.support.bad_link import Quality
from tests.support.bad_link_relay import BadLink, bad_link
from tests.support.browser import Browser
from tests.support.browser.gauge import Gauge
from tests.support.gathering import Gathering, Kind, Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]
GOOD = Quality(delay_s=0.005)


class Station(NamedTuple):
    """The person behind the bad link, and the person they watch."""

    person: Person
    gauge: Gauge
    link: BadLink
    speaker: Person


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def briefing(appliance: Appliance, chromium: Browser, firefox: Browser) -> AsyncIterator[Gathering]:
    """An operator who speaks; her picture costs what a camera's does."""
    gathered = await Gathering.call(appliance, {"chromium": chromium, "firefox": firefox})
    speaker = await gathered.operator(grain=0.1)
    await speaker.switch("microphone", True)
    await speaker.switch("camera", True)
    yield gathered
    assert speaker.page.errors == []
    await gathered.part()


@pytest_asyncio.fixture(loop_scope="session")
async def link(appliance: Appliance) -> AsyncIterator[BadLink]:
    async with bad_link(appliance.address, appliance.media_port, appliance.https_port) as link:
        link.become(GOOD, GOOD)
        yield link


@asynccontextmanager
async def in_the_lobby(briefing: Gathering, link: BadLink, kind: Kind = "chromium") -> AsyncIterator[Station]:
    speaker = briefing.people[0]
    person = await briefing.person(kind, link=link)
    try:
        gauge = await Gauge.on(person.page, speaker.devices.tone_hz)
        await person.come_to_the_lobby()
        yield Station(person, gauge, link, speaker)
        assert person.page.errors == []
    finally:
        await person.page.close()
        briefing.people.remove(person)


@asynccontextmanager
async def station(briefing: Gathering, link: BadLink, kind: Kind = "chromium") -> AsyncIterator[Station]:
    """In the meeting, on a line that is still good; leaves at the end."""
    async with in_the_lobby(briefing, link, kind) as here:
        await here.speaker.admit(here.person)
        await here.person.hears(here.speaker)
        await here.person.sees(here.speaker)
        yield here
        await here.person.page.do("probe.say({type: 'leave'})")
        await here.person.is_sent_away("left")


async def test_the_voice_stays_whole_when_every_tenth_packet_is_lost(
    briefing: Gathering, link: BadLink
) -> None:
    async with station(briefing, link) as here:
        bad = Quality(loss=0.1, delay_s=0.05)
        link.become(bad, bad)
        await asyncio.sleep(5)  # until the loss is measured and redundancy is on
        heard = await here.gauge.over(8)
        assert heard.concealed <= 0.04
        assert heard.tone.longest_gap <= 400
        assert heard.fps >= 6
        assert heard.frozen <= 0.25


async def test_a_narrow_line_carries_the_voice_and_a_moving_picture_without_a_standing_queue(
    briefing: Gathering, link: BadLink
) -> None:
    async with station(briefing, link) as here:
        link.become(Quality(delay_s=0.03), Quality(delay_s=0.03, rate_bps=600_000, queue_s=0.5))
        await asyncio.sleep(6)  # until the rate is found
        link.record_anew()
        heard = await here.gauge.over(8)
        assert heard.concealed <= 0.03
        assert heard.tone.longest_gap <= 400
        assert heard.fps >= 6
        # A standing queue would reach the relay's limit of half a second; the rest is a busy machine.
        assert link.down.record.waits.quantile_ms(0.95) <= 430
        assert link.down.record.overflowed <= 0.03 * link.down.record.packets


async def test_somebody_who_was_cut_off_soon_hears_and_sees_again(briefing: Gathering, link: BadLink) -> None:
    async with station(briefing, link) as here:
        await here.gauge.mark()
        link.cut()
        await asyncio.sleep(5)
        link.cut(False)
        returned_ms = time.time() * 1000
        assert await here.gauge.heard_after(returned_ms, 15) <= 4
        assert await here.gauge.seen_after(returned_ms, 15) <= 6
        assert (await here.gauge.read()).tone.longest_gap >= 3000  # it really was a cut


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
async def test_a_browser_joins_by_tcp_where_only_tcp_passes(
    briefing: Gathering, link: BadLink, kind: Kind
) -> None:
    link.block_udp()
    async with in_the_lobby(briefing, link, kind) as here:
        admitted_ms = time.time() * 1000
        await here.speaker.admit(here.person)
        assert await here.gauge.heard_after(admitted_ms, 20) <= 12
        assert await here.gauge.seen_after(admitted_ms, 20) <= 12
        assert (await here.gauge.read()).path == "tcp"


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
async def test_a_browser_with_a_new_address_hears_and_sees_again(
    briefing: Gathering, link: BadLink, kind: Kind
) -> None:
    """The NAT in between has forgotten the old address; nobody tells the browser."""
    async with station(briefing, link, kind) as here:
        await here.gauge.mark()
        link.move()
        link.record_anew()
        # Nothing comes to the new address until the appliance has learned it.
        await here.person.page.wait_until(lambda: link.down.record.packets > 50, 8)
        found_ms = time.time() * 1000
        assert await here.gauge.heard_after(found_ms, 10) <= 2
        assert await here.gauge.seen_after(found_ms, 10) <= 4
