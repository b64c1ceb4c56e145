"""Pictures of the screens at a cheap laptop's and a phone's size, for people to look at: build/screens/."""

import os
import shutil
from pathlib import Path

import pytest

from signaling.messages import Role
from tests.support.appliance import ROOT
from tests.support.browser import Page
from tests.support.gathering import LAPTOP, PHONE, Gathering, tid

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

SCREENS = ROOT / "build" / "screens"
README_PICTURE = ROOT / "docs" / "meeting.png"
SIZES = {"laptop": LAPTOP, "phone": PHONE}
POINTS = 5


async def shoot(page: Page, name: str) -> None:
    """The page at both sizes. Nothing may be wider than the screen."""
    for size, (width, height) in SIZES.items():
        await page.set_viewport(width, height)
        await page.wait_for(f"innerWidth === {width} && document.documentElement.scrollWidth <= {width}", 5)
        await page.wait_for("!document.querySelector('.is-coming')", 5)  # no picture is just changing
        await page.screenshot(SCREENS / f"{name}-{size}.png")
    await page.set_viewport(*LAPTOP)


async def test_screens_of_the_way_in(gathering: Gathering) -> None:
    someone = await gathering.person("chromium", name="ĐD. Giàng Thị Dợ", unit="test-nhi")
    await someone.open_door()
    await someone.page.wait_shown(tid("door-submit"))
    await shoot(someone.page, "door")
    await someone.sign_in("sai")
    await someone.page.wait_shown(tid("door-error"))
    await shoot(someone.page, "door-wrong-password")
    await someone.sign_in()
    await someone.page.wait_shown(tid("green-enter"))
    await someone.page.wait_for(f"document.querySelector('{tid('green-video')}')?.videoWidth > 0")
    await shoot(someone.page, "green-room")
    await someone.knock()
    await shoot(someone.page, "waiting")
    operator = await gathering.operator()
    await shoot(operator.page, "operator-lobby")
    await operator.refuse(someone, "Đơn vị chưa có trong thành phần cuộc họp")
    await someone.reads("Đơn vị chưa có trong thành phần cuộc họp")
    await shoot(someone.page, "refused")


async def test_a_meeting_of_six_bridge_points(gathering: Gathering) -> None:
    chair = await gathering.person(
        "chromium", Role.CHAIR, name="BS. Lý A Sử", unit="test-bgd", colour="#24505a"
    )
    await chair.open_door()
    await chair.sign_in()
    await chair.page.click(tid("green-enter"))
    await chair.is_inside()
    await chair.switch("camera", True)
    async with gathering.appliance.simulated(POINTS, gathering.meeting):
        await chair.page.wait_for(f"document.querySelectorAll('{tid('lobby-card')}').length === {POINTS}", 60)
        await shoot(chair.page, "chair-lobby")
        await chair.page.click(tid("lobby-admit-all"))
        rows = f"document.querySelectorAll('{tid('roster-row')}').length"
        await chair.page.wait_for(f"{rows} === {POINTS + 1}", 30)
        playing = (
            "[...document.querySelectorAll('gb-tile video, gb-stage video')].filter((v) => v.videoWidth > 0)"
        )
        await chair.page.wait_for(f"{playing}.length >= 5", 60)
        await shoot(chair.page, "meeting")
        assert chair.page.errors == []
        if os.environ.get("GIAOBAN_README_SHOTS") == "1":
            keep(SCREENS / "meeting-laptop.png", README_PICTURE)


def keep(picture: Path, place: Path) -> None:
    place.parent.mkdir(exist_ok=True)
    shutil.copyfile(picture, place)
