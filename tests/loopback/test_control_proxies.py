"""Behind a reverse proxy: who asks is who asked the proxy, in every place where it counts."""

from pathlib import Path

import aiohttp
import pytest

from signaling.audit.chain import read
from signaling.audit.table import AuditTable
from signaling.model.addresses import Proxies
from signaling.protocol import PROTOCOL, Hello, Welcome
from signaling.store import Store
from tests.support.control import MEETING, PASSWORD, Control, running_control

pytestmark = pytest.mark.loopback

PROXY = Proxies(("127.0.0.1",))


async def post(control: Control, account: str, password: str, **headers: str) -> aiohttp.ClientResponse:
    who = {"account": account, "password": password}
    return await control.http.post(f"{control.url}/api/session", json=who, headers=headers)


async def test_the_audit_log_has_the_address_of_the_client_not_of_the_proxy(tmp_path: Path) -> None:
    async with running_control(tmp_path, proxies=PROXY) as control:
        forwarded = {"X-Forwarded-For": "198.51.100.1, 203.0.113.5"}
        assert (await post(control, "thu-ky", PASSWORD, **forwarded)).status == 200
        assert (await post(control, "thu-ky", "sai", **forwarded)).status == 401
    store = await Store.open(f"sqlite:///{tmp_path / 'giaoban.db'}")
    entries = [read(stored) for stored in await AuditTable(store.database).page(0, 100)]
    await store.close()
    addresses = [(one.event, one.address) for one in entries if one is not None and "login" in one.event]
    assert addresses == [("login", "203.0.113.5"), ("login-failed", "203.0.113.5")]


async def test_metrics_are_for_this_machine_only_and_a_forwarded_request_is_from_elsewhere(
    tmp_path: Path,
) -> None:
    for proxies in (PROXY, Proxies()):
        async with running_control(tmp_path, proxies=proxies) as control:
            assert (await control.http.get(f"{control.url}/metrics")).status == 200
            for headers in ({"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=203.0.113.5"}):
                answer = await control.http.get(f"{control.url}/metrics", headers=headers)
                assert answer.status == 404


async def test_our_pages_are_ours_in_every_spelling_and_behind_a_proxy_that_loses_the_port(
    tmp_path: Path,
) -> None:
    async with running_control(tmp_path, proxies=PROXY) as control:
        cookie = await control.cookie_of("thu-ky")
        outside = {"Host": "giaoban.example", "X-Forwarded-Proto": "https", "Cookie": f"giaoban={cookie}"}
        for origin in ("https://giaoban.example:8443", "https://GIAOBAN.example:443"):
            headers = {**outside, "Origin": origin, "X-Forwarded-For": "203.0.113.5"}
            line = await control.http.ws_connect(f"{control.url}/ws", headers=headers)
            await line.close()
        browser = await control.connect(cookie, origin=control.url.upper().replace("HTTP", "http"))
        await browser.say(Hello(PROTOCOL, MEETING))
        await browser.hear(Welcome)


@pytest.mark.parametrize(
    "origin", ["https://[", "https://]:x", "null", "http://", "https://elsewhere.example"]
)
async def test_an_origin_that_is_none_of_ours_is_refused_and_never_an_error(
    tmp_path: Path, origin: str
) -> None:
    async with running_control(tmp_path) as control:
        headers = {"Origin": origin}
        answers = [
            await post(control, "thu-ky", PASSWORD, **headers),
            await control.http.delete(f"{control.url}/api/session", headers=headers),
            await control.http.get(f"{control.url}/ws", headers=headers),
            await control.http.get(f"{control.url}/api/audit", headers=headers),
            await control.http.get(f"{control.url}/api/recordings", headers=headers),
        ]
        assert {answer.status for answer in answers} == {403}
