"""`giaoban account`: what an administrator types, against a database on disk."""

import asyncio
import io
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.config import Config
from deploy.run.firstrun import first_passwords, opened_store, prepare_database
from deploy.state import open_state
from signaling.accounts.passwords import HASHER

pytestmark = pytest.mark.loopback


@pytest.fixture
def state(tmp_path: Path) -> str:
    """The flag for a state directory after its first start."""
    open_state(tmp_path)
    prepare_database(Config(state=str(tmp_path)))
    return f"--state={tmp_path}"


def password_of(state: str, login: str) -> str:
    """The stored hash."""

    async def find() -> str:
        async with opened_store(Config(state=state.removeprefix("--state="))) as store:
            found = await store.people.find(login)
            assert found is not None
            assert found.password_hash is not None
            return found.password_hash

    return asyncio.run(find())


def test_the_first_accounts_get_their_passwords_when_they_can_be_shown_and_only_once(tmp_path: Path) -> None:
    open_state(tmp_path)
    config = Config(state=str(tmp_path))
    for _ in range(2):  # the first start failed before anything was ready: nothing is lost
        prepare_database(config)
    accounts = asyncio.run(first_passwords(config))
    assert [account.role for account in accounts] == ["operator", "chair"]
    assert len({account.password for account in accounts}) == 2
    for account in accounts:
        assert HASHER.verify(password_of(f"--state={tmp_path}", account.login), account.password)
    prepare_database(config)
    assert asyncio.run(first_passwords(config)) == ()


def test_an_account_is_added_and_listed(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["account", "add", "khoa-nhi", "--name", "Khoa Nhi", "--unit", "khoa-nhi-co-so-1", state]) == 0
    )
    password = capsys.readouterr().out.split()[-1]
    assert HASHER.verify(password_of(state, "khoa-nhi"), password)
    assert main(["account", "list", state]) == 0
    said = capsys.readouterr().out
    assert "khoa-nhi" in said
    assert "delegate" in said


def test_a_taken_login_and_an_unknown_unit_are_refused(
    state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["account", "add", "thu-ky", "--name", "x", state]) == 2
    assert "there is an account thu-ky already" in capsys.readouterr().err
    assert main(["account", "add", "new", "--name", "x", "--unit", "nowhere", state]) == 2
    assert "there is no unit 'nowhere'" in capsys.readouterr().err
    assert main(["account", "add", "two words", "--name", "x", state]) == 2
    assert "without spaces" in capsys.readouterr().err


def test_a_password_is_replaced_from_a_pipe(
    state: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("một mật khẩu dài\n"))
    assert main(["account", "set-password", "thu-ky", state]) == 0
    assert HASHER.verify(password_of(state, "thu-ky"), "một mật khẩu dài")
    assert "một mật khẩu dài" not in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert main(["account", "set-password", "thu-ky", state]) == 2
    assert "too short" in capsys.readouterr().err
    assert main(["account", "set-password", "nobody", state]) == 2


def test_an_account_is_disabled_and_enabled(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["account", "disable", "thu-ky", state]) == 0
    capsys.readouterr()
    assert main(["account", "list", state]) == 0
    assert capsys.readouterr().out.count("disabled") == 1
    assert main(["account", "enable", "thu-ky", state]) == 0
    capsys.readouterr()
    assert main(["account", "list", state]) == 0
    assert "disabled" not in capsys.readouterr().out
    assert main(["account", "disable", "nobody", state]) == 2
