"""Pictures of the screens in the documents.

Each run takes them again, into build/pictures/. A picture knows the controls that are on it: when the screen
has others today, the run fails. `make pictures` takes them for the documents.
"""

import contextlib
import os
from io import BytesIO
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo

from tests.support.browser.looks import NARROW, put_on
from tests.support.browser.page import Page, PageError, save

ROOT = Path(__file__).parents[3]
TAKEN = ROOT / "build" / "pictures"
DOCUMENTS = ROOT / "docs"
FOR_DOCUMENTS = os.environ.get("GIAOBAN_PICTURES") == "1"
SIZE = (1366, 768)
CONTROLS = "controls"


async def take(page: Page, name: str) -> None:
    """`name` is its place below docs/. Raises PageError; AssertionError when docs/ shows an older screen."""
    await page.set_viewport(*SIZE)
    await put_on(page, NARROW)
    await page.wait_for(f"innerWidth === {SIZE[0]}")
    with contextlib.suppress(PageError):  # no camera's picture comes while the line is cut
        await page.wait_for("!document.querySelector('.is-coming')", 3)
    controls = await page.evaluate(_CONTROLS, str)
    save(TAKEN / f"{name}.png", with_controls(await page.picture(), controls))
    kept = DOCUMENTS / f"{name}.png"
    if FOR_DOCUMENTS:
        save(kept, (TAKEN / f"{name}.png").read_bytes())
    assert controls == controls_of(kept), f"docs/{name}.png shows an older screen: make pictures"


def with_controls(png: bytes, controls: str) -> bytes:
    """Small enough to be kept with the source."""
    about, small = PngInfo(), BytesIO()
    about.add_text(CONTROLS, controls)
    with Image.open(BytesIO(png)) as picture:
        few_colours = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few_colours.save(small, "png", optimize=True, pnginfo=about)
    return small.getvalue()


def controls_of(picture: Path) -> str:
    """Empty when there is no such picture."""
    if not picture.exists():
        return ""
    with Image.open(picture) as opened:
        assert isinstance(opened, PngImageFile)
        return str(opened.text.get(CONTROLS, ""))


_CONTROLS = """[...document.querySelectorAll('button, a[href], input, select, [role=tab]')]
    .filter((one) => one.dataset.testid && one.checkVisibility())
    .filter((one) => !one.closest('.toast, .line-offer, .reception, .alarm'))  // come and go with the line
    .map((one) => one.dataset.testid).sort().filter((one, at, all) => one !== all[at - 1]).join(' ')"""
