"""Chromium over the DevTools protocol (CDP): one WebSocket, one flat session for each page."""

import base64
import shutil
from pathlib import Path

import msgspec

from tests.support.browser.page import Browser, Page, PageError
from tests.support.browser.process import BrowserProcess, new_profile
from tests.support.browser.rpc import Json, Nothing, Rpc, T

BINARIES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the tests run as root in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    # Windows in the background run at full speed, like the one in front.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--remote-debugging-port=0",
)
OWN_DEVICES = ("--use-fake-device-for-media-stream=device-count=3",)
"""Three cameras and microphones of the browser's own."""
KEYS = {
    "Enter": ("Enter", 13, "\r"),
    "Tab": ("Tab", 9, ""),
    "Escape": ("Escape", 27, ""),
    "Backspace": ("Backspace", 8, ""),
    "Space": ("Space", 32, " "),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
}


class _Context(msgspec.Struct, frozen=True, rename="camel"):
    browser_context_id: str


class _Target(msgspec.Struct, frozen=True, rename="camel"):
    target_id: str


class _Session(msgspec.Struct, frozen=True, rename="camel"):
    session_id: str


class _Navigated(msgspec.Struct, frozen=True, rename="camel"):
    error_text: str = ""


class _Value(msgspec.Struct, frozen=True):
    value: object = None
    description: str = ""


class _Thrown(msgspec.Struct, frozen=True):
    text: str
    exception: _Value = _Value()


class _Evaluated(msgspec.Struct, frozen=True, rename="camel"):
    result: _Value
    exception_details: _Thrown | None = None


class _Picture(msgspec.Struct, frozen=True):
    data: str


class _ExceptionThrown(msgspec.Struct, frozen=True, rename="camel"):
    exception_details: _Thrown


class _ConsoleArgument(msgspec.Struct, frozen=True):
    value: object = None
    description: str = ""


class _ConsoleCalled(msgspec.Struct, frozen=True):
    type: str
    args: list[_ConsoleArgument]


class _LogEntry(msgspec.Struct, frozen=True):
    level: str
    text: str
    url: str = ""


class _LogAdded(msgspec.Struct, frozen=True):
    entry: _LogEntry


