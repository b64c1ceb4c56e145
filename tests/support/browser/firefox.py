"""Firefox over WebDriver BiDi: no geckodriver, the browser itself listens."""

import base64
import shutil
from pathlib import Path

import msgspec

from tests.support.browser.page import Browser, Page, PageError
from tests.support.browser.process import BrowserProcess, new_profile
from tests.support.browser.rpc import Json, Nothing, Rpc, T

BINARIES = ("firefox-esr", "firefox")
PREFERENCES: dict[str, Json] = {
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    # Without a sound card an AudioContext would stay suspended for ever (Firefox 153, 2026-11).
    "media.cubeb.force_mock_context": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.gmp-manager.updateEnabled": False,
    "privacy.resistFingerprinting": False,
    # Windows in the background run at full speed, like the one in front.
    "dom.min_background_timeout_value": 4,
    "dom.timeout.enable_budget_timer_throttling": False,
    "widget.windows.window_occlusion_tracking.enabled": False,
    # The browser must not call home.
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.region.update.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://127.0.0.1:9",
    "toolkit.telemetry.enabled": False,
}
LOUDSPEAKER: dict[str, Json] = {"media.cubeb.force_mock_context": False}
"""To play into a sound server."""
OWN_DEVICES: dict[str, Json] = {
    "media.navigator.permission.disabled": False,
    "media.navigator.streams.fake": True,
}
"""A camera and a microphone of the browser's own, for which it asks."""
KEYS = {
    "Enter": "\ue007",
    "Tab": "\ue004",
    "Escape": "\ue00c",
    "Backspace": "\ue003",
    "Space": " ",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
}


class _Listening(msgspec.Struct, frozen=True):
    ws_host: str
    ws_port: int


class _UserContext(msgspec.Struct, frozen=True, rename="camel"):
    user_context: str


class _Context(msgspec.Struct, frozen=True):
    context: str


class _Value(msgspec.Struct, frozen=True):
    value: str = ""


class _Thrown(msgspec.Struct, frozen=True):
    text: str


class _Evaluated(msgspec.Struct, frozen=True, rename="camel"):
    type: str
    result: _Value = _Value()
    exception_details: _Thrown = _Thrown("")


class _Picture(msgspec.Struct, frozen=True):
    data: str


class _Source(msgspec.Struct, frozen=True):
    context: str = ""


class _LogAdded(msgspec.Struct, frozen=True):
    level: str
    source: _Source
    text: str | None = ""


class FirefoxPage(Page):
    def __init__(self, rpc: Rpc, context: str, user_context: str) -> None:
        super().__init__()
        self._rpc = rpc
        self._context = context
        self._user_context = user_context

    async def call(self, method: str, params: dict[str, Json], result: type[T]) -> T:
        return await self._rpc.call(method, {"context": self._context, **params}, result)

    async def goto(self, url: str) -> None:
        await self.call("browsingContext.navigate", {"url": url, "wait": "complete"}, Nothing)

    async def run(self, expression: str) -> str:
        answer = await self._rpc.call(
            "script.evaluate",
            {
                "expression": expression,
                "target": {"context": self._context},
                "awaitPromise": True,
                "userActivation": True,
            },
            _Evaluated,
        )
        if answer.type == "exception":
            raise PageError(answer.exception_details.text)
        return answer.result.value

    async def press_at(self, x: float, y: float) -> None:
        move: Json = {"type": "pointerMove", "x": int(x), "y": int(y)}
        down: Json = {"type": "pointerDown", "button": 0}
        up: Json = {"type": "pointerUp", "button": 0}
        await self._perform({"type": "pointer", "id": "mouse", "actions": [move, down, up]})

    async def type_text(self, text: str) -> None:
        actions: list[Json] = []
        for character in text:
            actions += [{"type": "keyDown", "value": character}, {"type": "keyUp", "value": character}]
        await self._perform({"type": "key", "id": "keyboard", "actions": actions})

    async def press(self, key: str) -> None:
        await self.type_text(KEYS.get(key, key))

    async def picture(self) -> bytes:
        picture = await self.call("browsingContext.captureScreenshot", {}, _Picture)
        return base64.b64decode(picture.data)

    async def set_viewport(self, width: int, height: int) -> None:
        await self.call(
            "browsingContext.setViewport", {"viewport": {"width": width, "height": height}}, Nothing
        )

    async def add_init_script(self, script: str) -> None:
        await self._rpc.call(
            "script.addPreloadScript",
            {"functionDeclaration": f"() => {{ {script}\n }}", "contexts": [self._context]},
            Nothing,
        )

    async def close(self) -> None:
        await self._rpc.call("browser.removeUserContext", {"userContext": self._user_context}, Nothing)

    async def _perform(self, source: Json) -> None:
        await self.call("input.performActions", {"actions": [source]}, Nothing)


class Firefox(Browser):
    name = "firefox"

    def __init__(self, process: BrowserProcess, rpc: Rpc) -> None:
        self._process = process
        self._rpc = rpc
        self._pages: dict[str, FirefoxPage] = {}
        rpc.on_event = self._on_event

    @classmethod
    async def launch(cls, binary: str, log: Path, more: dict[str, Json] | None = None) -> "Firefox":
        profile = new_profile("firefox")
        lines = [
            f"user_pref({msgspec.json.encode(name).decode()}, {msgspec.json.encode(value).decode()});"
            for name, value in (PREFERENCES | (more or {})).items()
        ]
        (profile / "user.js").write_text("\n".join(lines))
        argv = [binary, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", str(profile)]
        process = await BrowserProcess.start(argv, profile, log)
        try:
            text = await process.file_appears("WebDriverBiDiServer.json")
            where = msgspec.json.decode(text, type=_Listening)
            rpc = await Rpc.connect(f"ws://{where.ws_host}:{where.ws_port}/session")
        except BaseException:
            await process.stop()
            raise
        browser = cls(process, rpc)
        await rpc.call(
            "session.new", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": True}}}, Nothing
        )
        await rpc.call("session.subscribe", {"events": ["log.entryAdded"]}, Nothing)
        return browser

    async def new_page(self) -> FirefoxPage:
        user = await self._rpc.call("browser.createUserContext", {"acceptInsecureCerts": True}, _UserContext)
        # A window, not a tab: tabs in the background are hidden and slowed down.
        made = await self._rpc.call(
            "browsingContext.create", {"type": "window", "userContext": user.user_context}, _Context
        )
        page = FirefoxPage(self._rpc, made.context, user.user_context)
        self._pages[made.context] = page
        return page

    async def close(self) -> None:
        try:
            await self._rpc.close()
        finally:
            await self._process.stop()

    def _on_event(self, method: str, params: msgspec.Raw, session: str) -> None:
        if method != "log.entryAdded":
            return
        entry = msgspec.json.decode(params, type=_LogAdded)
        page = self._pages.get(entry.source.context)
        if page is not None and entry.level == "error":
            page.errors.append(entry.text or "")


def binary() -> str | None:
    return next((path for name in BINARIES if (path := shutil.which(name))), None)
