"""Signing in, the pages, health: over real HTTP."""

from pathlib import Path

import aiohttp
import pytest
from yarl import URL

import sfu
from signaling.accounts.throttle import HERE
from signaling.model.words import Why
from signaling.protocol import Answer, Bye, Offer, OwnLine
from tests.support.control import OFFER, PASSWORD, Control, running_control

pytestmark = pytest.mark.loopback


def cookie_in(answer: aiohttp.ClientResponse) -> str:
    return answer.cookies["giaoban"].value


async def get(control: Control, path: str, **headers: str) -> aiohttp.ClientResponse:
    return await control.http.get(f"{control.url}{path}", headers=headers)


async def test_the_right_password_gives_a_cookie_that_no_script_can_read(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        answer = await control.sign_in(" Thu-Ky ", PASSWORD)
        assert answer.status == 200
        view = await answer.json()
        assert (view["account"], view["role"], view["unit"]["kind"]) == ("thu-ky", "operator", "office")
        cookie = answer.cookies["giaoban"]
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (
            True,
            True,
            "Strict",
            "/",
        )
        assert len(cookie.value) == 43  # 256 bits
        me = await get(control, "/api/session", Cookie=f"giaoban={cookie.value}")
        assert (me.status, await me.json()) == (200, view)


async def test_signing_out_ends_the_sign_in_and_its_sessions(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        cookie = cookie_in(await control.sign_in("thu-ky", PASSWORD))
        browser = await control.enter(cookie)
        gone = await control.http.delete(
            f"{control.url}/api/session", headers={"Cookie": f"giaoban={cookie}"}
        )
        assert gone.status == 204
        assert await browser.ended() == Bye(Why.NOT_SIGNED_IN)
        assert (await get(control, "/api/session", Cookie=f"giaoban={cookie}")).status == 204


async def test_a_wrong_password_and_an_unknown_account_are_answered_alike(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        wrong = await control.sign_in("thu-ky", "sai")
        unknown = await control.sign_in("khong-co", "sai")
        assert wrong.status == unknown.status == 401
        assert await wrong.json() == await unknown.json() == {"code": "bad-credentials"}
        assert "giaoban" not in wrong.cookies


async def test_guessing_is_slowed_for_the_account_but_not_for_others(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        for _ in range(int(HERE[0].capacity)):
            assert (await control.sign_in("thu-ky", "sai")).status == 401
        slowed = await control.sign_in("thu-ky", PASSWORD)
        assert slowed.status == 429
        body = await slowed.json()
        assert body["code"] == "too-many-attempts"
        assert int(slowed.headers["Retry-After"]) == body["retry_after_s"] >= 1
        assert (await control.sign_in("chu-tri", PASSWORD)).status == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"account": 1, "password": "x"}', b'{"account": "a"}', b"x" * 20_000]
)
async def test_a_malformed_sign_in_is_a_bad_request(tmp_path: Path, body: bytes) -> None:
    async with running_control(tmp_path) as control:
        answer = await control.http.post(
            f"{control.url}/api/session", data=body, headers={"Content-Type": "application/json"}
        )
        assert (answer.status, await answer.json()) == (400, {"code": "bad-request"})


async def test_a_form_of_another_site_cannot_sign_anybody_in_or_out(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await control.http.post(f"{control.url}/api/session", json={}, headers=headers)
            assert answer.status == 403
            assert (await control.http.delete(f"{control.url}/api/session", headers=headers)).status == 403


async def test_the_sign_in_screen_gets_centre_and_meeting_without_a_sign_in(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        answer = await get(control, "/api/centre")
        assert await answer.json() == {
            "centre": "Trung tâm Y tế huyện Nậm Sơn",
            "meeting": "giao-ban",
            "version": "0.1.0",
        }


@pytest.mark.parametrize("path", ["/", "/index.html", "/m/giao-ban", "/m/829.114-560/"])
async def test_deep_links_lead_to_the_index_page(tmp_path: Path, path: str) -> None:
    async with running_control(tmp_path) as control:
        answer = await get(control, path)
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "Giao ban" in await answer.text()


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.html",
        "/%2e%2e/secret.html",
        "/..%2fsecret.html",
        "/m/../../secret.html",
        "//etc/passwd",
        "/.hidden.html",
        "/index.py",
        "/nothing.js",
        "/%00.html",
        "/" + "a/" * 200 + "x.html",
    ],
)
async def test_nothing_outside_the_web_root_is_served(tmp_path: Path, path: str) -> None:
    async with running_control(tmp_path) as control:
        (tmp_path / "web" / ".hidden.html").write_text("hidden")
        (tmp_path / "web" / "index.py").write_text("no page")
        (tmp_path / "web" / "way-out.html").symlink_to(tmp_path / "secret.html")
        for wanted in (path, "/way-out.html"):
            answer = await control.http.get(URL(f"{control.url}{wanted}", encoded=True))
            assert answer.status == 404


async def test_a_page_is_sent_once_and_then_confirmed_until_it_changes(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        first = await get(control, "/")
        assert first.headers["Cache-Control"] == "no-cache"
        etag = first.headers["ETag"]
        assert (await get(control, "/", **{"If-None-Match": etag})).status == 304
        (tmp_path / "web" / "index.html").write_text("<!doctype html><title>New</title>")
        assert (await get(control, "/", **{"If-None-Match": etag})).status == 200


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/session", "/healthz", "/ca.crt"])
async def test_every_answer_carries_the_security_headers(tmp_path: Path, path: str) -> None:
    async with running_control(tmp_path) as control:
        headers = (await get(control, path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=(self)" in headers["Permissions-Policy"]
        assert "aiohttp" not in headers["Server"].lower()
        assert "Strict-Transport-Security" not in headers


CERTIFICATES = {
    "certificate": "ok",
    "certificate_ends": "2096-10-02",
    "authority": "ok",
    "authority_ends": "2096-10-02",
}
"""Of the control plane under test, as /healthz tells them."""


async def test_health_is_ok_or_names_the_part_that_fails(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        well = await get(control, "/healthz")
        assert well.status == 200
        assert await well.json() == {
            "status": "ok",
            "control": "ok",
            "media": "ok",
            "database": "ok",
            "audit": "ok",
            "disks": {},
            **CERTIFICATES,
        }
        control.media.crash()
        ill = await get(control, "/healthz")
        assert ill.status == 503
        assert await ill.json() == {
            "status": "failing",
            "control": "ok",
            "media": "down",
            "database": "ok",
            "audit": "ok",
            "disks": {},
            **CERTIFICATES,
        }


async def test_our_ca_certificate_can_be_downloaded(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        answer = await get(control, "/ca.crt")
        assert answer.content_type == "application/x-x509-ca-cert"
        assert await answer.read() == b"certificate"


async def test_metrics_count_the_people(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        await control.operator()
        text = await (await get(control, "/metrics")).text()
        assert "giaoban_admitted 1.0" in text
        assert 'giaoban_connections{stage="inside"} 1.0' in text
        assert "giaoban_media_up 1.0" in text


async def test_metrics_tell_what_the_media_workers_sent_and_how_the_lines_are(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        control.media.pong = sfu.Pong(
            3,
            700,
            sent_bytes=90_000,
            resent_bytes=4_000,
            padding_bytes=500,
            tick=sfu.Spread(500, 2_000, 4_000),
            late=sfu.Spread(100, 300, 7_000),
        )
        operator = await control.operator()
        await operator.say(Offer(OFFER))
        await operator.hear(Answer)
        for _ in range(2):
            control.media.report(sfu.LineReport(sfu.EndpointId(operator.participant), 900, 0, 0, 0, 0))
            await operator.hear(OwnLine)
        text = await (await get(control, "/metrics")).text()
        for line in (
            'giaoban_media_sent_bytes_total{worker="0"} 90000.0',
            'giaoban_media_resent_bytes_total{worker="0"} 4000.0',
            'giaoban_media_padding_bytes_total{worker="0"} 500.0',
            'giaoban_media_tick_seconds{of="p99",worker="0"} 0.002',
            'giaoban_media_late_seconds{of="longest",worker="0"} 0.007',
            'giaoban_lines{meeting="giao-ban",quality="poor"} 1.0',
        ):
            assert line in text
        control.media.crash()
        text = await (await get(control, "/metrics")).text()
        assert "giaoban_media_up 0.0" in text
        assert "giaoban_media_sent_bytes_total{" not in text
