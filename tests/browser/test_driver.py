"""The browser drivers themselves, on which the other browser tests rely."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from tests.support.browser import Browser, PageError
from tests.support.browser.devices import HEARD_DB, SILENT_DB, Devices, equip, loudness, pictures
from tests.support.certificate import self_signed

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

PAGE = """<!doctype html><meta charset="utf-8"><title>driver</title><link rel="icon" href="data:,">
<body style="margin:0">
<input id="name"><button id="go">Go</button><button id="off" disabled>Off</button>
<div style="position:relative;width:100px;height:40px"><button id="under">Under</button>
<div style="position:absolute;inset:0;background:#fff"></div></div><p id="out"></p>
<script>
go.addEventListener('click', event => {
  out.textContent = name_() + (event.isTrusted ? ' trusted' : ' forged'); });
const name_ = () => document.getElementById('name').value;
document.addEventListener('keydown', event => { document.body.dataset.key = event.key; });
</script>"""

LOOP = """(async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const [from, to] = [new RTCPeerConnection(), new RTCPeerConnection()];
  from.onicecandidate = (event) => event.candidate && to.addIceCandidate(event.candidate);
  to.onicecandidate = (event) => event.candidate && from.addIceCandidate(event.candidate);
  to.ontrack = (event) => {
    const player = document.createElement(event.track.kind);
    player.autoplay = true;
    player.srcObject = new MediaStream([event.track]);
    document.body.append(player);
  };
  for (const track of stream.getTracks()) from.addTrack(track, stream);
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription);
  return true;
})()"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def secure_site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """An HTTPS page with a WebSocket and a cookie, under a certificate nobody trusts."""

    async def index(request: web.Request) -> web.Response:
        response = web.Response(text=PAGE, content_type="text/html")
        response.set_cookie("seen", "yes", secure=True, httponly=True)
        response.headers["X-Seen"] = request.cookies.get("seen", "no")
        return response

    async def seen(request: web.Request) -> web.Response:
        return web.Response(text=request.cookies.get("seen", "no"))

    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for frame in socket:
            await socket.send_str(f"echo {frame.data}")
        return socket

    app = web.Application()
    app.add_routes([web.get("/", index), web.get("/seen", seen), web.get("/ws", echo)])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path_factory.mktemp("site"), "127.0.0.1"))
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_a_page_opens_under_our_own_certificate_and_is_used_like_a_person_would(
    browser: Browser, secure_site: str, tmp_path: Path
) -> None:
    page = await browser.new_page()
    try:
        await page.set_viewport(390, 844)
        await page.add_init_script("window.early = 7;")
        await page.goto(secure_site)
        assert await page.evaluate("[window.early, innerWidth, innerHeight]", list[int]) == [7, 390, 844]
        assert await page.evaluate("isSecureContext", bool)
        await page.fill("#name", "draft")
        await page.fill("#name", "Trạm Y tế Đồng Tâm")
        await page.click("#go")
        assert await page.text("#out") == "Trạm Y tế Đồng Tâm trusted"
        await page.press("Escape")
        assert await page.evaluate("document.body.dataset.key", str) == "Escape"
        await page.press("m")
        assert await page.evaluate("document.body.dataset.key", str) == "m"
        await page.screenshot(tmp_path / "page.png")
        assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
        assert page.errors == []
    finally:
        await page.close()


async def test_a_secure_websocket_works(browser: Browser, secure_site: str) -> None:
    page = await browser.new_page()
    try:
        await page.goto(secure_site)
        echo = """new Promise((done, fail) => {
            const socket = new WebSocket(new URL('/ws', location).href.replace('https', 'wss'));
            socket.onopen = () => socket.send('xin chào'); socket.onerror = () => fail('broken');
            socket.onmessage = (event) => done(event.data); })"""
        assert await page.evaluate(echo, str) == "echo xin chào"
    finally:
        await page.close()


async def test_pages_of_one_browser_do_not_share_cookies(browser: Browser, secure_site: str) -> None:
    one, other = await browser.new_page(), await browser.new_page()
    try:
        await one.goto(secure_site)
        seen = "fetch('/seen').then((answer) => answer.text())"
        assert await one.evaluate(seen, str) == "yes"
        await other.goto(secure_site + "seen")
        assert await other.evaluate(seen, str) == "no"
    finally:
        await one.close()
        await other.close()


async def test_the_driver_presses_nothing_that_a_person_could_not_press(
    browser: Browser, secure_site: str
) -> None:
    page = await browser.new_page()
    try:
        await page.goto(secure_site)
        with pytest.raises(PageError, match="#off is disabled"):
            await page.click("#off", 0.3)
        with pytest.raises(PageError, match="#under is covered by div"):
            await page.click("#under", 0.3)
        with pytest.raises(PageError, match="#nowhere is missing"):
            await page.click("#nowhere", 0.3)
    finally:
        await page.close()


async def test_the_errors_of_a_page_reach_the_test(browser: Browser, secure_site: str) -> None:
    page = await browser.new_page()
    try:
        await page.goto(secure_site)
        with pytest.raises(PageError, match="went wrong"):
            await page.evaluate("Promise.reject(new Error('went wrong'))", str)
        with pytest.raises(PageError, match="not in"):
            await page.wait_for("false", 0.3)
        await page.do("setTimeout(() => { throw new Error('later') })")
        await page.do("console.error('complaint')")
        await page.wait_until(lambda: len(page.errors) >= 2)
        assert "later" in " ".join(page.errors)
        assert "complaint" in " ".join(page.errors)
    finally:
        await page.close()


async def test_fake_devices_are_seen_and_heard_through_a_real_connection(
    browser: Browser, secure_site: str
) -> None:
    page = await browser.new_page()
    try:
        await equip(page, Devices(colour="#c02020", tone_hz=730))
        await page.goto(secure_site)
        await page.evaluate(LOOP, bool)
        await page.wait_for("probe.pictures().some((picture) => picture.counter > 0)", 20)
        (before,) = await pictures(page)
        assert before.is_like("#c02020"), before
        counter = before.counter
        await page.wait_for(f"probe.pictures()[0].counter > {counter + 5}", 10)
        await page.wait_for(f"probe.loudness(730).then((level) => level > {HEARD_DB})", 10)
        assert await loudness(page, 1900) < SILENT_DB
        assert await page.is_true("probe.playing()")
        assert page.errors == []
    finally:
        await page.close()


async def test_a_camera_can_be_refused_and_a_microphone_missing(browser: Browser, secure_site: str) -> None:
    page = await browser.new_page()
    try:
        await equip(page, Devices("#208020", 500, camera="denied", microphone="missing"))
        await page.goto(secure_site)
        name = "navigator.mediaDevices.getUserMedia({{ {} }}).catch((error) => error.name)"
        assert await page.evaluate(name.format("video: true"), str) == "NotAllowedError"
        assert await page.evaluate(name.format("audio: true"), str) == "NotFoundError"
        assert (
            await page.evaluate("navigator.mediaDevices.enumerateDevices().then((all) => all.length)", int)
            == 1
        )
    finally:
        await page.close()
