"""A sign-in that is over ends everything that is open under it, within seconds and whatever the page does."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from signaling.accounts.accounts import LIFETIME_MS, token_hash
from signaling.accounts.bootstrap import set_disabled, set_password
from signaling.accounts.passwords import hash_now
from signaling.accounts.sign_ins import SignInEnd, SignIns
from signaling.audit.chain import AuditEvent
from signaling.audit.table import AuditTable
from signaling.clocks import clock
from signaling.live.rooms import REREAD_S
from signaling.model.words import SeatState, Why
from signaling.protocol import PROTOCOL, Answer, Bye, Hello, Offer
from signaling.store import Store
from tests.support.control import MEETING, OFFER, PASSWORD, Control, running_control

pytestmark = pytest.mark.loopback


async def another_password(control: Control) -> None:
    """As the terminal does it: in the database, behind the control plane's back."""
    assert await set_password(control.store, "thu-ky", hash_now("một mật khẩu khác"))


async def disabled(control: Control) -> None:
    assert await set_disabled(control.store, " Thu-Ky ", True) is not None


async def twelve_hours_later(control: Control) -> None:
    control.ahead_s += LIFETIME_MS / 1000


async def signed_out(control: Control, cookie: str) -> None:
    headers = {"Cookie": f"giaoban={cookie}"}
    assert (await control.http.delete(f"{control.url}/api/session", headers=headers)).status == 204


REVOKED = pytest.mark.parametrize("revoke", [another_password, disabled, twelve_hours_later])


@REVOKED
async def test_what_runs_ends_when_its_sign_in_is_revoked(
    tmp_path: Path, revoke: Callable[[Control], Awaitable[None]]
) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        await operator.say(Offer(OFFER))
        await operator.hear(Answer)
        assert operator.participant in control.media.endpoints
        await revoke(control)
        assert await operator.ended() == Bye(Why.NOT_SIGNED_IN)
        assert control.media.endpoints == {}


async def test_media_without_a_socket_end_when_the_account_is_disabled(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        await operator.say(Offer(OFFER))
        await operator.hear(Answer)
        operator.cut()
        await disabled(control)
        async with asyncio.timeout(2 * REREAD_S):
            while control.media.endpoints:  # noqa: ASYNC110 - the control plane looks by itself
                await asyncio.sleep(0.05)


@REVOKED
async def test_a_line_that_was_opened_before_gets_no_welcome(
    tmp_path: Path, revoke: Callable[[Control], Awaitable[None]]
) -> None:
    async with running_control(tmp_path) as control:
        browser = await control.connect(await control.cookie_of("thu-ky"))
        await revoke(control)
        await browser.say(Hello(PROTOCOL, MEETING))
        assert await browser.ended() == Bye(Why.NOT_SIGNED_IN)


async def test_signing_out_ends_media_at_once_and_a_line_that_has_not_said_hello(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        cookie = await control.cookie_of("thu-ky")
        waiting, operator = await control.connect(cookie), await control.enter(cookie)
        assert (await operator.knock("Thư ký")).seat is SeatState.ADMITTED
        await operator.say(Offer(OFFER))
        await operator.hear(Answer)
        await signed_out(control, cookie)
        assert control.media.endpoints == {}
        assert await operator.ended() == Bye(Why.NOT_SIGNED_IN)
        assert await waiting.ended() == Bye(Why.NOT_SIGNED_IN)


async def test_a_sign_in_under_which_nothing_is_open_is_over_in_the_store(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        await signed_out(control, "no-such-token")
        cookie = await control.cookie_of("thu-ky")
        await signed_out(control, cookie)
        assert await control.store.people.signed_in(token_hash(cookie), clock().unix_ms) is None


async def test_a_disabled_account_signs_in_again_only_when_it_is_enabled(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        await disabled(control)
        assert (await control.sign_in("thu-ky", PASSWORD)).status == 401
        assert await set_disabled(control.store, "thu-ky", False) is not None
        assert (await control.sign_in("thu-ky", PASSWORD)).status == 200
        assert await set_disabled(control.store, "khong-co", True) is None


async def test_a_download_is_broken_off(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        table = AuditTable(control.store.database)
        await table.append(
            [AuditEvent(f"m{n}", 1, "event", words=(("w", "x" * 60_000),)) for n in range(400)]
        )
        cookie = await control.cookie_of("chu-tri")
        answer = await control.http.get(
            f"{control.url}/api/audit.jsonl", headers={"Cookie": f"giaoban={cookie}"}
        )
        assert await answer.content.readany()  # and then nothing: the rest waits in the server
        await signed_out(control, cookie)
        with pytest.raises(aiohttp.ClientError):
            await answer.read()


async def test_while_the_database_does_not_answer_nobody_is_thrown_out(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'giaoban.db'}", deadline_s=0.0)
    sign_ins = SignIns(store, clock)
    ended: list[SignInEnd] = []

    async def end(why: SignInEnd) -> None:
        ended.append(why)

    with sign_ins.holding(token_hash("unknown"), end):
        await sign_ins.look()
        assert ended == []
    await store.close()
    store = await Store.open(f"sqlite:///{tmp_path / 'giaoban.db'}")
    sign_ins = SignIns(store, clock)
    with sign_ins.holding(token_hash("unknown"), end), sign_ins.holding(token_hash("unknown"), end):
        await sign_ins.look()
    assert ended == [SignInEnd.REVOKED] * 2
    assert sign_ins.held == frozenset()
    await store.close()


async def test_one_thing_that_is_slow_to_end_keeps_no_other_open(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'giaoban.db'}")
    sign_ins = SignIns(store, clock)
    never, ended = asyncio.Event(), asyncio.Event()

    async def slow(_: SignInEnd) -> None:
        await never.wait()

    async def quick(_: SignInEnd) -> None:
        ended.set()

    with sign_ins.holding("a", slow), sign_ins.holding("b", quick):
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(sign_ins.look())
            await ended.wait()
            assert not looking.done()
            never.set()
    await store.close()
