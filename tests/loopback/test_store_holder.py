"""One appliance serves a database, and its state directory knows which one that is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from deploy.config import Config
from deploy.problem import StateError
from deploy.run.firstrun import opened_store, prepare_database
from deploy.state import KnownDatabase, known_database, open_state
from signaling.store import HeldElsewhere, Store, public_name
from tests.support.postgres import Cluster

pytestmark = pytest.mark.loopback

FIRST, SECOND = "giaoban on first, process 11", "giaoban on second, process 22"

CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name LIKE 'giaoban on first, process 11'"
)


@asynccontextmanager
async def served(url: str, who: str) -> AsyncIterator[Store]:
    store = await Store.open(url, served_by=who)
    try:
        yield store
    finally:
        await store.close()


async def test_the_second_appliance_is_told_who_serves_the_database(database_address: str) -> None:
    url = database_address
    async with served(url, FIRST):
        with pytest.raises(HeldElsewhere, match=f"{FIRST}, since 20"):
            await Store.open(url, served_by=SECOND)
        command = await Store.open(url)
        await command.set_setting("centre", "a command writes beside it")
        await command.close()
    async with served(url, SECOND) as store:
        assert await store.setting("centre")


async def test_an_appliance_that_lost_its_connection_takes_it_up_again(postgres: Cluster) -> None:
    """Its own old session, which the server has not noticed yet, is no other appliance."""
    with postgres.database() as url:
        async with served(url, FIRST), served(url, FIRST) as again:
            await again.set_setting("centre", "it writes")


async def test_an_appliance_that_lost_the_database_to_another_one_writes_nothing_and_ends(
    postgres: Cluster,
) -> None:
    with postgres.database() as url:
        async with served(url, FIRST) as first:
            # As a firewall does, or a restart of the database.
            postgres.do(CUT)
            async with served(url, SECOND) as second:
                await second.set_setting("centre", "second")
                with pytest.raises(HeldElsewhere, match=SECOND):
                    await first.set_setting("centre", "first")
                with pytest.raises(HeldElsewhere, match=SECOND):
                    async with asyncio.timeout(20):
                        await first.database.watch()
                assert await second.setting("centre") == "second"


# --- the state directory knows its database ---


def state(folder: Path, database: str = "") -> Config:
    return Config(state=str(folder / "state"), database=database)


@pytest.fixture
def own(tmp_path: Path, database_address: str) -> Config:
    """An appliance that has run on this database."""
    config = state(tmp_path, database_address)
    open_state(config.state_dir)
    prepare_database(config)
    return config


async def opened(config: Config) -> None:
    async with opened_store(config):
        pass


def test_the_directory_knows_its_database_without_a_password(own: Config) -> None:
    known = known_database(own.state_dir)
    assert known is not None
    assert known.name == public_name(own.database)
    said = (own.state_dir / "database").read_text()
    assert "secret" not in said
    assert public_name("postgresql+psycopg://u:secret@h:5/d?password=secret2") == "postgresql://u@h:5/d"


def test_a_command_with_other_settings_is_refused_and_makes_no_database(own: Config, tmp_path: Path) -> None:
    for other in (state(tmp_path), state(tmp_path, f"sqlite:///{tmp_path / 'other.sqlite3'}")):
        with pytest.raises(StateError, match="belongs to the database") as refused:
            asyncio.run(opened(other))
        assert "/etc/giaoban/giaoban.toml" in refused.value.remedy
        with pytest.raises(StateError, match="belongs to the database"):
            prepare_database(other)
    assert not list(tmp_path.rglob("other.sqlite3"))
    assert not (own.state_dir / "giaoban.sqlite3").exists()
    asyncio.run(opened(own))


def test_another_database_under_the_same_address_is_refused_and_left_as_it_is(
    own: Config, tmp_path: Path
) -> None:
    """It was emptied, or is that of another appliance."""
    engine = create_engine(own.database)
    with engine.begin() as db:
        db.execute(text("UPDATE setting SET value = 'another' WHERE key = 'identity'"))
    engine.dispose()
    with pytest.raises(StateError, match="belongs to the database"):
        prepare_database(own)


def test_a_database_that_moved_is_the_same_one(tmp_path: Path) -> None:
    own = state(tmp_path, f"sqlite:///{tmp_path / 'a.sqlite3'}")
    open_state(own.state_dir)
    prepare_database(own)
    (tmp_path / "a.sqlite3").rename(tmp_path / "b.sqlite3")
    moved = state(tmp_path, f"sqlite:///{tmp_path / 'b.sqlite3'}")
    asyncio.run(opened(moved))
    prepare_database(moved)
    known = known_database(own.state_dir)
    assert isinstance(known, KnownDatabase)
    assert known.name.endswith("b.sqlite3")


def test_a_command_before_the_first_start_makes_no_database(tmp_path: Path) -> None:
    config = state(tmp_path)
    open_state(config.state_dir)
    with pytest.raises(StateError, match="there is no database"):
        asyncio.run(opened(config))
    assert not (config.state_dir / "giaoban.sqlite3").exists()