class ChromiumPage(Page):
    def __init__(self, rpc: Rpc, session: str, context: str) -> None:
        super().__init__()
        self._rpc = rpc
        self._session = session
        self._context = context

    async def call(self, method: str, params: dict[str, Json], result: type[T]) -> T:
        return await self._rpc.call(method, params, result, session=self._session)

    async def prepare(self) -> None:
        for domain in ("Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable", {}, Nothing)
        await self.call("Security.setIgnoreCertificateErrors", {"ignore": True}, Nothing)
        # Without this, only one window would have the focus.
        await self.call("Emulation.setFocusEmulationEnabled", {"enabled": True}, Nothing)

    def on_event(self, method: str, params: msgspec.Raw) -> None:
        if method == "Runtime.exceptionThrown":
            thrown = msgspec.json.decode(params, type=_ExceptionThrown).exception_details
            self.errors.append(f"{thrown.text} {thrown.exception.description}")
        elif method == "Runtime.consoleAPICalled":
            called = msgspec.json.decode(params, type=_ConsoleCalled)
            if called.type == "error":
                self.errors.append(" ".join(str(a.value or a.description) for a in called.args))
        elif method == "Log.entryAdded":
            entry = msgspec.json.decode(params, type=_LogAdded).entry
            if entry.level == "error":
                self.errors.append(f"{entry.text} {entry.url}")

    async def goto(self, url: str) -> None:
        navigated = await self.call("Page.navigate", {"url": url}, _Navigated)
        if navigated.error_text:
            raise PageError(f"{url}: {navigated.error_text}")
        await self.wait_for("document.readyState === 'complete'")

    async def run(self, expression: str) -> str:
        answer = await self.call(
            "Runtime.evaluate",
            {"expression": expression, "awaitPromise": True, "returnByValue": True, "userGesture": True},
            _Evaluated,
        )
        if (thrown := answer.exception_details) is not None:
            raise PageError(thrown.exception.description or thrown.text)
        return answer.result.value if isinstance(answer.result.value, str) else ""

    async def press_at(self, x: float, y: float) -> None:
        spot: dict[str, Json] = {"x": x, "y": y}
        await self.call("Input.dispatchMouseEvent", {**spot, "type": "mouseMoved"}, Nothing)
        button: dict[str, Json] = {**spot, "button": "left", "clickCount": 1}
        await self.call("Input.dispatchMouseEvent", {**button, "type": "mousePressed"}, Nothing)
        await self.call("Input.dispatchMouseEvent", {**button, "type": "mouseReleased"}, Nothing)

    async def type_text(self, text: str) -> None:
        await self.call("Input.insertText", {"text": text}, Nothing)

    async def press(self, key: str) -> None:
        code, number, text = KEYS.get(key, (f"Key{key.upper()}", ord(key.upper()[0]), key))
        event: dict[str, Json] = {
            "key": " " if key == "Space" else key,
            "code": code,
            "windowsVirtualKeyCode": number,
        }
        down = {**event, "type": "keyDown", "text": text} if text else {**event, "type": "rawKeyDown"}
        await self.call("Input.dispatchKeyEvent", down, Nothing)
        await self.call("Input.dispatchKeyEvent", {**event, "type": "keyUp"}, Nothing)

    async def picture(self) -> bytes:
        picture = await self.call("Page.captureScreenshot", {"format": "png"}, _Picture)
        return base64.b64decode(picture.data)

    async def set_viewport(self, width: int, height: int) -> None:
        metrics: dict[str, Json] = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", metrics, Nothing)

    async def set_letters(self, per_cent: int) -> None:
        """The size of letters that the browser's settings offer; it is also the unit of a page's em."""
        sizes: dict[str, Json] = {"standard": 16 * per_cent // 100, "fixed": 13 * per_cent // 100}
        await self.call("Page.setFontSizes", {"fontSizes": sizes}, Nothing)

    async def add_init_script(self, script: str) -> None:
        await self.call("Page.addScriptToEvaluateOnNewDocument", {"source": script}, Nothing)

    async def permit(self, origin: str, name: str, setting: str) -> None:
        """The person changes a permission beside the page's address."""
        params: dict[str, Json] = {
            "permission": {"name": name},
            "setting": setting,
            "origin": origin,
            "browserContextId": self._context,
        }
        await self._rpc.call("Browser.setPermission", params, Nothing)

    async def close(self) -> None:
        await self._rpc.call("Target.disposeBrowserContext", {"browserContextId": self._context}, Nothing)


class Chromium(Browser):
    name = "chromium"

    def __init__(self, process: BrowserProcess, rpc: Rpc) -> None:
        self._process = process
        self._rpc = rpc
        self._pages: dict[str, ChromiumPage] = {}
        rpc.on_event = self._on_event

    @classmethod
    async def launch(cls, binary: str, log: Path, flags: tuple[str, ...] = ()) -> "Chromium":
        profile = new_profile("chromium")
        argv = [binary, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"]
        process = await BrowserProcess.start(argv, profile, log)
        try:
            port, path = (await process.file_appears("DevToolsActivePort")).split()
            return cls(process, await Rpc.connect(f"ws://127.0.0.1:{port}{path}"))
        except BaseException:
            await process.stop()
            raise

    async def new_page(self) -> ChromiumPage:
        context = await self._rpc.call("Target.createBrowserContext", {}, _Context)
        own: dict[str, Json] = {"browserContextId": context.browser_context_id}
        target = await self._rpc.call(
            "Target.createTarget", {**own, "url": "about:blank", "newWindow": True}, _Target
        )
        session = await self._rpc.call(
            "Target.attachToTarget", {"targetId": target.target_id, "flatten": True}, _Session
        )
        page = ChromiumPage(self._rpc, session.session_id, context.browser_context_id)
        self._pages[session.session_id] = page
        await page.prepare()
        return page

    async def close(self) -> None:
        try:
            await self._rpc.close()
        finally:
            await self._process.stop()

    def _on_event(self, method: str, params: msgspec.Raw, session: str) -> None:
        if (page := self._pages.get(session)) is not None:
            page.on_event(method, params)


def binary() -> str | None:
    return next((path for name in BINARIES if (path := shutil.which(name))), None)
