"""The attacks of make bench-door on the web door, small: somebody inside goes on and gets back in."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from signaling.protocol import Ping, Pong
from tests.door import attacks_web
from tests.door.target import AttackFigures, Target
from tests.support.certificate import self_signed
from tests.support.control import MEETING, Control, running_control

pytestmark = pytest.mark.loopback

STATION = "tyt-ta-phin"
SECONDS = 1.0
PAUSE_S = 0.05
"""A page does not ask more often; without a pause it would be a flood itself."""


def _target(control: Control, token: str) -> Target:
    host, port = control.authority.split(":")
    return Target(
        address=host,
        https_port=int(port),
        media_port=0,
        ca_file="",
        meeting=MEETING,
        logins=("attacker",),
        tokens=(token,),
        victim="",
        database="",
        worker_pid=0,
    )


@pytest.mark.parametrize(
    "attack",
    [
        attacks_web.silent_connections,
        attacks_web.half_handshakes,
        attacks_web.half_headers,
        attacks_web.half_bodies,
        attacks_web.unread_answers,
        attacks_web.no_requests,
        attacks_web.anonymous_questions,
        attacks_web.pings,
        attacks_web.empty_parts,
        attacks_web.many_sockets,
    ],
    ids=lambda attack: attack.__name__,
)
async def test_somebody_inside_is_answered_and_gets_back_in(
    tmp_path: Path, attack: Callable[[Target, float], Awaitable[AttackFigures]]
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(self_signed(tmp_path, "127.0.0.1"))
    async with running_control(tmp_path, tls=tls) as control:
        cookie = await control.account("tram", unit=STATION)
        browser = await control.enter(cookie)
        attacker = await control.account("attacker", unit=STATION)
        attacking = asyncio.ensure_future(attack(_target(control, attacker), SECONDS))
        while not attacking.done():
            await browser.say(Ping(7))
            assert await browser.hear(Pong) == Pong(7)
            headers = {"Cookie": f"giaoban={cookie}", "Connection": "close"}
            async with control.http.get(f"{control.url}/api/session", headers=headers) as answer:
                assert answer.status == 200
            await asyncio.sleep(PAUSE_S)
        assert (await attacking).sent > 0
