"""How people see a screen: with narrow, wide or large letters, on anything from a phone to a projector.

A page names fonts that a machine may have, so each look names one that `make browsers` has installed.
"""

from pathlib import Path
from typing import NamedTuple

from tests.support.browser.chromium import ChromiumPage
from tests.support.browser.page import Page, PageError

FIT = Path(__file__).with_name("fit.js").read_text()
SIZES = ((360, 740), (768, 1024), (1024, 768), (1280, 720), (1920, 1080))
FIT_S = 5.0


class Look(NamedTuple):
    name: str
    text: str
    titles: str
    letters: int = 100
    """Per cent of the browser's own size."""


NARROW = Look("narrow", "Arimo", "Tinos")
"""As wide as Arial and Times."""
WIDE = Look("wide", "DejaVu Sans", "DejaVu Serif")
"""As wide as Verdana; Segoe UI and Roboto are between the two."""
LARGE = WIDE._replace(name="large", letters=200)


async def put_on(page: Page, look: Look) -> None:
    """Raises PageError when the machine has not got its fonts."""
    assert isinstance(page, ChromiumPage), "Firefox cannot be told how large its letters are"
    for font in (look.text, look.titles):
        if not await page.is_true(_HAS.replace("FONT", font)):
            raise PageError(f"no font {font} on this machine: make browsers brings it")
    for name, font in (("--font-ui", look.text), ("--font-title", look.titles)):
        await page.do(f"document.documentElement.style.setProperty('{name}', '\"{font}\"')")
    await page.set_letters(look.letters)


async def fits(page: Page, of: str) -> None:
    """Nothing is cut off, covered or wider than the screen, whoever looks at it. Raises PageError."""
    complaints: list[str] = []
    for look in (NARROW, WIDE, LARGE):
        await put_on(page, look)
        for width, height in SIZES:
            await page.set_viewport(width, height)
            await page.do(_DRAWN)
            try:
                await page.wait_for(f"innerWidth === {width} && ({FIT})().length === 0", FIT_S)
            except PageError:
                found = await page.evaluate(f"({FIT})()", list[str])
                complaints += [f"{of}, {look.name}, {width} px: {each}" for each in found]
    await put_on(page, NARROW)
    if complaints:
        raise PageError("\n".join(complaints))


_DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_HAS = """['serif', 'monospace'].map((other) => {
    const pen = document.createElement('canvas').getContext('2d');
    pen.font = `40px 'FONT', ${other}`;
    return pen.measureText('Trung tâm Y tế').width;
}).every((width, _, all) => width === all[0])"""
