"""What a test can do with a browser, the same over both protocols.

A Page is a window with cookies and storage of its own. Clicks and keys are real input events, so what is
covered, disabled or off the screen cannot be pressed.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from tests.support.browser.rpc import DriverError

T = TypeVar("T")

WAIT_S = 15.0
POLL_S = 0.1
_LOCATE = Path(__file__).with_name("locate.js").read_text()


class PageError(DriverError):
    """The page threw, or something that a test waits for did not come."""


class Spot(msgspec.Struct, frozen=True):
    """Where an element can be clicked, or why it cannot."""

    x: float = 0.0
    y: float = 0.0
    problem: str = ""


class Page(ABC):
    """One window. Deadlines are in seconds; everything raises DriverError (PageError when the page is at
    fault)."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        """Uncaught exceptions, console.error and blocked resources, in order."""

    @abstractmethod
    async def goto(self, url: str) -> None:
        """Returns when the document is loaded."""

    @abstractmethod
    async def run(self, expression: str) -> str:
        """Value of an expression that is a string, or a promise of one."""

    @abstractmethod
    async def press_at(self, x: float, y: float) -> None:
        """One click of the left button, in CSS pixels of the viewport."""

    @abstractmethod
    async def type_text(self, text: str) -> None:
        """Type into the element that has the focus."""

    @abstractmethod
    async def press(self, key: str) -> None:
        """One key: a character, or Enter, Tab, Escape, Space, ArrowUp... as KeyboardEvent.key names them."""

    @abstractmethod
    async def picture(self) -> bytes:
        """PNG of the viewport."""

    @abstractmethod
    async def set_viewport(self, width: int, height: int) -> None: ...

    @abstractmethod
    async def add_init_script(self, script: str) -> None:
        """Run statements in every later document, before its own scripts."""

    @abstractmethod
    async def close(self) -> None: ...

    async def evaluate(self, expression: str, as_: type[T]) -> T:
        """The JSON value of an expression, awaited when it is a promise."""
        text = await self.run(f"(async () => JSON.stringify((await ({expression})) ?? null))()")
        return msgspec.json.decode(text, type=as_)

    async def do(self, expression: str) -> None:
        """Evaluate only for the effect."""
        await self.run(f"(async () => {{ await ({expression}); return ''; }})()")

    async def is_true(self, expression: str) -> bool:
        return await self.evaluate(f"(async () => Boolean(await ({expression})))()", bool)

    async def wait_for(self, expression: str, deadline_s: float = WAIT_S) -> None:
        """Wait until an expression is truthy. It may throw while the page is not there yet."""
        last = "false"
        try:
            async with asyncio.timeout(deadline_s):
                while True:
                    try:
                        if await self.is_true(expression):
                            return
                        last = "false"
                    except PageError as error:
                        last = str(error)
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            pass
        raise PageError(f"not in {deadline_s} s: {expression} ({last})\n{await self.describe()}")

    async def wait_until(self, condition: Callable[[], bool], deadline_s: float = WAIT_S) -> None:
        """Like `wait_for`, for a condition on this side."""
        for _ in range(round(deadline_s / POLL_S)):
            if condition():
                return
            await asyncio.sleep(POLL_S)
        raise PageError(f"not in {deadline_s} s\n{await self.describe()}")

    async def screenshot(self, path: Path) -> None:
        save(path, await self.picture())

    async def click(self, css: str, deadline_s: float = WAIT_S) -> None:
        """Waits until the first visible match stands still, is enabled and is not covered."""
        spot = await self._locate(css, deadline_s)
        await self.press_at(spot.x, spot.y)

    async def fill(self, css: str, text: str, deadline_s: float = WAIT_S) -> None:
        """Replace the content of a field by typing."""
        await self.click(css, deadline_s)
        await self.run("(document.activeElement.select?.(), '')")
        if text:
            await self.type_text(text)
        else:
            await self.press("Backspace")

    async def text(self, css: str) -> str:
        return await self.evaluate(f"document.querySelector({_quote(css)})?.innerText ?? ''", str)

    async def exists(self, css: str) -> bool:
        """Whether something that matches is shown on the page."""
        return (await self._spot(css)).problem not in ("missing", "hidden")

    async def wait_shown(self, css: str, deadline_s: float = WAIT_S) -> None:
        """Wait until something that matches is shown."""
        await self.wait_for(
            f"!['missing', 'hidden'].includes(({_LOCATE})({_quote(css)}, false).problem)", deadline_s
        )

    async def describe(self) -> str:
        """What a person needs to see to understand a failure."""
        try:
            where = await self.evaluate(
                "location.href + '\\n' + (document.body?.innerText ?? '').slice(0, 1500)", str
            )
        except DriverError as error:
            where = f"(no answer: {error})"
        return "\n".join([where, *self.errors[-10:]])

    async def _spot(self, css: str) -> Spot:
        return await self.evaluate(f"({_LOCATE})({_quote(css)}, true)", Spot)

    async def _locate(self, css: str, deadline_s: float) -> Spot:
        before, spot = Spot(problem="missing"), Spot(problem="missing")
        try:
            async with asyncio.timeout(deadline_s):
                while spot.problem or spot != before:
                    before = spot
                    try:
                        spot = await self._spot(css)
                    except PageError as error:  # a navigation in between
                        spot = Spot(problem=str(error))
                    await asyncio.sleep(POLL_S / 2)
        except TimeoutError:
            raise PageError(f"{css} is {spot.problem or 'moving'}\n{await self.describe()}") from None
        return spot


class Browser(ABC):
    """One browser process. Each of its pages is a separate person."""

    name: str

    @abstractmethod
    async def new_page(self) -> Page: ...

    @abstractmethod
    async def close(self) -> None: ...


def save(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _quote(text: str) -> str:
    return msgspec.json.encode(text).decode()
