"""Init script that puts a browser behind a bad link."""

from pathlib import Path

import msgspec

from tests.support.bad_link_relay import BadLink
from tests.support.browser.page import Page

_SCRIPT = Path(__file__).with_name("bad_link.js").read_text()


async def put_behind(page: Page, link: BadLink) -> None:
    """Media of every later document of the page goes through the link."""
    ports = {"address": link.address, "udp": link.udp_port, "tcp": link.tcp_port}
    await page.add_init_script(f"({_SCRIPT})({msgspec.json.encode(ports).decode()})")
