"""Signing in while somebody guesses, and while everybody signs in at once: over HTTP, behind a proxy."""

import asyncio
from pathlib import Path

import pytest

from signaling.accounts.bootstrap import NewAccount, create_account
from signaling.accounts.fair_queue import MAX_WAITING_PLACE
from signaling.accounts.passwords import MAX_AT_ONCE, Claim, Fit, Passwords, TooBusy, hash_now
from signaling.accounts.throttle import HERE, SIGN_INS
from signaling.clocks import clock
from signaling.model.addresses import Proxies
from signaling.model.words import Role
from tests.support.control import PASSWORD, Control, running_control

pytestmark = pytest.mark.loopback

PROXY = Proxies(("127.0.0.1",))
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"


async def sign_in(control: Control, login: str, password: str, address: str) -> int:
    who = {"account": login, "password": password}
    headers = {"X-Forwarded-For": address}
    async with control.http.post(f"{control.url}/api/session", json=who, headers=headers) as answer:
        return answer.status


async def test_an_attack_on_the_chairs_login_keeps_the_chair_out_nowhere(tmp_path: Path) -> None:
    async with running_control(tmp_path, proxies=PROXY) as control:
        tries = [await sign_in(control, "chu-tri", "sai", ELSEWHERE) for _ in range(14)]
        assert (tries.count(401), tries.count(429)) == (int(HERE[0].capacity), 14 - int(HERE[0].capacity))
        for number in range(5):
            assert await sign_in(control, "chu-tri", "sai", ELSEWHERE) == 429
            assert await sign_in(control, "chu-tri", PASSWORD, f"192.0.2.{number}") == 200


async def test_where_an_account_came_from_is_known_after_a_restart(tmp_path: Path) -> None:
    async with running_control(tmp_path, proxies=PROXY) as control:
        assert await sign_in(control, "chu-tri", PASSWORD, HOME) == 200
    async with running_control(tmp_path, proxies=PROXY) as control:
        for number in range(1, 22):  # as many addresses as it takes to close the account to strangers
            await sign_in(control, "chu-tri", "sai", f"198.51.100.{number}")
        assert await sign_in(control, "chu-tri", PASSWORD, "203.0.113.4") == 429
        assert await sign_in(control, "chu-tri", PASSWORD, HOME) == 200


async def test_fifty_right_passwords_at_once_from_one_new_address_are_all_let_in(tmp_path: Path) -> None:
    async with running_control(tmp_path, proxies=PROXY) as control:
        hashed = hash_now(PASSWORD)
        for number in range(50):
            new = NewAccount(f"khoa-{number}", "Khoa", Role.DELEGATE, None, hashed)
            await create_account(control.store, new, clock())
        logins = [f"khoa-{number}" for number in range(50)]
        statuses = await asyncio.gather(*(sign_in(control, one, PASSWORD, HOME) for one in logins))
        assert set(statuses) == {200}


async def test_a_right_password_in_a_loop_is_slowed_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with running_control(tmp_path, proxies=PROXY) as control:
        most = int(SIGN_INS[0].capacity)
        loop = await asyncio.gather(
            *(sign_in(control, "thu-ky", PASSWORD, ELSEWHERE) for _ in range(4 * most))
        )
        assert set(loop) == {200, 429}
        assert loop.count(200) < 2 * most
        assert await sign_in(control, "chu-tri", PASSWORD, HOME) == 200


async def test_a_crowd_of_strangers_is_served_after_a_person_who_is_known() -> None:
    passwords = Passwords()
    stored, done = hash_now(PASSWORD), []

    async def check(name: str, claim: Claim) -> None:
        assert await passwords.fit(PASSWORD, stored, claim) is Fit.RIGHT
        done.append(name)

    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(check("stranger", Claim(f"198.51.100.{number}", known=False)))
        await asyncio.sleep(0)
        tasks.create_task(check("known", Claim(HOME, known=True)))
    assert "known" in done[: 2 * MAX_AT_ONCE]
    passwords.close()


async def test_one_address_may_not_fill_the_queue_and_a_client_that_gives_up_leaves_it() -> None:
    passwords, refused = Passwords(), []
    crowd = Claim(ELSEWHERE, known=False)

    async def check() -> None:
        try:
            await passwords.fit("sai", None, crowd)
        except TooBusy:
            refused.append(crowd)

    async with asyncio.TaskGroup() as tasks:
        checks = [tasks.create_task(check()) for _ in range(MAX_AT_ONCE + MAX_WAITING_PLACE + 5)]
        await asyncio.sleep(0)
        assert len(refused) == 5
        elsewhere = tasks.create_task(passwords.fit("sai", None, Claim(HOME, known=False)))
        await asyncio.sleep(0)
        for one in checks:
            one.cancel()
    assert elsewhere.result() is Fit.NONE
    assert await passwords.fit("sai", None, crowd) is Fit.NONE
    passwords.close()
