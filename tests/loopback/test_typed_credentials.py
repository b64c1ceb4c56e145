"""A login and a password are the same whichever keyboard they come from, also where an older version kept
them as they were typed."""

import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from signaling.accounts.bootstrap import NewAccount, create_account, set_disabled, set_password
from signaling.accounts.passwords import HASHER, hash_now
from signaling.clocks import clock
from signaling.model.ids import AccountId
from signaling.model.meeting import Account
from signaling.model.words import Role
from signaling.store import AlreadyThere
from tests.support.control import Control, running_control

pytestmark = pytest.mark.loopback

LOGIN, PASSWORD = "trạm-tả-phìn", "Đậu mùa khỉ ở bản"
FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")


async def signs_in(control: Control, login: str, password: str) -> bool:
    return (await control.sign_in(login, password)).status == 200


async def hash_of(control: Control, login: str) -> str:
    found = await control.store.people.find(login)
    assert found is not None
    assert found.password_hash is not None
    return found.password_hash


async def test_people_sign_in_from_every_keyboard(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        new = NewAccount(unicodedata.normalize("NFD", LOGIN), "Trạm", Role.DELEGATE, None, hash_now(PASSWORD))
        assert (await create_account(control.store, new, clock())).login == LOGIN
        for form in FORMS:
            typed = (
                unicodedata.normalize(form, f" {LOGIN.upper()}\u200b"),
                unicodedata.normalize(form, PASSWORD),
            )
            assert await signs_in(control, *typed)
        assert await signs_in(control, LOGIN, PASSWORD.replace(" ", "\u00a0"))  # of a word processor
        assert not await signs_in(control, LOGIN, PASSWORD.lower())


@pytest.mark.parametrize("then", FORMS)
@pytest.mark.parametrize("now", FORMS)
async def test_what_an_older_version_kept_still_works_and_is_made_anew(
    tmp_path: Path, then: Literal["NFC", "NFD"], now: Literal["NFC", "NFD"]
) -> None:
    """It hashed and stored what was typed, in whichever form that was."""
    async with running_control(tmp_path) as control:
        kept = Account(
            AccountId("a1"), unicodedata.normalize(then, LOGIN), "Trạm", Role.DELEGATE, None, False
        )
        old = HASHER.hash(unicodedata.normalize(then, PASSWORD))
        await control.store.people.add(kept, old, 0)
        assert await signs_in(
            control, unicodedata.normalize(now, LOGIN), unicodedata.normalize(now, PASSWORD)
        )
        assert HASHER.verify(await hash_of(control, kept.login), PASSWORD)
        assert (await hash_of(control, kept.login) == old) == (then == "NFC")
        assert not await signs_in(control, LOGIN, "sai rồi")


async def test_an_old_login_is_found_at_the_terminal_and_not_taken_twice(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        kept = unicodedata.normalize("NFD", LOGIN)
        await control.store.people.add(
            Account(AccountId("a1"), kept, "Trạm", Role.DELEGATE, None, False), None, 0
        )
        assert await set_password(control.store, LOGIN, hash_now(PASSWORD))
        assert await signs_in(control, LOGIN, PASSWORD)
        with pytest.raises(AlreadyThere):
            await create_account(control.store, NewAccount(LOGIN, "Trạm", Role.DELEGATE), clock())
        assert await set_disabled(control.store, LOGIN, True) is not None
        assert not await signs_in(control, LOGIN, PASSWORD)
